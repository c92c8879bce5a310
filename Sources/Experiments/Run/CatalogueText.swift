// The catalogue as text: docs/components.md, and what `runexp components` prints.

import Config

extension Catalogue {
  /// The whole catalogue as Markdown: docs/components.md.
  package static var markdown: String {
    var text = """
      # Components

      Every word that an experiment file can use, with its options. This page is printed by
      `runexp components --markdown`; a test holds it to the program.

      A default in words, such as "a tenth of lr", follows from other options. It is worked out for each cell, after
      variants, settings and axes, and `null` asks for it.

      """
    for slot in slots {
      text += "\n## \(slot.path)\n\n\(sentence(slot.doc)) Default: `\(slot.standard)`.\n"
      for entry in slot.entries {
        text += "\n### \(entry.word)\n\n\(sentence(entry.summary))\n"
        if !entry.formula.isEmpty { text += "\n    \(entry.formula)\n\nSource: \(entry.source).\n" }
        text += optionTable(entry.options, below: slot.path)
      }
    }
    text += "\n## Other options\n\nWhat a file can set besides its components.\n"
    return text + optionTable(common, below: "")
  }

  /// The catalogue for a terminal, or one word of it; nil when no component has that name.
  package static func text(only word: String? = nil) -> String? {
    var text = ""
    for slot in slots {
      let entries = slot.entries.filter { word == nil || $0.word == word }
      if entries.isEmpty { continue }
      text += "\(slot.path): \(slot.doc)\n"
      for entry in entries {
        let mark = entry.word == slot.standard ? " (default)" : ""
        text += "  \(entry.word)\(mark): \(entry.summary)\n"
        guard word != nil else { continue }
        if !entry.formula.isEmpty { text += "    \(entry.formula)\n    \(entry.source)\n" }
        for option in entry.options {
          let allowed = option.type.allowed.isEmpty ? option.type.name : option.type.allowed
          text += "    \(name(option, below: slot.path)): \(option.doc)"
          text += " [\(allowed); default \(option.shownDefault)]\n"
        }
      }
    }
    return text.isEmpty ? nil : text
  }

  /// All words, for suggestions and completion.
  package static var words: [String] { slots.flatMap { $0.entries.map(\.word) } }

  private static func optionTable(_ options: [Read], below path: String) -> String {
    guard !options.isEmpty else { return "" }
    var text = "\n| option | what it is | allowed | default |\n|---|---|---|---|\n"
    for option in options {
      let allowed = [option.type.name, option.type.allowed].filter { !$0.isEmpty }
      text += "| `\(name(option, below: path))` | \(cell(option.doc)) "
      text += "| \(cell(allowed.joined(separator: ": "))) | \(cell(option.shownDefault)) |\n"
      if case .word(let choices) = option.type {
        for choice in choices { text += "| | `\(choice.word)`: \(cell(choice.summary)) | | |\n" }
      }
    }
    return text
  }

  private static func name(_ option: Read, below path: String) -> String {
    path.isEmpty || !option.path.hasPrefix(path + ".")
      ? option.path : String(option.path.dropFirst(path.count + 1))
  }

  private static func sentence(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst() + "."
  }

  private static func cell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing("\n", with: " ")
  }
}
