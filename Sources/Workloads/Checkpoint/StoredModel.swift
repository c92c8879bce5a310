// StoredModel: which kind of model lies at a path, and what its files say of it.

import Config
import Models
import Records
import Tokenizers

/// What the files of a model say, whoever has written them.
struct StoredModel {
  let path: String
  /// The file that describes it.
  let file: String
  let characters: CharacterVocabulary?
  /// What `StoredTokenizer` reads the tokenizer from; nil where there is none.
  let tokenizer: String?
  /// The hash that it had when the model was trained; nil where that is not known.
  var tokenizerSHA256: String?
  let vocabulary, length: Int
  /// The size of the images that it reads; nil where it reads texts.
  let image: ImageSize?
  /// What is known of the images that it was trained on; nothing where it reads texts.
  private(set) var conventions = ImageConventions()
  /// Optimizer steps that a training of ours had done; nil where it is none.
  let steps: Int?
  /// The `model` section.
  let section: JSON
  /// Opens the tensors.
  let weights: () throws(ResultsError) -> ParameterReader

  init(_ path: String) throws(ResultsError) {
    if BuiltInModel.words.contains(path) {
      self.init(builtIn: path)
    } else if GGUF.isOne(at: path) {
      try self.init(gguf: path)
    } else {
      try self.init(folder: Checkpoint.folder(of: path))
    }
  }

  private init(builtIn word: String) {
    path = word
    file = word
    characters = nil
    // A token is a byte.
    tokenizer = StoredTokenizer.byte
    vocabulary = BuiltInModel.vocabulary
    length = BuiltInModel.length
    image = nil
    steps = nil
    section = BuiltInModel.section
    weights = { () throws(ResultsError) in ParameterReader(tensors: try BuiltInModel.weights()) }
  }

  private init(gguf path: String) throws(ResultsError) {
    let file = try GGUF(file: path)
    var constants: [String] = []
    let model = try Self.imported(path) { () throws(ImportFault) in
      let model = try GGUFModel(file)
      constants = model.family.constants
      return try model.imported()
    }
    let ignored = Set(constants)
    self.init(path: path, file: path, model, file.hasTokenizer ? path : nil) {
      ParameterReader(tensors: file.tensors, source: model.source) { ignored.contains($0) }
    }
  }

  private init(folder: String) throws(ResultsError) {
    let file = "\(folder)/\(Checkpoint.configurationFile)"
    let json = try JSON(file: file)
    // Ours have a section of that name, and characters where their tokens are any.
    guard json["model"] == nil, json["vocabulary"] == nil else {
      try self.init(checkpoint: folder, file: file)
      return
    }
    let model = try Self.imported(file) { () throws(ImportFault) in
      try ImportedModel(config: json)
    }
    let tokenizer = Tokenizer.isAt(folder) ? folder : nil
    self.init(path: folder, file: file, model, tokenizer) { () throws(ResultsError) in
      try ParameterReader(StoredTensors(at: folder), of: model, in: folder)
    }
    if let image {
      let place = "\(folder)/\(ImageConventions.preprocessorFile)"
      let beside: JSON? = try AtomicFile.exists(place) ? JSON(file: place) : nil
      conventions = ImageConventions(config: json, preprocessor: beside)
        .ofModel(channels: image.channels, classes: vocabulary)
    }
  }

  private init(checkpoint folder: String, file: String) throws(ResultsError) {
    let saved = try CheckpointConfiguration(file: file)
    let characters = saved.vocabulary.map { CharacterVocabulary(utf8: Array($0.utf8)) }
    let count = characters?.count ?? saved.vocabularySize ?? 0
    guard (1...1 << 30).contains(count), (1...1 << 30).contains(saved.length) else {
      throw .unreadable(
        path: file,
        problem: "'vocabulary' is empty, or without one 'vocab_size' is not from 1 to 2^30, or "
          + "'max_position_embeddings' is not")
    }
    path = folder
    self.file = file
    self.characters = characters
    tokenizer =
      characters == nil ? saved.tokenizer ?? (Tokenizer.isAt(folder) ? folder : nil) : nil
    tokenizerSHA256 = saved.tokenizerSHA256
    vocabulary = count
    length = saved.length
    image = try saved.imageSize(file)
    if let image {
      conventions = saved.imageConventions.ofModel(channels: image.channels, classes: count)
    }
    steps = saved.step
    section = saved.model
    weights = { () throws(ResultsError) in
      ParameterReader(tensors: try SafeTensors(file: "\(folder)/\(Checkpoint.file)").tensors)
    }
  }

  private init(
    path: String, file: String, _ model: ImportedModel, _ tokenizer: String?,
    _ weights: @escaping () throws(ResultsError) -> ParameterReader
  ) {
    self.path = path
    self.file = file
    characters = nil
    self.tokenizer = tokenizer
    vocabulary = model.vocabulary
    length = model.length
    image = model.image
    steps = nil
    section = model.section
    self.weights = weights
  }

  private static func imported(
    _ path: String, _ read: () throws(ImportFault) -> ImportedModel
  ) throws(ResultsError) -> ImportedModel {
    do throws(ImportFault) {
      return try read()
    } catch {
      throw .unreadable(path: path, problem: error.description)
    }
  }
}

extension ParameterReader {
  /// Tensors under the names of transformers, with whatever stands before them.
  fileprivate init(
    _ tensors: StoredTensors, of model: ImportedModel, in folder: String
  ) throws(ResultsError) {
    let (own, others) = model.prefixes
    let first = model.image == nil ? "model.embed_tokens.weight" : "model.patch_embed.weight"
    let embedding = model.source(first).name
    func renamed(_ name: String, _ prefix: String) -> String {
      name.hasPrefix(own) ? prefix + name.dropFirst(own.count) : name
    }
    let prefix = ([own] + others).first { tensors[renamed(embedding, $0)] != nil } ?? own
    // A tied model's file may hold the matrix a second time.
    let head = model.source("lm_head.weight").name
    let hasHead = tensors.isSame(head, renamed(embedding, prefix))
    if model.section["tied_embeddings"] == true, tensors[head] != nil, !hasHead {
      throw .unreadable(
        path: folder,
        problem: "'\(head)' is another matrix than the embedding, which takes "
          + "'tie_word_embeddings': false")
    }
    self.init(
      tensors: tensors,
      source: { name in
        var source = model.source(name)
        source.name = renamed(source.name, prefix)
        return source
      },
      isIgnored: { name in
        ImportedModel.isIgnored(name) || (name == head && hasHead)
      })
  }
}

extension StoredTensors {
  /// Whether two tensors hold the same bytes.
  fileprivate func isSame(_ one: String, _ other: String) -> Bool {
    guard let one = self[one], let other = self[other], one.shape == other.shape,
      one.type == other.type
    else { return false }
    return one.hasBytes(of: other)
  }
}
