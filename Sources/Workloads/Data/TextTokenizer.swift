// TextTokenizer: between texts and the tokens that a model knows: characters, or what a tokenizer
// makes of them.

import Config
package import Records
import Tokenizers

/// Turns texts into tokens, and tokens into texts.
package enum TextTokenizer: Sendable {
  case characters(CharacterVocabulary)
  case stored(StoredTokenizer)

  /// How many different tokens there are.
  package var count: Int {
    switch self {
    case .characters(let characters): characters.count
    case .stored(let stored): stored.tokenizer.count
    }
  }

  /// The tokens that end a text; none where none is known.
  ///
  /// - Throws: `ResultsError.unreadable` as `StoredTokenizer.ends`.
  package func ends() throws(ResultsError) -> Set<Int32> {
    guard case .stored(let stored) = self else { return [] }
    return try stored.ends()
  }

  /// The id of a special token by its string; nil where there is none.
  package func special(_ piece: String) -> Int32? {
    guard case .stored(let stored) = self, let id = stored.tokenizer.id(of: piece),
      stored.tokenizer.isSpecial(id)
    else { return nil }
    return id
  }

  /// The tokens of a text that a user gives.
  ///
  /// - Parameter addingSpecial: whether those stand around it that the model expects.
  /// - Throws: `CharacterVocabulary.UnknownCharacter`, or `TokenizerError` as `Tokenizer.encode`.
  package func encode(_ text: String, addingSpecial: Bool = false) throws -> [Int32] {
    switch self {
    case .characters(let characters): try characters.encode(text)
    case .stored(let stored): try stored.tokenizer.encode(text, addingSpecial: addingSpecial)
    }
  }

  /// What the tokens of a text do not tell of it, in a sentence; nil where they tell all.
  ///
  /// - Parameter name: what it is, such as `the prompt`.
  package func note(of text: String, named name: String) -> String? {
    guard case .stored(let stored) = self,
      let encoding = try? stored.tokenizer.encoding(of: Array(text.utf8), addingSpecial: false)
    else { return nil }
    return stored.note(of: encoding.untokenized, in: name)
  }

  /// The tokens that a text starts from: a prompt's, else a newline, or the first token where there
  /// is none.
  ///
  /// - Throws: as `encode`; `NoToken` where the prompt has none.
  package func start(_ prompt: String?, addingSpecial: Bool = false) throws -> [Int32] {
    if let prompt {
      let tokens = try encode(prompt, addingSpecial: addingSpecial)
      if tokens.isEmpty { throw NoToken(text: prompt) }
      return tokens
    }
    let newline = (try? encode("\n", addingSpecial: addingSpecial)) ?? []
    return newline.isEmpty ? [0] : newline
  }

  /// A text of which a tokenizer makes no token.
  package struct NoToken: Error, CustomStringConvertible {
    let text: String

    package var description: String {
      "the tokenizer has no token for any of the prompt \(Wording.quote(text))"
    }
  }

  /// The text of tokens.
  package func decode(_ tokens: some Sequence<Int32>) -> String {
    switch self {
    case .characters(let characters): characters.decode(tokens)
    case .stored(let stored): stored.tokenizer.decode(tokens)
    }
  }

  /// The bytes of a text that tokens stand for, without those of the first one, from which the others
  /// are predicted.
  package func bytesAfterFirst(of tokens: [Int32]) -> Int {
    switch self {
    case .characters(let characters): characters.decode(tokens.dropFirst()).utf8.count
    case .stored(let stored):
      stored.tokenizer.bytes(of: tokens).count
        - stored.tokenizer.bytes(of: tokens.prefix(1)).count
    }
  }

  /// The text of tokens that come one after another.
  package var stream: Stream { Stream(self) }

  /// Decodes tokens as they come; what is not decided yet waits for the rest.
  package struct Stream {
    private var decoder: StreamingDecoder?
    private let tokenizer: TextTokenizer

    fileprivate init(_ tokenizer: TextTokenizer) {
      self.tokenizer = tokenizer
      if case .stored(let stored) = tokenizer { decoder = StreamingDecoder(stored.tokenizer) }
    }

    /// The text that a further token completes, which may be empty.
    package mutating func append(_ token: Int32) -> String {
      decoder?.append(token) ?? tokenizer.decode([token])
    }

    /// What a run of bytes that goes on would be if it ended here.
    package var pending: String { decoder?.pending ?? "" }

    /// What waits of a run of bytes, which those that follow are no part of.
    package mutating func endRun() -> String { decoder?.endRun() ?? "" }

    /// What is left at the end.
    package mutating func finish() -> String { decoder?.finish() ?? "" }
  }
}
