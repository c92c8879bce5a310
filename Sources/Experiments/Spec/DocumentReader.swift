// How one document (one cell, without variants and matrix) is read: the keys every experiment has,
// and the closures that read its model and its workload. It knows no component.

package import Config
import Workloads

/// Where an experiment runs, as asked for; what `auto` came to is decided by the runner.
package enum DeviceChoice: String, Sendable, CaseIterable {
  case auto, cpu, cuda

  static let choices = allCases.map { Choice($0.rawValue, $0.summary) }

  var summary: String {
    switch self {
    case .auto: "a GPU if the plugin finds one, else the CPU"
    case .cpu: "the CPU"
    case .cuda: "an NVIDIA GPU, through the plugin"
    }
  }
}

/// The element type of activations and matmul inputs; master weights stay f32.
package enum PrecisionChoice: String, Sendable, CaseIterable {
  case f32, bf16

  static let choices = allCases.map { Choice($0.rawValue, $0.summary) }

  var summary: String {
    switch self {
    case .f32: "32-bit floats throughout"
    case .bf16: "bfloat16 activations and matmul inputs, f32 master weights"
    }
  }
}

/// What a document's model may be laid over: a stored one, which an option names.
package struct DocumentBase: Sendable {
  /// The option, within the document.
  let path: DottedPath
  /// A model as it is written, laid over the one that it names; as it is where it names none.
  let lay: @Sendable (_ model: Node) -> (model: Node, faults: [Fault])

  /// Whether a document names one.
  func isNamed(in document: Node) -> Bool {
    let named = path.keys.reduce(document as Node?) { $0?[$1] }
    return named.map { !$0.isNull } ?? false
  }
}

/// Reads documents with the components of the caller.
package struct DocumentReader<Model, Workload>: Sendable {
  package let workloads: [Choice]
  package let readCell:
    @Sendable (_ model: Section, _ word: String, _ options: Section) -> (Model, Workload)
  /// Lays the model of a document over a stored one that it names.
  package let base: DocumentBase?

  /// - Parameters:
  ///   - workloads: the words of `workload.type`; the first is the default.
  ///   - base: how a model is laid over a stored one; nil where none can be named.
  ///   - readCell: reads the section `model`, and the options of `workload` for the word that its
  ///     `type` has. It must return something even after faults.
  package init(
    workloads: [Choice], base: DocumentBase? = nil,
    readCell:
      @escaping @Sendable (_ model: Section, _ word: String, _ options: Section) -> (
        Model, Workload
      )
  ) {
    self.workloads = workloads
    self.base = base
    self.readCell = readCell
  }

  /// The keys that variants and axes may set.
  static var keys: [String] { ["device", "precision", "model", "workload"] }

  /// The part of a file that makes a cell: without name, seeds, variants and matrix.
  func document(in root: Node) -> Node {
    Node(.mapping((root.entries ?? []).filter { Self.keys.contains($0.key) }), mark: root.mark)
  }

  /// One document, read.
  struct Reading {
    let device: DeviceChoice
    let precision: PrecisionChoice
    let model: Model
    let workload: Workload
    /// What was read; of many documents nobody keeps it.
    var recording: Recording
    let faults: [Fault]
  }

  func read(_ written: Node) -> Reading {
    let (document, found) = laid(written)
    let recorder = Recorder()
    let root = Section(root: document, recorder: recorder)
    let device = root.read(
      "device", .choice(of: DeviceChoice.choices),
      default: DeviceChoice.auto.rawValue, "where the experiment runs")
    let precision = root.read(
      "precision", .choice(of: PrecisionChoice.choices),
      default: PrecisionChoice.f32.rawValue, "element type of activations and matmul inputs")
    let section = root.section("model", "the architecture")
    let (word, options) = root.component(
      "workload", of: workloads, default: workloads.first?.word ?? "", "what is done with the model"
    )
    let (model, workload) = readCell(section, word, options)
    return Reading(
      device: DeviceChoice(rawValue: device) ?? .auto,
      precision: PrecisionChoice(rawValue: precision) ?? .f32, model: model, workload: workload,
      recording: root.recording, faults: Faults(found + recorder.finish()).all)
  }

  /// The document with its model laid over the stored one that it names.
  private func laid(_ document: Node) -> (document: Node, faults: [Fault]) {
    guard let base, base.isNamed(in: document), let model = document["model"] else {
      return (document, [])
    }
    let (laid, faults) = base.lay(model)
    let entries = (document.entries ?? []).map { entry in
      entry.key == "model" ? Entry(key: entry.key, keyMark: entry.keyMark, value: laid) : entry
    }
    return (Node(.mapping(entries), mark: document.mark), faults)
  }

  /// The document as overlays are laid over it: with the `type` of every component that is written
  /// as options alone, and with every bare word that stands for a section's option under the
  /// option's key.
  ///
  /// An overlay that sets a `type` can then tell whether it differs, and options that are laid over
  /// a bare word are those of its section.
  func withTypes(_ document: Node) -> Node {
    let recording = read(document).recording
    let typed = recording.componentTypes.reduce(document) { document, component in
      guard let path = DottedPath(component.path) else { return document }
      return path.changing(document) { $0.assuming(type: component.word) }
    }
    return recording.bareWords.reduce(typed) { document, section in
      guard let path = DottedPath(section.path) else { return document }
      return path.changing(document) { $0.spelledOut(under: section.option.key) }
    }
  }
}
