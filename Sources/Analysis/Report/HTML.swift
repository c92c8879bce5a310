// HTML and SVG as text, everything escaped: names come from experiment files and are no markup.

import Statistics

/// A piece of HTML or SVG.
package struct HTML: Equatable, Sendable {
  /// The markup.
  package private(set) var source: String

  package static let nothing = HTML(source: "")

  /// Text, escaped.
  package init(_ text: String) { source = Self.escape(text) }

  private init(source: String) { self.source = source }

  /// Markup that the program itself wrote: a style sheet, a script.
  static func markup(_ source: String) -> HTML { HTML(source: source) }

  /// An element with its content.
  package static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: HTML...
  ) -> HTML {
    element(name, attributes, joined: content)
  }

  /// An element whose content comes in pieces.
  static func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], joined content: [HTML]
  ) -> HTML {
    HTML(source: "<\(name)\(text(attributes))>\(content.map(\.source).joined())</\(name)>")
  }

  /// An element without content: a shape of SVG, a `meta`.
  package static func leaf(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:]
  ) -> HTML {
    HTML(source: "<\(name)\(text(attributes))/>")
  }

  package var isEmpty: Bool { source.isEmpty }

  package static func + (left: HTML, right: HTML) -> HTML {
    HTML(source: left.source + right.source)
  }

  // What is empty has no attribute: `class=""` says nothing.
  private static func text(_ attributes: KeyValuePairs<String, String>) -> String {
    attributes.map { $0.value.isEmpty ? "" : " \($0.key)=\"\(escape($0.value))\"" }.joined()
  }

  /// Text that can stand between tags and within quotes.
  static func escape(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      case "\n", "\t": escaped.unicodeScalars.append(scalar)
      // Control characters are not allowed in XML, not even escaped.
      case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

extension Sequence where Element == HTML {
  /// All pieces, one after the other.
  var joined: HTML { reduce(.nothing, +) }
}

// The summary's own blocks as HTML: the page says what summary.md says, in the same words.

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
