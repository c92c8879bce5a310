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

extension DocumentBlock {
  /// So many rows, or lines of a list, are for people; what goes beyond is for programs.
  package static let most = 200

  /// A table of the first of some items, and below it how many more there are and where.
  ///
  /// - Parameters:
  ///   - file: that has them all.
  ///   - row: the fields of an item.
  package static func table<Items: Collection>(
    _ header: [String], of items: Items, left: Set<Int> = [0], joined: Set<Int> = [],
    all file: String = "summary.csv", row: (Items.Element) -> [String]
  ) -> [DocumentBlock] {
    let shown = items.prefix(most)
    let table = Table(header: header, rows: shown.map(row), left: left, joined: joined)
    let rest = items.count - shown.count
    return [.table(table)] + (rest > 0 ? [.paragraph("\(rest) more rows: \(file)")] : [])
  }
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

  /// The same with so many lines at most below it, and how many more there are and where.
  package func first(_ most: Int, all file: String) -> ListItem {
    let rest = below.count - most
    return rest <= 0
      ? self
      : ListItem(lead: lead, text, below: below.prefix(most) + ["\(rest) more lines: \(file)"])
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
  package var text: String { text(width: .max) }

  /// The document as plain text, blocks parted by blank lines.
  ///
  /// What is longer than a line of so many columns goes on in the next, and what is wider than a
  /// table of so many below it.
  package func text(width: Int) -> String {
    blocks.map { block in
      switch block {
      case .heading(let text, _), .paragraph(let text):
        DisplayWidth.wrapped(text, to: width).joined(separator: "\n") + "\n"
      case .table(let table): table.text(width: width)
      case .list(let items): items.map { Self.text($0, width) }.joined()
      }
    }.joined(separator: "\n")
  }

  private static func markdown(_ item: ListItem) -> String {
    // A blank line would end the list.
    func line(_ text: String) -> String {
      escape(text.split(whereSeparator: \.isNewline).joined(separator: " "))
    }
    let space = item.text.isEmpty ? "" : " "
    let lead = item.lead.isEmpty ? "" : "**\(line(item.lead))**\(space)"
    return "- \(lead)\(line(item.text))\n" + item.below.map { "  - \(line($0))\n" }.joined()
  }

  private static func text(_ item: ListItem, _ width: Int) -> String {
    let lead = item.lead.isEmpty ? "- " : item.lead + (item.text.isEmpty ? "" : " ")
    let lines =
      DisplayWidth.wrapped(lead + item.text, to: width, hanging: 2)
      + item.below.flatMap { DisplayWidth.wrapped("  " + $0, to: width, hanging: 4) }
    return lines.map { $0 + "\n" }.joined()
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

// The document in LaTeX, for papers: sections, item lists and plain tabulars, which need no
// package.

extension Page {
  /// The document as LaTeX, to be put into one with \input.
  package var latex: String {
    blocks.map { block in
      switch block {
      case .heading(let text, let level):
        "\\\(String(repeating: "sub", count: max(0, level - 1)))section*{\(Self.latex(text))}\n"
      case .paragraph(let text): Self.latex(text) + "\n"
      case .table(let table): table.latex
      case .list(let items):
        Self.environment("itemize", items.map { "\\item " + Self.latex($0) })
      }
    }.joined(separator: "\n")
  }

  private static func latex(_ item: ListItem) -> String {
    let lead = item.lead.isEmpty ? "" : "\\textbf{\(latex(item.lead))} "
    let below =
      item.below.isEmpty
      ? "" : "\n" + environment("itemize", item.below.map { "\\item " + latex($0) })
    return lead + latex(item.text) + below
  }

  private static func environment(_ name: String, _ lines: [String]) -> String {
    "\\begin{\(name)}\n" + lines.map { $0 + "\n" }.joined() + "\\end{\(name)}\n"
  }

  /// Keeps LaTeX from reading characters of names as commands.
  static func latex(_ text: String) -> String {
    text.reduce(into: "") { escaped, character in
      switch character {
      case "\\": escaped += "\\textbackslash{}"
      case "~": escaped += "\\textasciitilde{}"
      case "^": escaped += "\\textasciicircum{}"
      case "<": escaped += "\\textless{}"
      case ">": escaped += "\\textgreater{}"
      case "|": escaped += "\\textbar{}"
      case "±": escaped += "$\\pm$"
      case "µ": escaped += "$\\mu$"
      case "&", "%", "$", "#", "_", "{", "}": escaped += "\\\(character)"
      default: escaped.append(character)
      }
    }
  }
}

extension Table {
  /// A tabular: names to the left, numbers to the right.
  package var latex: String {
    func line(_ row: [String]) -> String {
      row.map(Page.latex).joined(separator: " & ") + " \\\\\n"
    }
    let columns = header.indices.map { left.contains($0) ? "l" : "r" }.joined()
    return "\\begin{tabular}{\(columns)}\n\\hline\n" + line(header) + "\\hline\n"
      + rows.map(line).joined() + "\\hline\n\\end{tabular}\n"
  }
}
