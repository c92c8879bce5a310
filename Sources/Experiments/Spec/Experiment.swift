// An experiment file, read and expanded: the cells to run, or every fault of every cell at once.

package import Config
package import Records
import Workloads

/// An experiment: what a file asks, as cells that are checked and ready to run.
package struct Experiment<Model, Workload> {
  package static var cellLimit: Int { 100_000 }

  /// Safe as a folder name; the file's name when the file gives none.
  package let name: String
  /// The path of the file as it was given.
  package let file: String
  /// The file as it was read; a pipe could not be read again.
  package let text: String
  /// The first comment line of the file: the question it asks.
  package let question: String?
  /// The variants in the order written; `base` when the file declares none.
  package let variants: [String]
  package let seeds: [Int]
  /// Variants that state what they are compared with, and that.
  package let compare: [(variant: String, baseline: String)]
  /// The metrics that are to get a verdict; empty for those of the workload.
  package let primary: [String]
  /// The bounds that metrics are expected to keep.
  package let expectations: [ExpectedBound]
  /// Every cell, excluded ones included: by variant, then axes (the last one fastest), then seed.
  package let cells: [Cell<Model, Workload>]
  /// What was read for each variant, without axis values: the options that the file could set.
  package let recordings: [(variant: String, recording: Recording)]
  /// The whole experiment with all defaults written out, which runs again as is.
  package let resolvedYAML: String

  /// Reads a file, applies the command line's changes, expands the matrix and checks every cell.
  package static func load(
    file: String, arguments: ExperimentArguments = ExperimentArguments(),
    reader: DocumentReader<Model, Workload>
  ) throws(Faults) -> Experiment {
    let changes = try arguments.read()
    return try read(YAML.load(file: file), changes, reader)
  }

  /// As `load(file:)`, from text that is already in memory.
  package static func load(
    text: String, name: String, arguments: ExperimentArguments = ExperimentArguments(),
    reader: DocumentReader<Model, Workload>
  ) throws(Faults) -> Experiment {
    let changes = try arguments.read()
    return try read(YAML.parse(bytes: Array(text.utf8), name: name), changes, reader)
  }

  /// As `load(file:)`, with settings and further axes.
  package static func load(
    file: String, sets: [String], vary: [String] = [], reader: DocumentReader<Model, Workload>
  ) throws(Faults) -> Experiment {
    try load(file: file, arguments: ExperimentArguments(sets: sets, vary: vary), reader: reader)
  }

  /// As `load(text:)`, with settings and further axes.
  package static func load(
    text: String, name: String, sets: [String], vary: [String] = [],
    reader: DocumentReader<Model, Workload>
  ) throws(Faults) -> Experiment {
    try load(
      text: text, name: name, arguments: ExperimentArguments(sets: sets, vary: vary),
      reader: reader)
  }

  private static func read(
    _ document: Document, _ changes: ExperimentArguments.Changes,
    _ reader: DocumentReader<Model, Workload>
  ) throws(Faults) -> Experiment {
    let keys = DocumentReader<Model, Workload>.keys
    // A text in memory has no folder: its paths stay as they are.
    let paths = document.source.folder.map { _ in reader.relativePaths }
    let changes = paths.map(changes.resolved) ?? changes
    let settings = changes.settings
    // Settings of the document come after the variants' overlays; here come name, seeds and such.
    var root = settings.filter { !keys.contains($0.path.keys[0]) }
      .reduce(paths?.resolved(document.root) ?? document.root) { $0.overlaid(by: $1.overlay) }
    var rangeFaults: [Fault] = []
    root = Self.expandingSeeds(root) { rangeFaults.append(Fault($0, at: $1)) }
    let recorder = Recorder()
    let header = SpecHeader(
      Section(root: root, recorder: recorder), fileName: document.source.name, documentKeys: keys)
    let matrix = Matrix(header.matrixNode, header: header, changes: changes)
    let headerFaults =
      rangeFaults + misspeltVariants(settings, of: document) + recorder.finish() + matrix.faults

    let body = reader.document(in: root)
    var expansion = Expansion(
      reader: reader, header: header, matrix: matrix,
      settings: settings.filter { keys.contains($0.path.keys[0]) })
    expansion.run(body)
    let found = headerFaults + expansion.allFaults
    if !found.isEmpty {
      let options = expansion.recordings.flatMap { $0.recording.options.map(\.path) }
      let names = OptionNames(paths: (["name", "seeds"] + options).unique)
      throw Faults(found.map(FaultAdvice(names: names, settings: settings).advised))
    }
    return Experiment(
      name: header.name, file: document.source.name, text: document.source.text,
      question: question(document.source),
      variants: header.variants.map(\.name), seeds: header.seeds,
      compare: header.compare, primary: header.primary,
      expectations: header.expectations, cells: expansion.cells,
      recordings: expansion.recordings,
      resolvedYAML: expansion.resolved().yaml)
  }

  /// Faults of settings within a variant that the file does not have, but one that is nearly called
  /// so.
  private static func misspeltVariants(_ settings: [Setting], of document: Document) -> [Fault] {
    let known = document.root["variants"]?.entries?.map(\.key) ?? []
    return settings.compactMap { setting in
      let keys = setting.path.keys
      guard keys.count > 2, keys[0] == "variants", !known.contains(keys[1]),
        Suggestion.nearest(to: keys[1], among: known) != nil
      else { return nil }
      return Fault(.unknownVariant(keys[1], known: known), at: setting.keyMark)
    }
  }

  /// The root with ranges in `seeds` replaced by the numbers that they stand for.
  private static func expandingSeeds(
    _ root: Node, report: (SpecFault, Mark) -> Void
  ) -> Node {
    guard let node = root["seeds"], NumberRange.isIn(node), let path = DottedPath("seeds") else {
      return root
    }
    var isFine = true
    let seeds = NumberRange.nodes(of: node) {
      isFine = false
      report($0, $1)
    }
    // What is wrong has been said; one seed stands for it.
    let one = Node(.scalar(Scalar(text: "1")), mark: node.mark)
    return path.changing(root) { _ in Node(.sequence(isFine ? seeds : [one]), mark: node.mark) }
  }

  private static func question(_ source: Source) -> String? {
    let first = source.line(1)
    guard first.hasPrefix("#") else { return nil }
    let text = first.drop { $0 == "#" || $0 == " " }
    return text.isEmpty ? nil : String(text)
  }
}
