// Tables as HTML, none of them cut: words wrap, and what is still too wide for a page of 1280
// pixels goes on in a table below, which begins with the same names.

import Statistics

extension Table {
  /// The room that a page of 1280 pixels leaves beside its contents, in pixels.
  private static let room = 960
  /// A line of words is broken where it is longer.
  private static let longestWords = 26

  /// The table, in as many parts as it takes; on narrower pages each scrolls in a container of its
  /// own.
  var html: HTML { parts.map(\.scrolling).joined }

  /// The table, or several that have its first columns in common.
  var parts: [Table] {
    let widths = header.indices.map(width)
    if widths.reduce(0, +) <= Self.room { return [self] }
    var lead = names
    // At least half of the room is for the others.
    while lead.count > 1, lead.map({ widths[$0] }).reduce(0, +) > Self.room / 2 {
      lead.removeLast()
    }
    let taken = lead.map { widths[$0] }.reduce(0, +)
    var parts: [[Int]] = [[]]
    var used = taken
    for column in header.indices.dropFirst(lead.count) {
      if used + widths[column] > Self.room, parts[parts.count - 1] != [] {
        parts.append([])
        used = taken
      }
      parts[parts.count - 1].append(column)
      used += widths[column]
    }
    return parts.map { columns(lead + $0) }
  }

  /// The columns that say what a row is of: numbers before the first column of words are settings
  /// of it.
  private var names: [Int] {
    guard let first = left.min(), first < header.count / 2 else { return [0] }
    return Array(header.indices.prefix { $0 <= first || left.contains($0) })
  }

  private func columns(_ kept: [Int]) -> Table {
    Table(
      header: kept.map { header[$0] }, rows: rows.map { row in kept.map { row[$0] } },
      left: Set(kept.indices.filter { left.contains(kept[$0]) }))
  }

  /// How much room a column takes, in pixels: of numbers all of it, of words as much as their
  /// longest word or a short line.
  private func width(_ column: Int) -> Int {
    func longestWord(_ text: String) -> Int {
      text.split { " _/".contains($0) }.map(\.count).max() ?? 0
    }
    let fields = rows.map { $0[column] }
    let widest =
      left.contains(column)
      ? max(
        min(Self.longestWords, fields.map(\.count).max() ?? 0),
        fields.map(longestWord).max() ?? 0)
      : fields.map(\.count).max() ?? 0
    return max(widest, longestWord(header[column]) + 1) * 15 / 2 + 22
  }

  private var scrolling: HTML {
    func cells(_ row: [String], _ name: String) -> HTML {
      let fields = row.enumerated().map { index, field in
        HTML.element(
          name, ["class": left.contains(index) ? "l" : "", "scope": name == "th" ? "col" : ""],
          name == "th" || left.contains(index) ? field.breakable : HTML(field))
      }
      return .element("tr", [:], joined: fields)
    }
    return .element(
      "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "table"],
      .element(
        "table", [:], .element("thead", [:], cells(header, "th")),
        .element("tbody", [:], joined: rows.map { cells($0, "td") })))
  }
}

extension String {
  /// The text, with places after underscores where a line may break.
  fileprivate var breakable: HTML {
    let words = split(separator: "_", omittingEmptySubsequences: false)
    return words.enumerated().map { index, word in
      index == words.count - 1 ? HTML(String(word)) : HTML(word + "_") + .leaf("wbr")
    }.joined
  }
}
