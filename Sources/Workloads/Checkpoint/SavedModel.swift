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
  /// What `StoredTokenizer` reads its tokenizer from; nil where its tokens are characters, or it
  /// brings none.
  let tokenizer: String?
  private let tokenizerSHA256: String?
  /// Rows of the embedding.
  package let vocabulary: Int
  /// The longest sequence that it was built for; learned positions end there, others need not.
  package let length: Int
  /// The size of the images that it reads; nil where it reads texts.
  package let image: ImageSize?
  /// What is known of the images that it was trained on; nothing where it reads texts.
  package let conventions: ImageConventions
  /// The `model` section that it was built from, or that says what it is.
  package let section: JSON
  /// Optimizer steps that a training of ours had done; nil where it is none.
  private let steps: Int?
  private let root: Section
  private let recorder = Recorder()
  private let weights: () throws(ResultsError) -> ParameterReader

  /// - Parameter path: a folder of ours or of transformers', a cell's folder with a `checkpoint` in
  ///   it, or a GGUF file.
  /// - Throws: `ResultsError.unreadable` naming the file and what is wrong with it.
  package init(_ path: String) throws(ResultsError) {
    let stored = try StoredModel(path)
    self.path = stored.path
    characters = stored.characters
    tokenizer = stored.tokenizer
    tokenizerSHA256 = stored.tokenizerSHA256
    vocabulary = stored.vocabulary
    length = stored.length
    image = stored.image
    conventions = stored.conventions
    section = stored.section
    steps = stored.steps
    weights = stored.weights
    let file = stored.file
    guard let root = Section.root(model: stored.section, from: file, recorder: recorder) else {
      throw .unreadable(path: file, problem: "its 'model' is no section")
    }
    self.root = root
    _ = model(architecture)
    if let fault = recorder.finish().first {
      throw .unreadable(path: stored.file, problem: fault.message)
    }
  }

  private var architecture: Section { root.section("model", "the architecture") }

  /// What it is, without its weights.
  package var base: ModelBase {
    ModelBase(
      path: path, recording: root.recording, model: model(architecture), characters: characters,
      tokenizer: tokenizer, conventions: conventions, steps: steps)
  }

  /// Whether it brings what turns a text into its tokens.
  package var knowsText: Bool { characters != nil || tokenizer != nil }

  /// Whether a training of ours has left it, which reads texts without special tokens around them.
  package var isOurs: Bool { steps != nil }

  /// - Throws: `TextsUnread` where it reads images.
  package func requireText() throws {
    if image != nil { throw TextsUnread(path: path) }
  }

  /// What turns a text into its tokens.
  ///
  /// - Throws: `TokensUnknown` where there is nothing; `ResultsError.unreadable` where it cannot be
  ///   read, or has tokens that the model has no rows for.
  package func textTokenizer() throws -> TextTokenizer {
    if let characters { return .characters(characters) }
    guard let tokenizer else { throw TokensUnknown(path: path) }
    let stored = try storedTokenizer(at: tokenizer)
    guard stored.count <= vocabulary else {
      throw ResultsError.unreadable(
        path: tokenizer,
        problem: "the tokenizer has \(stored.count) tokens, and the model \(vocabulary)")
    }
    return .stored(stored)
  }

  /// - Throws: `ResultsError.unreadable` also where it is not the one that the model learned by.
  func storedTokenizer(at tokenizer: String) throws(ResultsError) -> StoredTokenizer {
    let stored = try StoredTokenizer(at: tokenizer)
    guard tokenizerSHA256 == nil || tokenizerSHA256 == stored.sha256 else {
      throw .unreadable(
        path: tokenizer, problem: "the tokenizer is not the one that '\(path)' was trained with")
    }
    return stored
  }

  /// Why there is no model at a path, in so far as it shows without reading the values of its
  /// parameters; nil where there is one.
  ///
  /// - Parameter readsText: whether it must bring what turns a text into tokens.
  package static func problem(at path: String, readsText: Bool = false) -> String? {
    do throws(ResultsError) {
      let saved = try SavedModel(path)
      try saved.checkWeights()
      if readsText, saved.image != nil { return TextsUnread(path: path).description }
      return readsText && !saved.knowsText ? TokensUnknown(path: path).description : nil
    } catch {
      // Of a model that is damaged, or of no known family, the error says all.
      if Checkpoint.isIn(path) { return "\(error)" }
      guard AtomicFile.exists(path) else {
        let meant = Suggestion.nearest(
          to: String(path.split(separator: "/").last ?? ""), among: BuiltInModel.words)
        let question = meant.flatMap { Suggestion.question([$0]) }
        return "'\(path)' is no model: no such file or directory"
          + (question.map { "; \($0)" } ?? "")
      }
      let parent = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")
      if !parent.isEmpty, Checkpoint.isIn(parent) {
        return "'\(path)' is a file of a model, which is the folder '\(parent)'"
      }
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
  ///   - matrices: their type in an inference; f32 where it is trained or written.
  /// - Throws: `ResultsError.unreadable` when the parameters do not fit the architecture.
  package func load(
    as section: Section? = nil, on device: Device, matrices: ElementType = .f32
  ) throws(ResultsError) -> Transformer {
    let model = self.model(section ?? architecture)
    try read(into: model, on: device, matrices: matrices)
    return model
  }

  /// Gives a model memory and the values of its parameters.
  ///
  /// - Parameters:
  ///   - matrices: their type in an inference; f32 where it is trained or written.
  ///   - headSeed: by which a head that tells other classes apart is drawn anew; nil where there
  ///     must be none.
  /// - Throws: `ResultsError.unreadable` when they do not fit the model.
  package func read(
    into model: Transformer, on device: Device, matrices: ElementType = .f32,
    drawingHead headSeed: UInt64? = nil
  ) throws(ResultsError) {
    var weights = try weights()
    if headSeed != nil { weights.fresh = base.newHead(of: model) }
    if !weights.fresh.isEmpty { weights.replaced = base.head }
    if let own = self.model(architecture).input.grid, let grid = model.input.grid, own != grid,
      own.extra == grid.extra
    {
      weights.resampling = GridResampling(from: own, to: grid)
    }
    let reader = weights
    try reporting { () throws(WeightFileError) in
      // Before any memory is asked for: what a file claims to hold need not be there.
      _ = try reader.matches(model)
      model.parameters.allocate(on: device, matrices: matrices)
      try reader.read(into: model)
    }
    if let headSeed { model.parameters.initialise(reader.fresh, seed: headSeed) }
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
    Transformer(section, vocabulary: vocabulary, length: length, image: image)
  }
}

/// A text cannot be given to a model, as it reads images.
package struct TextsUnread: Error, CustomStringConvertible {
  let path: String

  package var description: String { "'\(path)' reads images, and no texts" }
}

/// A text cannot be given to a model, as it brings no tokenizer.
package struct TokensUnknown: Error, CustomStringConvertible {
  let path: String

  package init(path: String) { self.path = path }

  package var description: String {
    "'\(path)' brings no tokenizer, and its tokens are no characters: give token ids, to "
      + "'runexp score' or 'runexp generate' with --ids, in an experiment as a file of numbers "
      + "(dataset: {name: FILE, tokens: ids})"
  }
}
