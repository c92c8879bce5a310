// A loaded text made ready for training: as tokens, cut into a training and a validation
// split. Not the choice of windows from them: that is BatchSampler and EvaluationWindows.

internal import Foundation
package import Tokenizers

/// A text as tokens: the first 90 % to train on, the last 10 % to validate on, as nanoGPT cuts it;
/// or two texts.
package struct TextCorpus: Sendable {
  /// The tokens of the whole text, so that both splits can be encoded.
  package let vocabulary: TextVocabulary
  package let train: TokenList
  package let validation: TokenList
  /// Of the text that `validation` stands for; nil where the tokens are numbers.
  package let validationBytes: Int?
  /// What the tokens of both do not tell of the text.
  package let untokenized: Untokenized

  /// Encodes and cuts a text: by its characters, so that it is the same text whatever its tokens
  /// are.
  ///
  /// - Parameters:
  ///   - kind: how it is written.
  ///   - tokenizer: what makes tokens of it; nil for characters.
  ///   - base: a stored model whose tokens they are to be; nil: those of the text.
  ///   - folders: where the tokens that a tokenizer makes are kept.
  ///   - writes: whether such as are not there yet are written.
  /// - Throws: `DataError.notTokens` where the text is none in such tokens.
  package init(
    _ text: LoadedText, as kind: TokenKind = .characters, by tokenizer: StoredTokenizer? = nil,
    for base: ModelBase? = nil, keptIn folders: [String] = [], writes: Bool = true
  ) throws(DataError) {
    let own =
      if let tokenizer { TextVocabulary(tokenizer) } else { try TextVocabulary(of: text, as: kind) }
    if let problem = base.flatMap(own.problem) {
      throw .notTokens(path: own.place(of: text, strangeTo: base), problem: problem)
    }
    vocabulary = own.known(to: base)
    if kind == .ids {
      let ids = try TextVocabulary.ids(of: text.bytes, in: text.place)
      if let validation = text.validation {
        train = TokenList(ids)
        self.validation = TokenList(
          try TextVocabulary.ids(of: validation.bytes, in: validation.place))
      } else {
        let cut = Self.cut(ids.count)
        train = TokenList(ids[..<cut])
        validation = TokenList(ids[cut...])
      }
      validationBytes = nil
      untokenized = Untokenized()
      return
    }
    let parts = text.parts
    validationBytes = parts.validation.count
    guard let tokenizer else {
      let characters = vocabulary.characters
      train = TokenList(characters?.encode(utf8: parts.train) ?? [])
      validation = TokenList(characters?.encode(utf8: parts.validation) ?? [])
      untokenized = Untokenized()
      return
    }
    func tokens(
      _ part: ArraySlice<UInt8>, ofText sha256: String, at place: String
    ) throws(DataError) -> TokenFile.Contents {
      let name = place.split(separator: "/").last.map(String.init) ?? place
      do {
        return try TokenFile.tokens(
          of: part, ofText: sha256, by: tokenizer, named: name, in: folders, writes: writes)
      } catch {
        throw .notTokens(path: place, problem: error.description)
      }
    }
    let first = try tokens(parts.train, ofText: text.bytesSHA256, at: text.place)
    let second = try tokens(
      parts.validation, ofText: text.validation?.sha256 ?? text.bytesSHA256,
      at: text.validationPlace)
    (train, validation) = (first.tokens, second.tokens)
    var untokenized = first.untokenized
    untokenized.add(second.untokenized)
    self.untokenized = untokenized
  }

  /// The same, with room for windows in each split.
  ///
  /// - Throws: `DataError.tooShort` when a split has fewer than `sequence + 2` tokens: one window,
  ///   its last target, and a second place to begin.
  package init(
    _ text: LoadedText, as kind: TokenKind = .characters, by tokenizer: StoredTokenizer? = nil,
    for base: ModelBase? = nil, keptIn folders: [String] = [], sequence: Int
  ) throws(DataError) {
    try self.init(text, as: kind, by: tokenizer, for: base, keptIn: folders)
    try size.check(of: text.place, validatedOn: text.validation?.place, sequence: sequence)
  }

  /// A token of the whole text.
  subscript(place: Int) -> Int32 {
    place < train.count ? train[place] : validation[place - train.count]
  }

  /// A validation loss in nats a token as bits a byte of the text, by which tokenizers compare; nil
  /// where the tokens are numbers, or do not tell the whole text.
  package func bitsPerByte(loss: Double) -> Double? {
    guard untokenized.isEmpty else { return nil }
    return validationBytes.map { loss / log(2) * Double(validation.count) / Double($0) }
  }

  package var size: Size { Size(train: train.count, validation: validation.count) }

  /// How many tokens the splits of a text have.
  package struct Size: Equatable, Sendable {
    package let train, validation: Int

    package init(train: Int, validation: Int) {
      self.train = train
      self.validation = validation
    }

    /// Of a text of so many tokens that is cut.
    package init(cutting tokens: Int) {
      train = TextCorpus.cut(tokens)
      validation = tokens - train
    }

    package var all: Int { train + validation }

    /// Sees to it that each split has room for windows.
    ///
    /// - Parameters:
    ///   - name: of the text.
    ///   - other: of the text that is validated on, where that is one of its own.
    /// - Throws: `DataError.tooShort`.
    func check(of name: String, validatedOn other: String?, sequence: Int) throws(DataError) {
      let splits = [
        (name, other == nil ? "training" : nil, train),
        (other ?? name, other == nil ? "validation" : nil, validation),
      ]
      for (name, split, count) in splits where count < sequence + 2 {
        throw .tooShort(name: name, split: split, tokens: count, sequence: sequence)
      }
    }
  }

  /// Where the validation split begins: `int(0.9 * count)`, as Python and nanoGPT compute it.
  package static func cut(_ count: Int) -> Int {
    Int(0.9 * Double(count))
  }
}

extension LoadedText {
  /// The text to train on and that to validate on, cut between two characters where they are one.
  var parts: (train: ArraySlice<UInt8>, validation: ArraySlice<UInt8>) {
    if let validation { return (bytes[...], validation.bytes[...]) }
    let all = characterCount
    // Counted from the end, which is nearer.
    var (left, start) = (all - TextCorpus.cut(all), bytes.count)
    while left > 0 {
      start -= 1
      if Self.isFirst(bytes[start]) { left -= 1 }
    }
    return (bytes[..<start], bytes[start...])
  }

  /// Of what is trained on, and validated on where that is no text of its own.
  var characterCount: Int { Self.characters(in: bytes) }

  static func characters(in bytes: [UInt8]) -> Int {
    // No more than there are bytes: without a check for overflow, many are counted at a time.
    bytes.withUnsafeBufferPointer { $0.reduce(0) { $0 &+ (isFirst($1) ? 1 : 0) } }
  }

  /// Whether a byte is the first of a character, and goes on with none before it.
  private static func isFirst(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }
}

// Characters as tokens: the sorted set of a text's Unicode scalars, as nanoGPT and Python count
// them. Not a trained tokenizer, and no special tokens: token i is the i-th character of the sorted
// set.

/// The characters (Unicode scalars) of a text in ascending order; a token is an index into them.
package struct CharacterVocabulary: Sendable, Equatable {
  /// The characters, ascending by code point.
  package let scalars: [Unicode.Scalar]
  private let tokens: [Int32]  // by code point; -1: not in the vocabulary

  /// The distinct characters of Tiny Shakespeare, where no text is at hand.
  package static let usual = 65

  /// How many tokens there are.
  package var count: Int { scalars.count }

  /// A character that the vocabulary does not hold.
  package struct UnknownCharacter: Error, Equatable, CustomStringConvertible {
    package let scalar: Unicode.Scalar

    package init(_ scalar: Unicode.Scalar) {
      self.scalar = scalar
    }

    package var description: String {
      "the character \(Untokenized.name(of: scalar)) does not occur in the training text"
    }
  }

  /// The vocabulary of a text, given as checked UTF-8.
  package init(utf8 bytes: [UInt8]) {
    var highest: UInt32 = 0
    Self.forEachScalar(bytes[...]) { highest = max(highest, $0) }
    var table = [Int32](repeating: -1, count: bytes.isEmpty ? 0 : Int(highest) + 1)
    table.withUnsafeMutableBufferPointer { table in
      Self.forEachScalar(bytes[...]) { table[Int($0)] = 0 }
    }
    var scalars: [Unicode.Scalar] = []
    for code in table.indices where table[code] == 0 {
      guard let scalar = Unicode.Scalar(UInt32(code)) else { continue }
      table[code] = Int32(scalars.count)
      scalars.append(scalar)
    }
    self.scalars = scalars
    tokens = table
  }

  /// The tokens of the text the vocabulary was made from, given as checked UTF-8.
  ///
  /// Bytes of another text must only hold characters of the vocabulary; use `encode(_:)` where
  /// that is not certain.
  package func encode(utf8 bytes: ArraySlice<UInt8>) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: bytes.count) { buffer, count in
      tokens.withUnsafeBufferPointer { tokens in
        var next = 0
        Self.forEachScalar(bytes) { code in
          precondition(
            Int(code) < tokens.count && tokens[Int(code)] >= 0,
            "CharacterVocabulary: code point \(code) is not in the vocabulary")
          buffer[next] = tokens[Int(code)]
          next += 1
        }
        count = next
      }
    }
  }

  /// The tokens of `text`, which may come from a user.
  ///
  /// - Throws: `UnknownCharacter` for the first character outside the vocabulary.
  package func encode(_ text: String) throws(UnknownCharacter) -> [Int32] {
    var result: [Int32] = []
    for scalar in text.unicodeScalars {
      guard scalar.value < tokens.count, tokens[Int(scalar.value)] >= 0 else {
        throw UnknownCharacter(scalar)
      }
      result.append(tokens[Int(scalar.value)])
    }
    return result
  }

  /// The text of `tokens`, each in `0..<count`.
  package func decode(_ tokens: some Sequence<Int32>) -> String {
    var text = String.UnicodeScalarView()
    for token in tokens {
      text.append(scalars[Int(token)])
    }
    return String(text)
  }

  /// Calls `body` with every code point; the bytes were checked, so no sequence is cut short.
  @inline(__always)
  private static func forEachScalar(_ bytes: ArraySlice<UInt8>, _ body: (UInt32) -> Void) {
    bytes.withUnsafeBufferPointer { bytes in
      var i = 0
      while i < bytes.count {
        let first = UInt32(bytes[i])
        if first < 0x80 {
          body(first)
          i += 1
          continue
        }
        let length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
        var code = first & (0x7f >> UInt32(length))
        for j in 1..<length {
          code = code << 6 | UInt32(bytes[i + j]) & 0x3f
        }
        body(code)
        i += length
      }
    }
  }
}
