// A table of texts, as Markdown or aligned for a terminal. The first column is left-aligned, as
// names are; the others to the right, as numbers are, unless told otherwise.

/// A table with a header line.
package struct Table: Equatable, Sendable {
  package let header: [String]
  package let rows: [[String]]
  /// Columns aligned to the left.
  package let left: Set<Int>

  /// - Precondition: every row has as many fields as the header.
  package init(header: [String], rows: [[String]], left: Set<Int> = [0]) {
    precondition(rows.allSatisfy { $0.count == header.count }, "table rows of unequal length")
    self.header = header.map(Self.oneLine)
    self.rows = rows.map { $0.map(Self.oneLine) }
    self.left = left
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
    text.contains(where: \.isNewline)
      ? text.split(whereSeparator: \.isNewline).joined(separator: " ") : text
  }

  private var widths: [Int] {
    header.indices.map { column in
      ([header] + rows).map { DisplayWidth.of($0[column]) }.max() ?? 0
    }
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
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
