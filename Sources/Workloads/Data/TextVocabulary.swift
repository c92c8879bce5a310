// TextVocabulary: what the tokens of a text are: its characters, or numbers that the tokenizer of
// another program has made of it.

/// How the tokens of a text are written in its file.
package enum TokenKind: String, Sendable {
  /// A token is a character.
  case characters
  /// Whole numbers in decimal, between spaces, line ends or commas; brackets are passed over.
  case ids
}

/// The tokens that a text is made of.
package struct TextVocabulary: Sendable, Equatable {
  /// The characters that they are; nil where they are numbers.
  package let characters: CharacterVocabulary?
  /// How many different tokens there can be: of numbers, one more than the largest.
  package let count: Int

  package init(_ characters: CharacterVocabulary) {
    self.characters = characters
    count = characters.count
  }

  private init(ids: [Int32], below count: Int?) {
    characters = nil
    self.count = count ?? Int(ids.max() ?? 0) + 1
  }

  /// Reads what a text is made of.
  ///
  /// - Throws: `DataError.notTokens`.
  package init(of text: LoadedText, as kind: TokenKind) throws(DataError) {
    self = try Self.counted(text, as: kind).vocabulary
  }

  /// The same, and how many tokens the text has.
  ///
  /// - Throws: `DataError.notTokens`.
  package static func counted(
    _ text: LoadedText, as kind: TokenKind
  ) throws(DataError) -> (vocabulary: TextVocabulary, tokens: Int) {
    switch kind {
    case .characters:
      // Each begins with a byte that goes on with none before it.
      let characters = text.bytes.count { $0 & 0xC0 != 0x80 }
      return (TextVocabulary(CharacterVocabulary(utf8: text.bytes)), characters)
    case .ids:
      let ids = try ids(of: text.bytes, in: text.path ?? text.name)
      return (TextVocabulary(ids: ids, below: nil), ids.count)
    }
  }

  /// A text in tokens, and what these are.
  ///
  /// - Parameter base: a stored model whose tokens they are to be; nil: those of the text.
  /// - Throws: `DataError.notTokens`.
  static func tokens(
    of text: LoadedText, as kind: TokenKind, for base: ModelBase?
  ) throws(DataError) -> (TextVocabulary, [Int32]) {
    let vocabulary = try TextVocabulary(of: text, as: kind)
    if let problem = base.flatMap(vocabulary.problem) {
      throw .notTokens(path: text.path ?? text.name, problem: problem)
    }
    switch (kind, base) {
    case (.ids, let base):
      let ids = try ids(of: text.bytes, in: text.path ?? text.name)
      return (TextVocabulary(ids: ids, below: base?.vocabulary), ids)
    case (.characters, let base?):
      let known = base.characters ?? CharacterVocabulary(utf8: text.bytes)
      let tokens = try? known.encode(String(decoding: text.bytes, as: UTF8.self))
      return (TextVocabulary(known), tokens ?? [])
    case (.characters, nil):
      let own = CharacterVocabulary(utf8: text.bytes)
      return (TextVocabulary(own), own.encode(utf8: text.bytes))
    }
  }

  /// Why a stored model cannot read a text of these tokens; nil where it can.
  func problem(for base: ModelBase) -> String? {
    guard let characters else {
      return count <= base.vocabulary
        ? nil
        : "it has the token \(count - 1), and the model '\(base.path)' has \(base.vocabulary), "
          + "numbers 0 to \(base.vocabulary - 1)"
    }
    guard let known = base.characters else { return TokensUnknown(path: base.path).description }
    let stranger = characters.scalars.first { !known.scalars.contains($0) }
    return stranger.map { CharacterVocabulary.UnknownCharacter($0).description }
  }

  /// The numbers of a text of token ids.
  ///
  /// - Parameter path: where it lies, for errors.
  /// - Throws: `DataError.notTokens`.
  package static func ids(of bytes: [UInt8], in path: String) throws(DataError) -> [Int32] {
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
    guard !ids.isEmpty else { throw .notTokens(path: path, problem: "it holds no token id") }
    return ids
  }
}
