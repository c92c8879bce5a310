// ScoredPieces: tokens with a score and a type each, as SentencePiece has them; GGUF keeps both.

/// The types of tokens, by their numbers in both formats.
enum PieceType: Int {
  case normal = 1
  case unknown, control, user, unused, byte
}

/// The tokens of a SentencePiece model, in the order of their ids.
struct ScoredPieces {
  private(set) var strings = PackedStrings()
  private var scores: [Float] = []
  private var types: [PieceType] = []

  init() {}

  /// - Throws: `TokenizerError` where the lists are not of one length, or a type is none.
  init(_ strings: PackedStrings, scores: [Float], types: [Int]) throws(TokenizerError) {
    self.strings = strings
    guard scores.count == strings.count, types.count == strings.count else {
      throw TokenizerError(
        "it has \(strings.count) tokens, \(scores.count) scores and \(types.count) types of tokens")
    }
    self.scores = scores
    for type in types { self.types.append(try Self.type(type)) }
    for index in 0..<strings.count { try Self.check(strings[index]) }
  }

  /// Each way to cut a piece in two is tried.
  private static func check(_ piece: ArraySlice<UInt8>) throws(TokenizerError) {
    guard piece.count <= 1000 else {
      throw TokenizerError("a token has \(piece.count) bytes; what can be read: up to 1000")
    }
  }

  private static func type(_ number: Int) throws(TokenizerError) -> PieceType {
    guard let type = PieceType(rawValue: number) else {
      throw TokenizerError("a token has the type \(number), which there is not")
    }
    return type
  }

  /// Appends a piece from its message.
  mutating func append(_ message: ArraySlice<UInt8>) throws(TokenizerError) {
    var reader = ProtobufReader(message)
    var (string, score, type) = (message.prefix(0), Float(0), 1)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .bytes(let bytes)): string = bytes
      case (2, .word(let bits)): score = Float(bitPattern: bits)
      case (3, .number(let number)): type = Int(clamping: number)
      default: break
      }
    }
    guard UTF8Text.isValid(string) else {
      throw TokenizerError("the piece \(strings.count) is no UTF-8")
    }
    guard score.isFinite else {
      throw TokenizerError("the score of the piece \(strings.count) is no number")
    }
    try Self.check(string)
    strings.append(string)
    scores.append(score)
    types.append(try Self.type(type))
  }

  func type(_ id: Int) -> PieceType? { types.indices.contains(id) ? types[id] : nil }

  /// The id, if it is that of a control token.
  func control(_ id: Int) -> Int32? { type(id) == .control ? Int32(id) : nil }

  func string(_ id: Int32) -> [UInt8] { Array(strings[Int(id)]) }

  /// The ids of tokens of some types.
  func added(_ isWanted: (PieceType) -> Bool) -> [Int32] {
    types.indices.filter { isWanted(types[$0]) && !strings[$0].isEmpty }.map { Int32($0) }
  }

  private var builder: BPEBuilder {
    get throws(TokenizerError) {
      try BPEBuilder(strings, ids: Array(types.indices), isOfBytes: false) {
        types[$0] == .normal || types[$0] == .user
      }
    }
  }

  /// By id; nil for tokens that are not merged to.
  private var scoresOfMerged: [Float?] {
    types.indices.map { types[$0] == .normal ? scores[$0] : nil }
  }

  /// Whether different tokens of one score may be merged to from the same part of a text.
  ///
  /// SentencePiece takes the leftmost of them in a text, which no order of merges says, but for rows
  /// of one character: see `merges`. It makes no difference where none takes what another needs,
  /// neither at once nor by what it has become.
  var hasTies: Bool {
    get throws(TokenizerError) {
      let all = try builder.merges(scores: scoresOfMerged)
      let byLeft = Dictionary(grouping: all, by: \.left)
      let byRight = Dictionary(grouping: all, by: \.right)
      for group in Dictionary(grouping: all, by: \.rank).values {
        let results = Set(group.map(\.result)), rows = Set(results.map(row))
        if results.count == 1 || (rows.count == 1 && rows != [nil]) { continue }
        let (lefts, rights) = (Set(group.map(\.left)), Set(group.map(\.right)))
        let meet = results.contains { result in
          byLeft[result, default: []].contains { lefts.contains($0.right) }
            || byRight[result, default: []].contains { rights.contains($0.left) }
        }
        if meet || !lefts.isDisjoint(with: rights) { return true }
      }
      return false
    }
  }

  /// The character that a token repeats; nil where it has several.
  private func row(_ id: Int32) -> Unicode.Scalar? {
    let scalars = String(decoding: strings[Int(id)], as: UTF8.self).unicodeScalars
    return scalars.allSatisfy { $0 == scalars.first } ? scalars.first : nil
  }

  /// The two parts of each merge, by their ids, where each merge has a rank of its own.
  ///
  /// Of merges of one score that with the longer left part comes first, by which the cuts of one
  /// token, and rows of one character, are merged from left to right as SentencePiece does.
  var merges: [(left: Int32, right: Int32)] {
    get throws(TokenizerError) {
      let merges = try builder.merges(scores: scoresOfMerged).map { merge in
        let lengths = (strings[Int(merge.left)].count, strings[Int(merge.right)].count)
        return (merge, order: (merge.rank, -lengths.0, -lengths.1, merge.result))
      }
      return merges.sorted { $0.order < $1.order }.map { ($0.0.left, $0.0.right) }
    }
  }

  /// - Throws: `TokenizerError` where two tokens are one string.
  func bpe(unknown: Int?, hasByteFallback: Bool) throws(TokenizerError) -> BPE {
    let builder = try self.builder
    var options = BPE.Options()
    options.unknown = unknown.map { Int32($0) }
    options.fusesUnknown = true
    if hasByteFallback {
      var ids: [[UInt8]: Int32] = [:]
      for id in types.indices where types[id] == .byte { ids[string(Int32(id))] = Int32(id) }
      options.byteFallback = (0..<256).map {
        ids[Array(ByteFallbackDecoder.token(of: UInt8($0)).utf8)] ?? -1
      }
    }
    return builder.bpe(scores: scoresOfMerged, options)
  }

  /// Blanks become ▁, one before the text.
  ///
  /// - Parameter removesBlanks: whether those at the ends and all but one between words go.
  static func normalizers(addsPrefix: Bool, removesBlanks: Bool = false) -> [any Normalizer] {
    let prefix: [any Normalizer] = addsPrefix ? [PrependNormalizer(prefix: Blank.bytes)] : []
    return (removesBlanks ? [BlankRemover()] : []) + prefix
      + [ReplaceNormalizer(pattern: .text(Array(" ".utf8)), content: Blank.bytes)]
  }

  static func decoder(stripsPrefix: Bool, removesBlanks: Bool = false) -> any Decoder {
    let strip: [any Decoder] =
      stripsPrefix || removesBlanks
      ? [PrefixDecoder(prefix: Blank.bytes, repeats: removesBlanks)] : []
    return DecoderSequence(
      parts: strip + [
        ReplaceDecoder(pattern: .text(Blank.bytes), content: Array(" ".utf8)),
        ByteFallbackDecoder(),
      ])
  }
}
