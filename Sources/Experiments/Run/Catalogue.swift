// Catalogue: every component that an experiment file can name, with its options as they are really read.

package import Config
import Models
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
  }

  /// Every slot of the file, in the order in which a file usually sets them.
  package static var slots: [Slot] {
    [
      slot("model.norm", Slots.norm.doc, Slots.norm.standard, Registry.norms),
      slot("model.attention", Slots.attention.doc, Slots.attention.standard, Registry.attentions),
      slot("model.position", Slots.position.doc, Slots.position.standard, Registry.positions),
      slot(
        "model.position.scaling", Slots.scaling.doc, Slots.scaling.standard, Registry.scalings),
      slot("model.ffn", Slots.feedForward.doc, Slots.feedForward.standard, Registry.feedForwards),
      slot("workload", "what is done with the model", Train.word, WorkloadRegistry.all),
      choices("workload.optimizer", "how parameters are updated", OptimizerOptions.choices),
      choices("workload.schedule", "how the learning rate changes", Schedule.choices),
    ]
  }

  /// What the component `word` at `path` reads when nothing but its name is written; nil for an unknown path.
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
    ExperimentSchema.recording(of: DocumentReader<Section, any Workload>.standard).plainOptions
  }

  private static func find(_ path: String, in recording: Recording) -> Recording? {
    for item in recording.items {
      switch item {
      case .component(let read, let options):
        if read.path == path { return options }
        if let found = find(path, in: options) { return found }
      case .section(_, _, let inner):
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
      case .section(_, _, let inner): inner.plainOptions
      case .component(let read, _): [read]
      }
    }
  }
}

extension Catalogue {
  /// The JSON Schema of experiment files (draft 2020-12), as text.
  package static var schemaText: String {
    ExperimentSchema.schema(reader: DocumentReader<Section, any Workload>.standard) {
      recording(path: $0, word: $1)
    }.document
  }
}
