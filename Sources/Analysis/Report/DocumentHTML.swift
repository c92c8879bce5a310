// The summary's own blocks as HTML: the page says what summary.md says, in the same words.

import Statistics

extension DocumentBlock {
  /// The block as HTML.
  ///
  /// - Parameter deeper: how many levels its headings stand below those of the document.
  func html(deeper: Int = 0) -> HTML {
    switch self {
    case .heading(let text, let level):
      return .element("h\(min(6, level + deeper))", [:], HTML(text))
    case .paragraph(let text): return .element("p", [:], HTML(text))
    case .table(let table): return table.html
    case .list(let items): return .element("ul", ["class": "notes"], joined: items.map(\.html))
    }
  }
}

extension ListItem {
  fileprivate var html: HTML {
    let lead = lead.isEmpty ? .nothing : HTML.element("strong", [:], HTML(lead)) + HTML(" ")
    let inner = below.map { HTML.element("li", [:], HTML($0)) }
    return .element(
      "li", [:], lead, HTML(text), inner.isEmpty ? .nothing : .element("ul", [:], joined: inner))
  }
}

extension Table {
  /// The table in a container of its own, which scrolls where the page is narrow.
  var html: HTML {
    func cells(_ row: [String], _ name: String) -> HTML {
      let fields = row.enumerated().map { index, field in
        HTML.element(
          name, ["class": left.contains(index) ? "l" : "", "scope": name == "th" ? "col" : ""],
          HTML(field))
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
