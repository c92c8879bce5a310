// The tokenizer of a GGUF file in the files that other programs read: a tokenizer.json, and where it
// has scores SentencePiece's tokenizer.model.

import Config

extension EmbeddedTokenizer {
  /// The files of a folder with the same tokenizer.
  ///
  /// - Throws: `TokenizerError` where it cannot be read, or not be written.
  package var files: [(name: String, contents: [UInt8])] {
    get throws(TokenizerError) {
      _ = try tokenizer
      let hasOrder = try isOfBytes ? true : !pieces.hasTies
      guard hasOrder || isSentencePiece else {
        throw TokenizerError(
          "different tokens are merged to by one score, which a tokenizer.json cannot say, and "
            + "SentencePiece does not take all of them")
      }
      var files: [(name: String, contents: [UInt8])] = []
      if hasOrder { files.append(("tokenizer.json", Array(try json.line.utf8))) }
      if isSentencePiece { files.append(("tokenizer.model", sentencePiece)) }
      let config = try self.config(hasOrder ? "PreTrainedTokenizerFast" : "LlamaTokenizer")
      files.append(("tokenizer_config.json", Array(config.document.utf8)))
      return files
    }
  }

  var isOfBytes: Bool { model == "gpt2" }

  var pieces: ScoredPieces {
    get throws(TokenizerError) { try ScoredPieces(tokens, scores: scores, types: types) }
  }

  func text(_ id: Int) -> String { String(decoding: tokens[id], as: UTF8.self) }

  func type(_ id: Int) -> PieceType? {
    types.isEmpty ? .normal : PieceType(rawValue: types[id])
  }

  /// The ids at the beginning and at the end of a text.
  var around: (before: [Int], after: [Int]) {
    get throws(TokenizerError) {
      let isUsual = try isOfBytes ? rule.addsBOS : true
      return (
        addsBOS ?? isUsual ? [bos].compactMap { $0 } : [],
        addsEOS ?? false ? [eos].compactMap { $0 } : []
      )
    }
  }

  /// - Parameter word: the class of transformers, of which PreTrainedTokenizerFast takes a
  ///   tokenizer.json as it is.
  private func config(_ word: String) throws(TokenizerError) -> JSON {
    var members: [JSON.Member] = [
      .init("tokenizer_class", .string(word)), .init("clean_up_tokenization_spaces", false),
    ]
    for (key, id) in [("bos_token", bos), ("eos_token", eos)] {
      if let id { members.append(.init(key, .string(text(id)))) }
    }
    if let template = chatTemplate { members.append(.init("chat_template", template)) }
    if isOfBytes { return .object(members) }
    // What a tokenizer.model does not say.
    let around = try self.around
    members += [
      .init("add_bos_token", .bool(!around.before.isEmpty)),
      .init("add_eos_token", .bool(!around.after.isEmpty)),
      .init("added_tokens_decoder", .object(added.map { .init("\($0.id)", $0.json) })),
    ]
    return .object(members)
  }

  /// A text where there is one form of conversations, else a list of names and texts.
  private var chatTemplate: JSON? {
    guard let first = chatTemplates.first else { return nil }
    if chatTemplates.count == 1, first.name == "default" { return .string(first.text) }
    return .array(
      chatTemplates.map { ["name": .string($0.name), "template": .string($0.text)] })
  }

  /// The tokens that are found in a text before it is cut.
  var added: [(id: Int, json: JSON)] {
    (0..<tokens.count).compactMap { id in
      let type = self.type(id)
      let isUnknown = type == .unknown && !isOfBytes
      guard !tokens[id].isEmpty, type == .control || type == .user || isUnknown else { return nil }
      let token: JSON = [
        "content": .string(text(id)), "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": .bool(type != .user),
      ]
      return (id, token)
    }
  }

  // MARK: tokenizer.model

  /// Whether SentencePiece takes a tokenizer.model of it, and makes the same of texts.
  private var isSentencePiece: Bool {
    if isOfBytes { return false }
    var counts: [PieceType: Int] = [:]
    for type in types.compactMap(PieceType.init) { counts[type, default: 0] += 1 }
    let pieces = (0..<tokens.count).map { Array(tokens[$0]) }
    let all = Set(pieces)
    // SentencePiece merges to unused tokens as well, and takes them apart again.
    let mergesToUnused = pieces.indices.contains { id in
      let piece = pieces[id]
      return type(id) == .unused
        && piece.indices.dropFirst().contains {
          all.contains(Array(piece[..<$0])) && all.contains(Array(piece[$0...]))
        }
    }
    // User-defined tokens are searched in the text as it is given here, and behind a first blank
    // there.
    return counts[.user] == nil && counts[.unknown] == 1 && [nil, 256].contains(counts[.byte])
      && all.count == pieces.count && !all.contains([]) && !mergesToUnused
  }

  private var sentencePiece: [UInt8] {
    var file: [UInt8] = []
    for id in 0..<tokens.count {
      var piece: [UInt8] = []
      Self.append(1, Array(tokens[id]), to: &piece)
      piece.append(2 << 3 | 5)
      let bits = scores[id].bitPattern
      piece += (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
      Self.append(3, number: types[id], to: &piece)
      Self.append(1, piece, to: &file)
    }
    var trainer: [UInt8] = []
    // Byte-pair encoding, with the bytes of unknown characters where there are some.
    Self.append(3, number: 2, to: &trainer)
    Self.append(35, number: types.contains(PieceType.byte.rawValue) ? 1 : 0, to: &trainer)
    // SentencePiece itself goes by the strings; -1 is no token.
    for (field, id) in [(40, unknown), (41, bos), (42, eos)] {
      Self.append(field, number: id ?? -1, to: &trainer)
      if let id { Self.append(field + 5, Array(tokens[id]), to: &trainer) }
    }
    Self.append(2, trainer, to: &file)
    var normalizer: [UInt8] = []
    Self.append(1, Array("identity".utf8), to: &normalizer)
    // A blank before the text, all others kept, and written as ▁.
    for (field, flag) in [(3, addsSpacePrefix ?? true), (4, false), (5, true)] {
      Self.append(field, number: flag ? 1 : 0, to: &normalizer)
    }
    Self.append(3, normalizer, to: &file)
    return file
  }

  /// A field of protocol buffers with a number.
  private static func append(_ field: Int, number: Int, to message: inout [UInt8]) {
    appendVarint(UInt64(field << 3), to: &message)
    appendVarint(UInt64(bitPattern: Int64(number)), to: &message)
  }

  /// A field of protocol buffers with bytes.
  private static func append(_ field: Int, _ bytes: [UInt8], to message: inout [UInt8]) {
    appendVarint(UInt64(field << 3 | 2), to: &message)
    appendVarint(UInt64(bytes.count), to: &message)
    message += bytes
  }

  private static func appendVarint(_ number: UInt64, to message: inout [UInt8]) {
    var rest = number
    while rest >= 0x80 {
      message.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    message.append(UInt8(truncatingIfNeeded: rest))
  }
}
