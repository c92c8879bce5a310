// A table that is wider than its page, laid out to fit: words wrap within their columns, and
// columns that still find no room go on in a table below, which begins with the same names. Nothing
// is cut.

extension Table {
  /// Words that are longer than so many columns may be broken where nothing else helps.
  private static let shortestWords = 8
  /// Words wrap down to a line of so many columns.
  private static let shortestLine = 16
  private static let gap = 2

  /// The table for a terminal of so many columns; only what one column needs may be wider.
  package func text(width: Int) -> String {
    if self.width <= width { return text }
    let least = header.indices.map(narrowest)
    return parts(least.map { $0 + Self.gap }, room: width + Self.gap)
      .map { $0.wrapped(to: width) }.joined(separator: "\n")
  }

  /// The columns that say what a row is of: the words of the first half, with the numbers before
  /// and between them, which are settings.
  private var names: [Int] {
    guard let last = left.filter({ $0 <= (header.count - 1) / 2 }).max() else { return [0] }
    return Array(0...last)
  }

  /// The table, or several that have its first columns in common.
  ///
  /// - Parameters:
  ///   - widths: what each column takes, with the gap beside it.
  ///   - room: what a part may take, in the same unit.
  ///
  /// A part does not begin with a column that goes with the one before, but where both find no
  /// room.
  package func parts(_ widths: [Int], room: Int) -> [Table] {
    if widths.reduce(0, +) <= room { return [self] }
    var lead = names
    // Without all of them a row is of nobody knows what: they give way only where no other column
    // finds room.
    let widest = header.indices.dropFirst(lead.count).map { widths[$0] }.max() ?? 0
    while lead.count > 1, lead.map({ widths[$0] }).reduce(0, +) + widest > room {
      lead.removeLast()
    }
    let taken = lead.map { widths[$0] }.reduce(0, +)
    var parts: [[Int]] = [[]]
    var used = taken
    func width(_ group: [Int]) -> Int { group.map { widths[$0] }.reduce(0, +) }
    let fitting = groups(from: lead.count).flatMap { group in
      taken + width(group) <= room ? [group] : group.map { [$0] }
    }
    for group in fitting {
      let wide = width(group)
      if used + wide > room, parts[parts.count - 1] != [] {
        parts.append([])
        used = taken
      }
      parts[parts.count - 1] += group
      used += wide
    }
    return parts.map { columns(lead + $0) }
  }

  /// The columns that stay together: a column with those that go with it.
  private func groups(from first: Int) -> [[Int]] {
    var groups: [[Int]] = []
    for column in header.indices.dropFirst(first) {
      if joined.contains(column), !groups.isEmpty {
        groups[groups.count - 1].append(column)
      } else {
        groups.append([column])
      }
    }
    return groups
  }

  private func columns(_ kept: [Int]) -> Table {
    Table(
      header: kept.map { header[$0] }, rows: rows.map { row in kept.map { row[$0] } },
      left: Set(kept.indices.filter { left.contains(kept[$0]) }),
      joined: Set(kept.indices.filter { joined.contains(kept[$0]) }))
  }

  private func fields(_ column: Int) -> [String] { [header[column]] + rows.map { $0[column] } }

  /// The columns that a column needs: of numbers all, of words the longest or a short line.
  private func narrowest(_ column: Int) -> Int {
    let widest = fields(column).map(DisplayWidth.of).max() ?? 0
    guard left.contains(column) else { return widest }
    let word =
      fields(column).flatMap { $0.split(separator: " ") }
      .map { DisplayWidth.of(String($0)) }.max() ?? 0
    return max(word, min(widest, Self.shortestLine))
  }

  /// The table with its widest columns of words made narrower until it fits.
  private func wrapped(to width: Int) -> String {
    var widths = header.indices.map { column in
      fields(column).map(DisplayWidth.of).max() ?? 0
    }
    // Whole words first, broken ones where that is not enough.
    for least in [header.indices.map(narrowest), header.map { _ in Self.shortestWords }] {
      while widths.reduce(0, +) + Self.gap * (widths.count - 1) > width,
        let widest = left.filter({ widths[$0] > least[$0] }).max(by: { widths[$0] < widths[$1] })
      {
        widths[widest] -= 1
      }
    }
    let rule = widths.map { String(repeating: "─", count: $0) }
    return ([header, rule] + rows).flatMap { row -> [String] in
      let cells = row.indices.map { column in
        left.contains(column)
          ? DisplayWidth.broken(row[column], to: widths[column]) : [row[column]]
      }
      return (0..<(cells.map(\.count).max() ?? 1)).map { place in
        line(cells.map { place < $0.count ? $0[place] : "" }, widths)
      }
    }.joined()
  }
}

extension DisplayWidth {
  /// The lines of a text that are at most so many columns wide; words that are wider are broken.
  static func broken(_ text: String, to columns: Int) -> [String] {
    wrapped(text, to: columns).flatMap { line -> [String] in
      var lines: [String] = []
      var rest = line[...]
      while of(String(rest)) > columns {
        let piece = cut(String(rest), to: columns)
        // A character that is wider than the line stands alone.
        let length = max(1, piece.count)
        lines.append(String(rest.prefix(length)))
        rest = rest.dropFirst(length)
      }
      return lines + [String(rest)]
    }
  }
}
