// SentencePieceModel: reads SentencePiece's tokenizer.model, of Llama 2, Mistral and Gemma.

/// What a tokenizer.model holds.
struct SentencePieceModel {
  private var pieces = ScoredPieces()
  private var unknown = 0, bos = 1, eos = 2
  private var hasByteFallback = false
  /// 1 unigram, 2 byte-pair encoding, 3 words, 4 characters.
  private var kind: UInt64 = 1
  private var normalizerName = ""
  private var hasRules = false
  private var addsPrefix = true, removesBlanks = true, escapesBlanks = true, isSuffix = false

  /// - Throws: `TokenizerError`, which says what is wrong with the bytes.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    if Self.isOfTiktoken(bytes) {
      throw TokenizerError(
        "it is a list of tiktoken's ranks, which does not say how texts are cut; a tokenizer.json "
          + "does")
    }
    // It begins with a piece, or with what is said of all.
    if let first = bytes.first, ![0x0A, 0x12, 0x1A].contains(first) {
      throw TokenizerError("it is neither a tokenizer.json nor a SentencePiece model")
    }
    var reader = ProtobufReader(bytes[...])
    while let (field, value) = try reader.next() {
      guard case .bytes(let message) = value else { continue }
      switch field {
      case 1: try pieces.append(message)
      case 2: try readTrainer(message)
      case 3: try readNormalizer(message)
      default: break
      }
    }
    guard pieces.strings.count > 0 else { throw ProtobufReader.fault("it has no pieces") }
    guard kind == 2 else {
      let names: [UInt64: String] = [1: "Unigram", 3: "Word", 4: "Char"]
      throw TokenizerError("its model is '\(names[kind] ?? "\(kind)")'; what can be read: BPE")
    }
    guard !hasRules else {
      throw TokenizerError(
        "its normalizer is '\(normalizerName)'; what can be read: one without rules, 'identity'")
    }
    guard escapesBlanks, !isSuffix else {
      throw TokenizerError("its blanks are not put before words as ▁, as they must be")
    }
  }

  /// Whether the first line is a token in base64 and its rank.
  private static func isOfTiktoken(_ bytes: [UInt8]) -> Bool {
    let words = bytes.prefix(200).prefix { $0 != UInt8(ascii: "\n") }
      .split(separator: UInt8(ascii: " "))
    return words.count == 2 && words[1].elementsEqual("0".utf8)
  }

  private mutating func readTrainer(_ message: ArraySlice<UInt8>) throws(TokenizerError) {
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
      guard case .number(let number) = value else { continue }
      // -1, of a token that there is not, has all 64 bits.
      let id = Int(truncatingIfNeeded: number)
      switch field {
      case 3: kind = number
      case 24: isSuffix = number != 0
      case 35: hasByteFallback = number != 0
      case 40: unknown = id
      case 41: bos = id
      case 42: eos = id
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ message: ArraySlice<UInt8>) throws(TokenizerError) {
    var reader = ProtobufReader(message)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .bytes(let name)): normalizerName = String(decoding: name, as: UTF8.self)
      case (2, .bytes(let rules)): hasRules = !rules.isEmpty
      case (3, .number(let flag)): addsPrefix = flag != 0
      case (4, .number(let flag)): removesBlanks = flag != 0
      case (5, .number(let flag)): escapesBlanks = flag != 0
      default: break
      }
    }
  }

  /// The tokenizer: as SentencePiece itself does, a control token is not found in a text, unless the
  /// config says so.
  func parts(_ config: TokenizerConfig) throws(TokenizerError) -> Tokenizer.Parts {
    var parts = Tokenizer.Parts(
      model: try pieces.bpe(
        unknown: pieces.type(unknown) == .unknown ? unknown : nil,
        hasByteFallback: hasByteFallback))
    parts.normalizer = NormalizerSequence(
      parts: ScoredPieces.normalizers(addsPrefix: addsPrefix, removesBlanks: removesBlanks))
    parts.decoder = ScoredPieces.decoder(
      stripsPrefix: addsPrefix, removesBlanks: removesBlanks)
    parts.added = pieces.added { $0 == .user }.map {
      // SentencePiece looks for them when blanks are ▁ already.
      AddedToken(id: $0, content: pieces.string($0), isNormalized: true)
    }
    // Those that a text is not made of are there to be left out of one.
    parts.added += pieces.added { $0 == .control || $0 == .unknown }.map {
      AddedToken(id: $0, content: pieces.string($0), isSpecial: true, isFound: false)
    }
    // Those that a config names are found too, as transformers finds them: where blanks are blanks
    // still. SentencePiece's own are left to its way; whether they are special, it does not say.
    for index in parts.added.indices {
      let own = parts.added[index]
      let isSaid = config.added.contains {
        $0.isSpecial && $0.id == own.id && $0.content == own.content
      }
      if isSaid { parts.added[index].isSpecial = true }
    }
    let named = config.added.filter { pieces.type(Int($0.id)) != .user }
    let ids = Set(named.map(\.id))
    parts.added.removeAll { ids.contains($0.id) }
    for var token in named {
      token.isNormalized = false
      parts.added.append(token)
    }
    if !named.isEmpty { try parts.checkAdded { _ in "added_tokens" } }
    parts.normalizesAdded = false
    parts.bos = config.id(of: config.bos, in: parts) ?? pieces.control(bos)
    parts.eos = config.id(of: config.eos, in: parts) ?? pieces.control(eos)
    // As transformers' classes for these files do.
    if config.addsBOS ?? true, let bos = parts.bos { parts.postProcessor.before = [bos] }
    if config.addsEOS ?? false, let eos = parts.eos { parts.postProcessor.after = [eos] }
    return parts
  }
}
