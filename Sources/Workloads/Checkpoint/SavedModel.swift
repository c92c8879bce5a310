// SavedModel: a model on disk that can run again: its architecture, its characters, its parameters.
// A training of ours has left it, or transformers, or it is a GGUF file.

package import Config
package import Models
package import Records
package import Tensors

/// A model on disk.
package struct SavedModel {
  /// Its folder, or its file.
  package let path: String
  /// The characters that its tokens are; nil where they are no characters.
  package let characters: CharacterVocabulary?
  /// Rows of the embedding.
  package let vocabulary: Int
  /// The longest sequence that it was built for; learned positions end there, others need not.
  package let length: Int
  /// The `model` section that it was built from, or that says what it is.
  package let section: JSON
  /// Whether another program has made it.
  package let isImported: Bool
  private let architecture: Section
  private let recorder = Recorder()
  private let weights: () throws(ResultsError) -> ParameterReader

  /// - Parameter path: a folder of ours or of transformers', a cell's folder with a `checkpoint` in
  ///   it, or a GGUF file.
  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  package init(_ path: String) throws(ResultsError) {
    let stored = try StoredModel(path)
    self.path = stored.path
    characters = stored.characters
    vocabulary = stored.vocabulary
    length = stored.length
    section = stored.section
    isImported = stored.characters == nil
    weights = stored.weights
    guard let section = Section.model(stored.section, from: stored.file, recorder: recorder) else {
      throw .unreadable(path: stored.file, problem: "its 'model' is no section")
    }
    architecture = section
    _ = model(architecture)
    if let fault = recorder.finish().first {
      throw .unreadable(path: stored.file, problem: fault.message)
    }
  }

  /// Why there is no model at a path, in so far as it shows without reading the values of its
  /// parameters; nil where there is one.
  ///
  /// - Parameter readsText: whether it must know characters.
  package static func problem(at path: String, readsText: Bool = false) -> String? {
    do throws(ResultsError) {
      let saved = try SavedModel(path)
      try saved.checkWeights()
      return readsText && saved.characters == nil ? TokensUnknown(path: path).description : nil
    } catch {
      return
        "'\(path)' is no model: neither a checkpoint, which is the folder that a training cell "
        + "leaves, nor a Hugging Face model folder, nor a GGUF file: \(error)"
    }
  }

  /// - Throws: `ResultsError.unreadable` when the parameters do not fit the architecture.
  package func checkWeights() throws(ResultsError) {
    let weights = try weights()
    try reporting { () throws(WeightFileError) in _ = try weights.matches(model(architecture)) }
  }

  /// The model with its parameters.
  ///
  /// - Parameters:
  ///   - section: the architecture to build; the checkpoint's own when nil.
  ///   - precision: of the inference that it is for; f32 where it is trained or written.
  /// - Throws: `ResultsError.unreadable` when the parameters do not fit the architecture.
  package func load(
    as section: Section? = nil, on device: Device, for precision: ElementType = .f32
  ) throws(ResultsError) -> Transformer {
    let model = self.model(section ?? architecture)
    let weights = try weights()
    try reporting { () throws(WeightFileError) in
      // Before any memory is asked for: what a file claims to hold need not be there.
      _ = try weights.matches(model)
      model.parameters.allocate(on: device, for: precision)
      try weights.read(into: model)
    }
    return model
  }

  private func reporting(
    _ work: () throws(WeightFileError) -> Void
  ) throws(ResultsError) {
    do throws(WeightFileError) {
      try work()
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
  }

  /// Trainable values.
  package var parameters: Int { model(architecture).parameters.count }

  private func model(_ section: Section) -> Transformer {
    Transformer(section, vocabulary: vocabulary, length: length)
  }
}

/// A text cannot be given to a model, as its tokens are no characters.
package struct TokensUnknown: Error, CustomStringConvertible {
  let path: String

  package init(path: String) { self.path = path }

  package var description: String {
    "the tokens of '\(path)' are no characters, and its tokenizer cannot be read: give token ids to "
      + "'runexp score' or 'runexp generate'"
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
