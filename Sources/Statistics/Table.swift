// A table of texts, as Markdown or aligned for a terminal. The first column is left-aligned, as
// names are; the others to the right, as numbers are, unless told otherwise.

/// A table with a header line.
package struct Table: Equatable, Sendable {
  package let header: [String]
  package let rows: [[String]]
  /// Columns aligned to the left.
  package let left: Set<Int>
  /// Columns that say something of the column before, and stay beside it.
  package let joined: Set<Int>

  /// - Precondition: every row has as many fields as the header.
  package init(
    header: [String], rows: [[String]], left: Set<Int> = [0], joined: Set<Int> = []
  ) {
    precondition(rows.allSatisfy { $0.count == header.count }, "table rows of unequal length")
    self.header = header.map(Self.oneLine)
    self.rows = rows.map { $0.map(Self.oneLine) }
    self.left = left
    self.joined = joined
  }

  /// The table for a terminal: columns two spaces apart, a rule under the header.
  package var text: String {
    let widths = widths
    let rule = widths.map { String(repeating: "─", count: $0) }
    return ([header, rule] + rows).map { line($0, widths) }.joined()
  }

  /// The table in Markdown; aligned in the source too, since people read that.
  package var markdown: String {
    let cells = Table(
      header: header.map(Page.escape), rows: rows.map { $0.map(Page.escape) }, left: left)
    let widths = cells.widths.map { max($0, 3) }
    let rule = widths.indices.map { column in
      let dashes = String(repeating: "-", count: widths[column] - 1)
      return left.contains(column) ? ":" + dashes : dashes + ":"
    }
    return ([cells.header, rule] + cells.rows).map { row in
      "| "
        + row.indices.map { pad(row[$0], to: widths[$0], left.contains($0)) }
        .joined(separator: " | ") + " |\n"
    }.joined()
  }

  /// A field cannot hold a line end, in a terminal as in Markdown.
  private static func oneLine(_ text: String) -> String {
    !text.utf8.allSatisfy { $0 < 0x7F && $0 >= 0x20 } && text.contains(where: \.isNewline)
      ? text.split(whereSeparator: \.isNewline).joined(separator: " ") : text
  }

  /// The columns that the text takes.
  package var width: Int { widths.reduce(0, +) + 2 * (widths.count - 1) }

  private var widths: [Int] {
    header.indices.map { column in
      ([header] + rows).map { DisplayWidth.of($0[column]) }.max() ?? 0
    }
  }

  func line(_ row: [String], _ widths: [Int]) -> String {
    var line = row.indices.map { pad(row[$0], to: widths[$0], left.contains($0)) }
      .joined(separator: "  ")
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }

  private func pad(_ text: String, to width: Int, _ isLeft: Bool) -> String {
    let space = String(repeating: " ", count: max(0, width - DisplayWidth.of(text)))
    return isLeft ? text + space : space + text
  }
}

// How many columns a text takes on a terminal: combining marks take none, East Asian wide
// characters and emoji take two. Tables and the progress bar align by it.

/// Widths of text on a terminal.
package enum DisplayWidth {
  /// The number of columns of a text without control characters.
  package static func of(_ text: String) -> Int {
    // Most texts have none but plain characters.
    text.utf8.allSatisfy { $0 < 0x7F && $0 >= 0x20 }
      ? text.utf8.count : text.reduce(0) { $0 + of($1) }
  }

  /// The longest beginning of a text that fits into so many columns.
  package static func cut(_ text: String, to columns: Int) -> String {
    var used = 0
    return String(
      text.prefix { character in
        used += of(character)
        return used <= columns
      })
  }

  /// The lines of a text that are at most so many columns wide, parted at spaces; a word that is
  /// wider stays whole.
  ///
  /// - Parameter hanging: the spaces before every line but the first.
  package static func wrapped(_ text: String, to columns: Int, hanging: Int = 0) -> [String] {
    if of(text) <= columns { return [text] }
    var lines: [String] = []
    // What is before the first word is its indentation.
    var line = String(text.prefix { $0 == " " })
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, of(line) + 1 + of(String(word)) > columns {
        lines.append(line)
        line = String(repeating: " ", count: hanging)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }

  // A character is as wide as its widest scalar: what joins it shares its cell.
  private static func of(_ character: Character) -> Int {
    character.unicodeScalars.reduce(0) { max($0, of($1)) }
  }

  private static func of(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: return isWide(scalar.value) || scalar.properties.isEmojiPresentation ? 2 : 1
    }
  }

  // The wide and full-width blocks of Unicode's East Asian Width (UAX 11).
  private static func isWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
