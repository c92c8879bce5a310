// A small document that prints both as Markdown and as plain text for a terminal, so that
// summary.md and the terminal never differ in what they say.

/// A piece of a document.
package enum DocumentBlock: Equatable, Sendable {
  /// A heading; level 1 is the document's title.
  case heading(String, level: Int)
  case paragraph(String)
  case table(Table)
  case list([ListItem])
}

/// An item of a list: a lead in bold, a text, and lines below it.
package struct ListItem: Equatable, Sendable {
  package let lead: String
  package let text: String
  package let below: [String]

  package init(_ text: String) {
    self.init(lead: "", text, below: [])
  }

  package init(lead: String, _ text: String, below: [String]) {
    self.lead = lead
    self.text = text
    self.below = below
  }
}

/// A document made of blocks.
package struct Page: Equatable, Sendable {
  package var blocks: [DocumentBlock]

  package init(_ blocks: [DocumentBlock]) {
    self.blocks = blocks
  }

  /// The document as Markdown, blocks parted by blank lines.
  package var markdown: String {
    blocks.map { block in
      switch block {
      case .heading(let text, let level):
        String(repeating: "#", count: level) + " " + Self.escape(text) + "\n"
      case .paragraph(let text): Self.escape(text) + "\n"
      case .table(let table): table.markdown
      case .list(let items): items.map(Self.markdown).joined()
      }
    }.joined(separator: "\n")
  }

  /// The document as plain text, blocks parted by blank lines.
  package var text: String {
    blocks.map { block in
      switch block {
      case .heading(let text, _), .paragraph(let text): text + "\n"
      case .table(let table): table.text
      case .list(let items): items.map(Self.text).joined()
      }
    }.joined(separator: "\n")
  }

  private static func markdown(_ item: ListItem) -> String {
    // A blank line would end the list.
    func line(_ text: String) -> String {
      escape(text.split(whereSeparator: \.isNewline).joined(separator: " "))
    }
    let lead = item.lead.isEmpty ? "" : "**\(line(item.lead))** "
    return "- \(lead)\(line(item.text))\n" + item.below.map { "  - \(line($0))\n" }.joined()
  }

  private static func text(_ item: ListItem) -> String {
    let lead = item.lead.isEmpty ? "- " : item.lead + " "
    return "\(lead)\(item.text)\n" + item.below.map { "  \($0)\n" }.joined()
  }

  /// Keeps Markdown from reading characters of names as markup; `a_b` is safe as it is.
  static func escape(_ text: String) -> String {
    var escaped = ""
    var previous: Character = " "
    for (character, next) in zip(text, text.dropFirst() + " ") {
      let isWithinWord = Self.isWord(previous) && Self.isWord(next)
      if "\\`*|<>".contains(character) || (character == "_" && !isWithinWord) {
        escaped.append("\\")
      }
      escaped.append(character)
      previous = character
    }
    return escaped
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }
}
