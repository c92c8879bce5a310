// Tables as HTML, none of them cut: words wrap, and what is still too wide for a page of 1280
// pixels goes on in a table below, which begins with the same names.

import Statistics

extension Table {
  /// The room that a page of 1280 pixels leaves beside its contents, in pixels.
  private static let room = 960
  /// A line of words is broken where it is longer.
  private static let longestWords = 26

  /// The table, in as many parts as it takes, side by side where there is room; on narrower pages
  /// each scrolls in a container of its own.
  var html: HTML {
    let parts = parts(header.indices.map(room), room: Self.room)
    // How tall it will be, for a browser that has not laid it out yet.
    let lines = "--rows:\(parts.count * (rows.count + 1))"
    if parts.count == 1 { return parts[0].scrolling(lines) }
    return .element(
      "div", ["class": "parts", "style": lines], joined: parts.map { $0.scrolling("") })
  }

  /// How much room a column takes, in pixels: of numbers all of it, of words as much as their
  /// longest word or a short line.
  private func room(_ column: Int) -> Int {
    let fields = rows.map { $0[column] }
    let widest = fields.map(\.count).max() ?? 0
    let isWrapped = left.contains(column) && !isShort(column)
    let word = fields.flatMap { $0.split { " /".contains($0) } }.map(\.count).max() ?? 0
    let least = isWrapped ? max(Self.longestWords, word) : widest
    let title = header[column].split(separator: " ").flatMap { String($0).pieces }
    return max(least, (title.map(\.count).max() ?? 0) + 1) * 15 / 2 + 22
  }

  /// Whether a column of words needs no second line.
  private func isShort(_ column: Int) -> Bool {
    rows.allSatisfy { $0[column].count <= Self.longestWords }
  }

  private func scrolling(_ style: String) -> HTML {
    func cells(_ row: [String], _ name: String) -> HTML {
      let fields = row.enumerated().map { index, field in
        HTML.element(
          name,
          [
            "class": !left.contains(index) ? "" : isShort(index) ? "l short" : "l",
            "scope": name == "th" ? "col" : "",
          ],
          name == "th" || left.contains(index) && !isShort(index) ? field.breakable : HTML(field))
      }
      return .element("tr", [:], joined: fields)
    }
    return .element(
      "div",
      [
        "class": "scroll", "style": style, "tabindex": "0", "role": "region", "aria-label": "table",
      ],
      .element(
        "table", [:], .element("thead", [:], cells(header, "th")),
        .element("tbody", [:], joined: rows.map { cells($0, "td") })))
  }
}

extension String {
  /// The pieces between which a line may break: after underscores, but a unit of a letter or two,
  /// as in `per_s`, stays with its word.
  fileprivate var pieces: [String] {
    var pieces: [String] = []
    for word in split(separator: "_", omittingEmptySubsequences: false) {
      if let last = pieces.last, word.count <= 2 {
        pieces[pieces.count - 1] = last + "_" + word
      } else {
        if let last = pieces.last { pieces[pieces.count - 1] = last + "_" }
        pieces.append(String(word))
      }
    }
    return pieces
  }

  fileprivate var breakable: HTML {
    pieces.enumerated().map { index, piece in
      index == 0 ? HTML(piece) : .leaf("wbr") + HTML(piece)
    }.joined
  }
}
