// Catalogue: every component that an experiment file can name, with its options as they are really
// read.

package import Config
import Models
import Records
import Workloads

/// The components by slot.
package enum Catalogue {
  /// One component.
  package struct Entry: Sendable {
    package let word, summary, formula, source: String
    package let options: [Read]
  }

  /// A place in an experiment file that one component of a list fills.
  package struct Slot: Sendable {
    package let path, doc, standard: String
    package let entries: [Entry]

    /// Whether a word means all of its components.
    fileprivate func isWhole(_ word: String?) -> Bool {
      word.map { path == $0 || path.hasSuffix(".\($0)") } ?? true
    }
  }

  /// Every slot of the file, in the order in which a file usually sets them.
  package static var slots: [Slot] {
    [
      slot("model.norm", Slots.norm.doc, Slots.norm.standard, Registry.norms),
      slot("model.block", Slots.block.doc, Slots.block.standard, Registry.blocks),
      slot("model.attention", Slots.attention.doc, Slots.attention.standard, Registry.attentions),
      choices("model.attention.qk_norm", QueryKeyNorm.doc, QueryKeyNorm.choices),
      slot("model.position", Slots.position.doc, Slots.position.standard, Registry.positions),
      slot(
        "model.position.scaling", Slots.scaling.doc, Slots.scaling.standard, Registry.scalings),
      slot("model.ffn", Slots.feedForward.doc, Slots.feedForward.standard, Registry.feedForwards),
      slot("model.input", Slots.input.doc, Slots.input.standard, Registry.inputs),
      slot("model.output", Slots.output.doc, Slots.output.standard, Registry.outputs),
      slot("workload", "what is done with the model", Train.word, WorkloadRegistry.all),
      choices("workload.optimizer", "how parameters are updated", OptimizerOptions.choices),
      choices("workload.schedule", "how the learning rate changes", Schedule.choices),
    ]
  }

  /// What the component `word` at `path` reads when nothing but its name is written; nil for an
  /// unknown path.
  package static func recording(path: String, word: String) -> Recording? {
    let keys = path.split(separator: ".")
    let opened = keys.map { "\($0): {" }.joined()
    let text = opened + "type: \(word)" + String(repeating: "}", count: keys.count)
    guard let document = try? YAML.parse(bytes: Array(text.utf8), name: "catalogue") else {
      return nil
    }
    return find(path, in: DocumentReader.standard.read(document.root).recording)
  }

  /// The options of a document outside its components.
  package static var common: [Read] {
    ExperimentSchema.recording(of: DocumentReader<CellModel, any Workload>.standard).plainOptions
  }

  private static func find(_ path: String, in recording: Recording) -> Recording? {
    for item in recording.items {
      switch item {
      case .component(let read, let options):
        if read.path == path { return options }
        if let found = find(path, in: options) { return found }
      case .components(_, let parts):
        for part in parts {
          if let found = find(path, in: part.options) { return found }
        }
      case .section(_, _, _, let inner):
        if let found = find(path, in: inner) { return found }
      case .option: continue
      }
    }
    return nil
  }

  private static func slot(
    _ path: String, _ doc: String, _ standard: String, _ types: [any Component.Type]
  ) -> Slot {
    Slot(
      path: path, doc: doc, standard: standard,
      entries: types.map {
        Entry(
          word: $0.word, summary: $0.summary, formula: $0.formula, source: $0.source,
          options: options(path, $0.word))
      })
  }

  private static func choices(_ path: String, _ doc: String, _ choices: [Choice]) -> Slot {
    Slot(
      path: path, doc: doc, standard: choices.first?.word ?? "",
      entries: choices.map {
        Entry(
          word: $0.word, summary: $0.summary, formula: "", source: "",
          options: options(path, $0.word))
      })
  }

  private static func options(_ path: String, _ word: String) -> [Read] {
    recording(path: path, word: word)?.plainOptions ?? []
  }
}

extension Recording {
  /// The options of this recording and of its sections, but not those of the components in it.
  var plainOptions: [Read] {
    items.flatMap { item -> [Read] in
      switch item {
      case .option(let read): [read]
      case .section(_, _, _, let inner): inner.plainOptions
      case .component(let read, _), .components(let read, _): [read]
      }
    }
  }
}

extension Catalogue {
  /// The JSON Schema of experiment files (draft 2020-12), as text.
  package static var schemaText: String {
    ExperimentSchema.schema(reader: DocumentReader<CellModel, any Workload>.standard) {
      recording(path: $0, word: $1)
    }.document
  }
}

// The paths that `--set` and `--vary` can name, with the words that each allows: for completion.

extension Catalogue {
  /// Every path of an experiment file that holds one value, sorted; the words are empty where any
  /// value may stand.
  package static var paths: [(path: String, words: [String])] {
    var found: [String: [String]] = ["name": [], "seeds": []]
    for slot in slots {
      found[slot.path, default: []] += slot.entries.map(\.word)
      found[slot.path + ".type", default: []] += slot.entries.map(\.word)
      for entry in slot.entries {
        for option in entry.options { found[option.path, default: []] += words(option.type) }
      }
    }
    for option in common { found[option.path, default: []] += words(option.type) }
    return found.map { ($0.key, $0.value.unique.sorted()) }.sorted { $0.0 < $1.0 }
  }

  /// The path of an option by its last word, or by its name in other programs; nil for any other
  /// word.
  package static func path(called word: String) -> String? {
    let names = OptionNames(paths: paths.map(\.path))
    return [word, word.replacing("-", with: "_")].lazy.compactMap { word in
      names.called(word).first(where: names.paths.contains)
    }.first
  }

  /// The components that have an option of this name.
  package static func components(with option: String) -> [String] {
    slots.flatMap { slot in
      slot.entries.filter { $0.options.contains { $0.key == option } }.map(\.word)
    }.unique
  }

  private static func words(_ type: ReadType) -> [String] {
    switch type {
    case .word(let choices), .component(let choices): choices.map(\.word)
    case .boolean: ["true", "false"]
    case .list(let element, _), .tuple(let element, _): words(element)
    case .path(let words, _): words
    case .integer, .number, .share, .text: []
    }
  }
}

// The catalogue as text: docs/components.md, and what `runexp components` prints.

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

  /// The catalogue for a terminal, or one word of it: a component with its options, or the
  /// components of a slot by its path or last word; nil when there is none.
  package static func text(only word: String? = nil) -> String? {
    var text = ""
    for slot in slots {
      let isWhole = slot.isWhole(word)
      let entries = slot.entries.filter { isWhole || $0.word == word }
      if entries.isEmpty { continue }
      text += "\(slot.path): \(slot.doc)\n"
      for entry in entries {
        let mark = entry.word == slot.standard ? " (default)" : ""
        text += "  \(entry.word)\(mark): \(entry.summary)\n"
        if isWhole { continue }
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

  /// The catalogue for programs, or one word of it.
  package static func json(only word: String? = nil) -> JSON {
    func json(_ options: [Read]) -> JSON {
      .array(
        options.map { option in
          [
            "path": .string(option.path), "meaning": .string(option.doc),
            "type": .string(option.type.name), "allowed": .string(option.type.allowed),
            "default": .string(option.shownDefault),
          ]
        })
    }
    let chosen = slots.map { slot in
      (slot, slot.entries.filter { slot.isWhole(word) || $0.word == word })
    }.filter { !$0.1.isEmpty }
    return [
      "schema_version": 1,
      "slots": .array(
        chosen.map { slot, entries in
          [
            "path": .string(slot.path), "meaning": .string(slot.doc),
            "default": .string(slot.standard),
            "components": .array(
              entries.map { entry in
                [
                  "word": .string(entry.word), "meaning": .string(entry.summary),
                  "formula": .string(entry.formula), "source": .string(entry.source),
                  "options": json(entry.options),
                ]
              }),
          ]
        }),
      "options": word == nil ? json(common) : [],
    ]
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
