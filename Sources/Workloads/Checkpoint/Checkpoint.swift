// Checkpoint: a model's parameters as a folder that other programs can read, under Hugging Face
// Llama names.

package import Config
package import Models
package import Records
import Tensors

/// Writing and reading of a model's parameters.
package enum Checkpoint {
  /// The files within a checkpoint's folder.
  package static let file = "model.safetensors"
  static let configurationFile = "config.json"

  /// The folder of the files: `path`, or the `checkpoint` in it where `path` is a cell's folder.
  static func folder(of path: String) -> String {
    let candidates = [path, "\(path)/checkpoint"]
    return candidates.first { AtomicFile.exists("\($0)/\(configurationFile)") } ?? path
  }

  /// Whether a model is at a path: the folder of one, that of a cell which has left one, a GGUF file,
  /// or the word of one that is built in.
  package static func isIn(_ path: String) -> Bool {
    BuiltInModel.words.contains(path) || GGUF.isOne(at: path)
      || AtomicFile.exists("\(folder(of: path))/\(configurationFile)")
  }

  /// What tells a model from any other: what `sha256sum config.json model.safetensors | sha256sum`
  /// prints, with the index and its files where there are several, and with the optimizer's state
  /// where there is one; that of a GGUF file by itself.
  ///
  /// - Parameter path: as `SavedModel` takes it.
  package static func sha256(of path: String) throws(ResultsError) -> String {
    if BuiltInModel.words.contains(path) { return BuiltInModel.sha256() }
    if GGUF.isOne(at: path) { return try SHA256.hex(file: path) }
    var list = ""
    for (name, file) in try files(of: path) { list += "\(try SHA256.hex(file: file))  \(name)\n" }
    return SHA256.hex(Array(list.utf8))
  }

  /// The files that the hash of a model is of, by the names that it has them under and by their
  /// paths; none of one that is built in.
  static func files(of path: String) throws(ResultsError) -> [(name: String, path: String)] {
    if BuiltInModel.words.contains(path) { return [] }
    if GGUF.isOne(at: path) {
      return [(path.split(separator: "/").last.map(String.init) ?? path, path)]
    }
    let folder = folder(of: path)
    let optimizer = [OptimizerState.file].filter { AtomicFile.exists("\(folder)/\($0)") }
    let names = [configurationFile] + (try StoredTensors.files(in: folder)) + optimizer
    return names.map { ($0, "\(folder)/\($0)") }
  }

  /// Writes the parameters and `config.json` into `folder`, whole or not at all.
  ///
  /// - Parameter configuration: what a reader needs beside the parameters.
  package static func save(
    _ model: Transformer, configuration: CheckpointConfiguration, to folder: String
  ) throws(ResultsError) {
    try RunFolder.makeFolders(folder)
    let tensors = SafeTensorsWriter(
      model.parameters.all.map { .init($0) },
      metadata: [("format", "pt"), ("step", "\(configuration.step ?? 0)")])
    try tensors.write(to: "\(folder)/\(file)")
    try AtomicFile.write(configuration.document, to: "\(folder)/\(configurationFile)")
  }

  /// Reads the parameters of `folder` into a model with the same names and shapes; all of them or
  /// none.
  ///
  /// - Throws: `ResultsError.unreadable` naming the file and what does not fit.
  package static func load(_ model: Transformer, from folder: String) throws(ResultsError) {
    try MappedFile("\(folder)/\(file)").parse { (bytes) throws(WeightFileError) in
      try ParameterReader(tensors: SafeTensors(bytes).tensors).read(into: model)
    }
  }
}

extension SafeTensorsWriter.Entry {
  /// A parameter under its name, as files hold it.
  fileprivate init(_ parameter: Parameter) {
    let offset = parameter.storedOffset
    self.init(parameter.name, parameter.shape.dimensions) {
      let values = parameter.tensor.values()
      return offset == 0 ? values : values.map { $0 - offset }
    }
  }
}

// CheckpointConfiguration: the `config.json` beside a checkpoint's parameters, all that is needed
// to build the model again.

/// What transformers asks for, and the whole `model` section as resolved.
package struct CheckpointConfiguration: Equatable, Sendable, Record {
  package var vocabularySize: Int?
  package var width: Int?
  package var layers: Int?
  package var heads: Int?
  package var keyValueHeads: Int?
  package var headDimension: Int?
  /// The longest sequence that the model was built for.
  package var length = 0
  /// Height, width and channels of the images that it reads; null where it reads texts.
  private var image = JSON.null
  /// What else is known of these images; null where nothing is.
  private var conventions = JSON.null
  package var feedForwardWidth: Int?
  package var isTied: Bool?
  /// How many optimizer steps the parameters have seen.
  package var step: Int?
  package var seed: Int?
  /// The characters, in the order of their tokens; nil where these are none.
  package var vocabulary: String?
  /// The GGUF file that brings the tokenizer; others are in the checkpoint's folder.
  package var tokenizer: String?
  /// The hash of that tokenizer.
  package var tokenizerSHA256: String?
  package var model = JSON.null
  /// What transformers builds the model from: the members of its family's `config.json`, or such as
  /// it refuses.
  private var family: [JSON.Member] = []

  package init() {}

  /// - Parameters:
  ///   - section: the `model` section that the model was built from, defaults included.
  ///   - vocabulary: what its tokens are; nil where they are numbers.
  ///   - conventions: what is known of the images that it was trained on.
  package init(
    _ model: Transformer, section: JSON, vocabulary: TextTokenizer?,
    conventions: ImageConventions = ImageConventions(), step: Int, seed: Int
  ) {
    let block = model.blocks.first
    vocabularySize = model.vocabulary
    width = model.width
    layers = model.blocks.count
    heads = block?.attention.shape.heads
    keyValueHeads = block?.attention.shape.kvHeads
    headDimension = block?.attention.shape.headDimension
    length = model.length
    if let image = model.image {
      self.image = [.integer(image.height), .integer(image.width), .integer(image.channels)]
      self.conventions = conventions.json
    }
    feedForwardWidth = block?.feedForward.hidden
    isTied = model.isTied
    self.step = step
    self.seed = seed
    switch vocabulary {
    case .characters(let characters):
      self.vocabulary = String(String.UnicodeScalarView(characters.scalars))
    case .stored(let stored) where stored.isOfGGUF:
      tokenizer = stored.path
      tokenizerSHA256 = stored.sha256
    case .stored, nil: break
    }
    self.model = section
    family = Self.family(section, model)
  }

  /// The family that a checkpoint's tensors are of as they lie there.
  private static func family(_ section: JSON, _ model: Transformer) -> [JSON.Member] {
    let exported = try? ExportedModel(
      section: section, vocabulary: model.vocabulary, length: model.length, image: model.image)
    guard let exported, exported.matchesCheckpointLayout else {
      // A class that is asked for by its name would do no more than warn of the type: without a
      // width it cannot be built.
      return [.init("model_type", "runexp"), .init("hidden_size", .null)]
    }
    return exported.config
  }

  /// The size of the images that it reads; nil where it reads texts.
  ///
  /// - Throws: `ResultsError.unreadable` naming the file, where it is none.
  func imageSize(_ file: String) throws(ResultsError) -> ImageSize? {
    if image == .null { return nil }
    let sides = image.elements.compactMap(\.whole)
    guard sides.count == 3, sides.allSatisfy({ (1...4096).contains($0) }) else {
      throw .unreadable(
        path: file, problem: "'image' is no height, width and channels from 1 to 4096")
    }
    return ImageSize(height: sides[0], width: sides[1], channels: sides[2])
  }

  /// What is known of the images that it was trained on.
  var imageConventions: ImageConventions { ImageConventions(json: conventions) }

  /// The file: the family's members, and beside them our own.
  var document: JSON {
    let keys = Set(family.map(\.key))
    return .object(family + json.members.filter { !keys.contains($0.key) })
  }

  package static var fields: [Field<Self>] {
    [
      Field("vocab_size", \.vocabularySize), Field("hidden_size", \.width),
      Field("num_hidden_layers", \.layers), Field("num_attention_heads", \.heads),
      Field("num_key_value_heads", \.keyValueHeads), Field("head_dim", \.headDimension),
      Field("max_position_embeddings", \.length, isRequired: true),
      Field("intermediate_size", \.feedForwardWidth), Field("tie_word_embeddings", \.isTied),
      Field("step", \.step), Field("seed", \.seed),
      Field("vocabulary", \.vocabulary), Field("tokenizer", \.tokenizer, omitsNull: true),
      Field("tokenizer_sha256", \.tokenizerSHA256, omitsNull: true),
      Field("image", \.image, omitsNull: true),
      Field("image_conventions", \.conventions, omitsNull: true),
      Field("model", \.model, isRequired: true),
    ]
  }
}
