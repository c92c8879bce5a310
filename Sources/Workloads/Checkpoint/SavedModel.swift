// SavedModel: a checkpoint's folder as a model that can run again: its architecture, its
// characters, its parameters.

package import Config
package import Models
package import Records
package import Tensors

/// A model on disk.
package struct SavedModel {
  package let folder: String
  package let vocabulary: CharacterVocabulary
  /// The longest sequence that it was built for; learned positions end there, others need not.
  package let length: Int
  /// The `model` section that it was built from.
  private let architecture: Section
  private let recorder = Recorder()

  /// - Parameter path: a checkpoint's folder, or a cell's folder with a `checkpoint` in it.
  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  package init(_ path: String) throws(ResultsError) {
    folder = Checkpoint.folder(of: path)
    let file = "\(folder)/\(Checkpoint.configurationFile)"
    let saved = try CheckpointConfiguration(file: file)
    guard !saved.vocabulary.isEmpty, saved.length > 0 else {
      throw .unreadable(
        path: file, problem: "'vocabulary' is empty, or 'max_position_embeddings' is not positive")
    }
    length = saved.length
    vocabulary = CharacterVocabulary(utf8: Array(saved.vocabulary.utf8))
    // JSON is YAML, so what reads experiment files reads it.
    guard
      let document = try? YAML.parse(bytes: Array("{model: \(saved.model.line)}".utf8), name: file)
    else { throw .unreadable(path: file, problem: "its 'model' is no section") }
    architecture = Section(root: document.root, recorder: recorder)
      .section("model", "the architecture")
    _ = model(architecture)
    if let fault = recorder.finish().first {
      throw .unreadable(path: file, problem: fault.message)
    }
  }

  /// Why there is no model at a path, in so far as it shows without reading the parameters; nil
  /// where there is one.
  package static func problem(at path: String) -> String? {
    do throws(ResultsError) {
      _ = try SafeTensors(file: "\(try SavedModel(path).folder)/\(Checkpoint.file)")
      return nil
    } catch {
      return "'\(path)' is no checkpoint, which is the folder that a training cell leaves: \(error)"
    }
  }

  /// The model with its parameters.
  ///
  /// - Parameter section: the architecture to build; the checkpoint's own when nil.
  /// - Throws: `ResultsError.unreadable` when the parameters do not fit the architecture.
  package func load(
    as section: Section? = nil, on device: Device
  ) throws(ResultsError) -> Transformer {
    let model = self.model(section ?? architecture)
    model.parameters.allocate(on: device)
    try Checkpoint.load(model, from: folder)
    return model
  }

  private func model(_ section: Section) -> Transformer {
    Transformer(section, vocabulary: vocabulary.count, length: length)
  }
}

extension SavedModel {
  /// An option that has another value than in the checkpoint, so that the model computes something
  /// else.
  package struct ConfigurationDifference: CustomStringConvertible, Sendable {
    /// Such as `model.position.base`.
    package let path: String
    package let value, saved: JSON

    package var description: String { "\(path) is \(text(value)) instead of \(text(saved))" }

    private func text(_ value: JSON) -> String {
      if case .string(let word) = value { return word }
      return value.line
    }
  }

  /// Options that only training and speed depend on.
  private static let harmless: Set = [
    "model.init_std", "model.dropout", "model.z_loss", "model.attention.kernel",
  ]

  /// How the tensors are shared among heads, which the shape of the attention says in one way.
  private static let heads: Set = [
    "model.attention", "model.attention.heads", "model.attention.kv_heads",
    "model.attention.head_dim",
  ]

  /// What differs between an architecture and the checkpoint's own, each resolved with its
  /// defaults, and changes what the model computes; of an option that only one of them has, what
  /// makes it have it is named.
  package func differences(of section: Section) -> [ConfigurationDifference] {
    let (own, other) = (model(architecture), model(section))
    let split = [own, other].map { $0.blocks[0].attention.shape }.map {
      [$0.heads, $0.kvHeads, $0.headDimension]
    }
    let isSplitAlike = split[0] == split[1]
    let saved = Dictionary(
      architecture.recording.options.map { ($0.path, $0.value) }, uniquingKeysWith: { $1 })
    return section.recording.options.compactMap { option in
      guard let before = saved[option.path], !Self.harmless.contains(option.path),
        !(isSplitAlike && Self.heads.contains(option.path)),
        Self.spread(option.value, own.blocks.count) != Self.spread(before, own.blocks.count)
      else { return nil }
      return ConfigurationDifference(path: option.path, value: option.value, saved: before)
    }
  }

  /// A value per layer: lists repeat over the layers, and one value stands for all.
  private static func spread(_ value: JSON, _ layers: Int) -> [JSON] {
    guard case .array(let values) = value, !values.isEmpty else {
      return [JSON](repeating: value, count: layers)
    }
    return (0..<layers).map { values[$0 % values.count] }
  }
}
