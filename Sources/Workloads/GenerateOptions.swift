// The options of the `generate` workload.

import Config
import Tensors

/// What one generation is told.
struct GenerateOptions: Sendable {
  let dataset: DatasetDeclaration
  /// A folder with a checkpoint; nil for random weights.
  let checkpoint: String?
  let promptTokens: Int
  let newTokens: Int
  let batch: Int
  let cache: CacheType
  let isRolling: Bool
  let chunk: Int
  let compares: Bool

  init(_ options: Section) {
    dataset = DatasetDeclaration(options)
    checkpoint = options.read(
      "checkpoint", .path(), absent: "random weights", "folder of a trained model's checkpoint")
    promptTokens = options.read(
      "prompt_tokens", .int(in: 1...16_777_216), default: 1024,
      "tokens read before the first is generated")
    newTokens = options.read("new_tokens", .int(in: 1...1_048_576), default: 64, "tokens generated")
    batch = options.read("batch", .int(in: 1...4096), default: 1, "sequences side by side")
    cache = options.cacheType()
    isRolling = options.rollingBuffer()
    chunk = options.read(
      "chunk", .int(in: 1...1_048_576), default: 512, "tokens of the prompt that are read at a time"
    )
    compares = options.read(
      "compare", .bool, derived: cache != .f32 || isRolling,
      rule: "true unless the cache is f32 and full",
      "decode once more with a full f32 cache, to see what this one costs")
  }

  /// The tokens of each sequence, prompt and continuation and one target more, from the validation split.
  ///
  /// - Throws: `CharacterVocabulary.UnknownCharacter` when a checkpoint does not know the text's characters.
  func sequences(
    of corpus: TextCorpus, in vocabulary: CharacterVocabulary
  ) throws -> [[Int32]] {
    let length = promptTokens + newTokens + 1
    let last = corpus.validation.count - length
    return try (0..<batch).map { index in
      let start = batch == 1 ? 0 : index * last / (batch - 1)
      let tokens = Array(corpus.validation[start..<start + length])
      guard vocabulary != corpus.vocabulary else { return tokens }
      return try vocabulary.encode(corpus.vocabulary.decode(tokens))
    }
  }
}
