// TextVocabulary: what the tokens of a text are: its characters, what a tokenizer makes of it, or
// numbers that another program has made of it.

package import Tokenizers

/// How a text is written in its file.
package enum TokenKind: String, Sendable {
  /// A text, of characters or of what a tokenizer makes of it.
  case characters
  /// Whole numbers in decimal, between spaces, line ends or commas; brackets are passed over.
  case ids
}

/// The tokens that a text is made of.
package struct TextVocabulary: Sendable {
  /// Between them and texts; nil where they are numbers.
  package let tokenizer: TextTokenizer?
  /// How many different tokens there can be: of numbers, one more than the largest.
  package let count: Int

  package init(_ characters: CharacterVocabulary) {
    self.init(.characters(characters), count: characters.count)
  }

  package init(_ tokenizer: StoredTokenizer) {
    self.init(.stored(tokenizer), count: tokenizer.count)
  }

  private init(_ tokenizer: TextTokenizer?, count: Int) {
    self.tokenizer = tokenizer
    self.count = count
  }

  /// The characters that they are; nil where they are none.
  package var characters: CharacterVocabulary? {
    if case .characters(let characters) = tokenizer { characters } else { nil }
  }

  /// Reads what a text is made of.
  ///
  /// - Throws: `DataError.notTokens`.
  package init(of text: LoadedText, as kind: TokenKind) throws(DataError) {
    switch kind {
    case .characters:
      let all = text.validation.map { text.bytes + $0.bytes } ?? text.bytes
      self.init(CharacterVocabulary(utf8: all))
    case .ids:
      let ids = try Self.ids(of: text.bytes, in: text.place)
      let more = try text.validation.map { (text) throws(DataError) in
        try Self.ids(of: text.bytes, in: text.place)
      }
      self.init(nil, count: Int((ids + (more ?? [])).max() ?? 0) + 1)
    }
  }

  /// What is known of a text before it is read in its tokens.
  package typealias Counted = (
    vocabulary: TextVocabulary, size: TextCorpus.Size, untokenized: Untokenized
  )

  /// The same, how many tokens the text has, and what they do not tell of it.
  ///
  /// - Parameters: as those of `TextCorpus`.
  /// - Throws: `DataError.notTokens`.
  package static func counted(
    _ text: LoadedText, as kind: TokenKind, by tokenizer: StoredTokenizer?,
    keptIn folders: [String], writes: Bool
  ) throws(DataError) -> Counted {
    if kind == .ids || tokenizer != nil {
      let corpus = try TextCorpus(text, as: kind, by: tokenizer, keptIn: folders, writes: writes)
      return (corpus.vocabulary, corpus.size, corpus.untokenized)
    }
    let vocabulary = try TextVocabulary(of: text, as: kind)
    guard let validation = text.validation else {
      return (vocabulary, TextCorpus.Size(cutting: text.characterCount), Untokenized())
    }
    let size = TextCorpus.Size(
      train: text.characterCount, validation: LoadedText.characters(in: validation.bytes))
    return (vocabulary, size, Untokenized())
  }

  /// The same tokens under the numbers that a stored model has for them.
  ///
  /// - Parameter base: has no `problem` with them.
  func known(to base: ModelBase?) -> TextVocabulary {
    guard let base else { return self }
    if let characters = base.characters, self.characters != nil {
      return TextVocabulary(characters)
    }
    // It may have rows for more tokens than there are.
    return TextVocabulary(tokenizer, count: base.vocabulary)
  }

  /// Why a stored model cannot read a text of these tokens; nil where it can.
  func problem(for base: ModelBase) -> String? {
    if case .stored(let stored) = tokenizer {
      let most = stored.count
      return most <= base.vocabulary
        ? nil
        : "the tokenizer '\(stored.path)' has \(most) tokens, and the model '\(base.path)' has "
          + "\(base.vocabulary)"
    }
    guard let characters else {
      return count <= base.vocabulary
        ? nil
        : "it has the token \(count - 1), and the model '\(base.path)' has \(base.vocabulary), "
          + "numbers 0 to \(base.vocabulary - 1)"
    }
    guard let known = base.characters else {
      return base.tokenizer == nil
        ? TokensUnknown(path: base.path).description
        : "the tokens of the model '\(base.path)' are no characters: leave 'tokenizer' out, and the "
          + "text is read by the model's own"
    }
    let stranger = characters.scalars.first { !known.scalars.contains($0) }
    return stranger.map { CharacterVocabulary.UnknownCharacter($0).description }
  }

  /// Which of a text's files has what a stored model cannot read.
  func place(of text: LoadedText, strangeTo base: ModelBase?) -> String {
    guard characters != nil, let base, text.validation != nil else { return text.place }
    let first = TextVocabulary(CharacterVocabulary(utf8: text.bytes))
    return first.problem(for: base) == nil ? text.validationPlace : text.place
  }

  /// The numbers of a text of token ids.
  ///
  /// - Parameters:
  ///   - path: where it lies, for errors.
  ///   - orNone: whether it may hold none.
  /// - Throws: `DataError.notTokens`.
  package static func ids(
    of bytes: [UInt8], in path: String, orNone: Bool = false
  ) throws(DataError) -> [Int32] {
    var ids: [Int32] = []
    for word in bytes.split(whereSeparator: { " \t\r\n,[]".utf8.contains($0) }) {
      guard let id = Int32(String(decoding: word, as: UTF8.self)), id >= 0 else {
        let shown = String(decoding: word.prefix(40), as: UTF8.self)
        throw .notTokens(
          path: path,
          problem: "it is to hold token ids, whole numbers from 0, and '\(shown)' is none")
      }
      ids.append(id)
    }
    guard orNone || !ids.isEmpty else {
      throw .notTokens(path: path, problem: "it holds no token id")
    }
    return ids
  }
}
