// A loaded text made ready for training: characters as tokens, cut into a training and a validation split.
// Not the choice of windows from them: that is BatchSampler and EvaluationWindows.

/// A text as tokens: the first 90 % to train on, the last 10 % to validate on, as nanoGPT cuts it.
package struct TextCorpus: Sendable {
  /// The characters of the whole file, so that both splits can be encoded.
  package let vocabulary: CharacterVocabulary
  /// The first `Int(0.9 * count)` tokens.
  package let train: [Int32]
  /// The tokens after them.
  package let validation: [Int32]

  /// Encodes and cuts a text.
  ///
  /// - Throws: `DataError.tooShort` when a split has fewer than `sequence + 2` characters: one
  ///   window, its last target, and a second place to begin.
  package init(_ text: LoadedText, sequence: Int) throws(DataError) {
    vocabulary = CharacterVocabulary(utf8: text.bytes)
    let tokens = vocabulary.encode(utf8: text.bytes)
    let cut = Self.cut(tokens.count)
    train = Array(tokens[..<cut])
    validation = Array(tokens[cut...])
    for (split, count) in [("training", train.count), ("validation", validation.count)]
    where count < sequence + 2 {
      throw .tooShort(
        name: text.path ?? text.name, split: split, characters: count, sequence: sequence)
    }
  }

  /// Where the validation split begins: `int(0.9 * count)`, as Python and nanoGPT compute it.
  package static func cut(_ count: Int) -> Int {
    Int(0.9 * Double(count))
  }
}
