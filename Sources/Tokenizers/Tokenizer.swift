// Tokenizer: from a text to the tokens of a model, and back: the pipeline that a tokenizer.json
// describes, whatever file it was read from.

/// Turns texts into token ids, and token ids into texts.
package struct Tokenizer: Sendable {
  private let normalizer: (any Normalizer)?
  private let preTokenizer: (any PreTokenizer)?
  private let model: BPE
  private let postProcessor: PostProcessor
  private let decoder: (any Decoder)?
  /// Contents that are searched in the normalized text are normalized too, and these are what they
  /// are decoded to.
  private let added: [Int32: AddedToken]
  /// Finds tokens in the text that is given, and in what the normalizer has made of it.
  private let raw, normalized: AddedTokenFinder
  /// The token at the beginning of a text, and the one that ends it; nil where none is known.
  package let bos, eos: Int32?
  /// One more than the largest id.
  package let count: Int

  init(_ parts: Parts) throws(TokenizerError) {
    normalizer = parts.normalizer
    preTokenizer = parts.preTokenizer
    model = parts.model
    postProcessor = parts.postProcessor
    decoder = parts.decoder
    var tokens = parts.added
    for index in tokens.indices where tokens[index].isNormalized && parts.normalizesAdded {
      let content = tokens[index].content
      try normalizer?.normalize(&tokens[index].content)
      // One that has become another is not left out as special: so the library has it.
      if tokens[index].content != content { tokens[index].isSpecial = false }
    }
    added = Dictionary(tokens.map { ($0.id, $0) }) { first, _ in first }
    raw = AddedTokenFinder(tokens.filter { $0.isFound && !$0.isNormalized })
    normalized = AddedTokenFinder(tokens.filter { $0.isFound && $0.isNormalized })
    bos = parts.bos
    eos = parts.eos
    let largest = parts.added.map(\.id).max() ?? -1
    count = max(model.vocabulary.count, Int(largest) + 1)
    let around = postProcessor.before + postProcessor.after
    for id in around + [bos, eos].compactMap({ $0 }) where piece(id) == nil {
      throw TokenizerError("the special token \(id) is not one of the vocabulary")
    }
  }

  /// What a tokenizer consists of.
  struct Parts {
    var normalizer: (any Normalizer)?
    var preTokenizer: (any PreTokenizer)?
    var model: BPE
    var postProcessor = PostProcessor()
    var decoder: (any Decoder)?
    var added: [AddedToken] = []
    /// Whether the contents of added tokens are normalized too before they are searched.
    var normalizesAdded = true
    var bos, eos: Int32?
  }

  // MARK: Encoding

  /// What a text may become on its way.
  static let mostBytes = 1 << 31

  /// The tokens of a text.
  ///
  /// - Parameters:
  ///   - text: UTF-8; each maximal part that is none counts as U+FFFD.
  ///   - addingSpecial: whether those tokens stand around it that the model expects, such as one for
  ///     the beginning. Special tokens that the text names are found in any case.
  /// - Throws: `TokenizerError` where a regular expression or all of them together do not match in
  ///   time, or the text has 1 GiB or more, or becomes one of 2 GiB.
  package func encode(
    _ text: [UInt8], addingSpecial: Bool = true
  ) throws(TokenizerError) -> [Int32] {
    try encoding(of: text, addingSpecial: addingSpecial).tokens
  }

  package func encode(
    _ text: String, addingSpecial: Bool = true
  ) throws(TokenizerError) -> [Int32] {
    try encode(Array(text.utf8), addingSpecial: addingSpecial)
  }

  /// The same, and what of the text has no token.
  ///
  /// - Parameter allowance: for the whole text, looked at between added tokens; nil: by its length.
  package func encoding(
    of text: [UInt8], addingSpecial: Bool = true, allowance: Allowance? = nil
  ) throws(TokenizerError) -> Encoding {
    // A blank may become a ▁ of 3 bytes, and places in a text have 32 bits.
    guard text.count < 1 << 30 else { throw TokenizerError("the text has 1 GiB or more") }
    let text = UTF8Text.repaired(text)
    let allowance = allowance ?? Allowance(bytes: text.count)
    var encoding = Encoding()
    if addingSpecial { encoding.tokens = postProcessor.before }
    encoding.tokens.reserveCapacity(text.count / 3 + 8)
    for part in raw.parts(of: text) {
      switch part {
      case .token(let id): encoding.tokens.append(id)
      case .text(let range):
        try encode(
          range.count == text.count ? text : Array(text[range]), isAtStart: range.lowerBound == 0,
          into: &encoding, allowance)
      }
    }
    if addingSpecial { encoding.tokens += postProcessor.after }
    return encoding
  }

  private func encode(
    _ text: [UInt8], isAtStart: Bool, into encoding: inout Encoding, _ allowance: Allowance
  ) throws(TokenizerError) {
    // The expressions that a stretch of text meets have an allowance of their own, and there may be
    // a great many stretches.
    try allowance.check()
    var text = text
    // What a normalizer has brought to the start is not the start of the text.
    let dropsStart = try normalizer?.dropsStart(of: text) ?? false
    try normalizer?.normalize(&text)
    for part in normalized.parts(of: text) {
      switch part {
      case .token(let id): encoding.tokens.append(id)
      case .text(let range):
        try allowance.check()
        var pieces = Pieces(
          range.count == text.count ? text : Array(text[range]),
          isAtStart: isAtStart && !dropsStart && range.lowerBound == 0)
        try preTokenizer?.cut(&pieces)
        encoding.untokenized.add(pieces.dropped)
        model.encode(pieces, into: &encoding)
      }
    }
  }

  // MARK: Decoding

  /// The string of a token as its file has it; nil where there is no such token.
  package func piece(_ id: Int32) -> String? {
    string(id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The id of a token by its string, such as `<|im_end|>`.
  package func id(of piece: String) -> Int32? {
    let bytes = Array(piece.utf8)
    if let token = added.values.first(where: { $0.content == bytes }) { return token.id }
    return model.vocabulary.id(of: model.options.isOfBytes ? ByteAlphabet.decoded(bytes) : bytes)
  }

  /// Whether a token is a special one.
  package func isSpecial(_ id: Int32) -> Bool { added[id]?.isSpecial ?? false }

  /// The same as bytes.
  func string(_ id: Int32) -> [UInt8]? {
    if let token = added[id] { return token.content }
    guard let bytes = model.vocabulary[id] else { return nil }
    return model.isWrittenInBytes(id) ? ByteAlphabet.encoded(bytes) : Array(bytes)
  }

  /// The text of tokens, with U+FFFD where they are no UTF-8, as the library that the files are made
  /// by has it.
  ///
  /// What is no token is passed over.
  ///
  /// - Parameter skippingSpecial: whether special tokens are left out.
  package func decode(_ ids: some Sequence<Int32>, skippingSpecial: Bool = true) -> String {
    String(decoding: text(of: strings(ids, skippingSpecial), repairing: .everything), as: UTF8.self)
  }

  /// The bytes of tokens, which need not be UTF-8.
  package func bytes(
    of ids: some Sequence<Int32>, skippingSpecial: Bool = true
  ) -> [UInt8] {
    text(of: strings(ids, skippingSpecial), repairing: .nothing)
  }

  private func strings(_ ids: some Sequence<Int32>, _ skippingSpecial: Bool) -> [[UInt8]] {
    ids.filter { !skippingSpecial || !isSpecial($0) }.compactMap { string($0) }
  }

  /// The text of tokens by their strings.
  func text(of strings: [[UInt8]], repairing: Repair) -> [UInt8] {
    guard let decoder else { return Array(strings.joined(separator: " ".utf8)) }
    return decoder.decode(strings, repairing: repairing).flatMap { $0 }
  }

  /// Whether there are tokens whose text depends on those around them, in a run.
  var hasRuns: Bool { decoder?.hasRuns ?? false }

  /// Whether a string is that of a token in such a run.
  func isOfRun(_ string: [UInt8]) -> Bool { hasRuns && decoder?.isOfRun(string) ?? false }
}
