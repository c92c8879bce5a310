// The tokenizer of a GGUF file in the files that other programs read: a tokenizer.json for one of
// bytes, else SentencePiece's tokenizer.model, by whose scores it merges.

import Config

extension EmbeddedTokenizer {
  /// The files of a folder with the same tokenizer.
  ///
  /// - Throws: `TokenizerError` where it cannot be read, or not be written.
  package var files: [(name: String, contents: [UInt8])] {
    get throws(TokenizerError) {
      _ = try tokenizer
      let isOfBytes = model == "gpt2"
      let contents = try isOfBytes ? Array(json.line.utf8) : sentencePiece
      let config = try self.config(isOfBytes: isOfBytes)
      return [
        (isOfBytes ? "tokenizer.json" : "tokenizer.model", contents),
        ("tokenizer_config.json", Array(config.document.utf8)),
      ]
    }
  }

  private func text(_ id: Int) -> String { String(decoding: tokens[id], as: UTF8.self) }

  private func type(_ id: Int) -> PieceType? {
    types.isEmpty ? .normal : PieceType(rawValue: types[id])
  }

  /// The ids at the beginning and at the end of a text.
  private var around: (before: [Int], after: [Int]) {
    get throws(TokenizerError) {
      let isUsual = try model == "gpt2" ? rule.addsBOS : true
      return (
        addsBOS ?? isUsual ? [bos].compactMap { $0 } : [],
        addsEOS ?? false ? [eos].compactMap { $0 } : []
      )
    }
  }

  private func config(isOfBytes: Bool) throws(TokenizerError) -> JSON {
    var members: [JSON.Member] = [
      .init("tokenizer_class", isOfBytes ? "PreTrainedTokenizerFast" : "LlamaTokenizer"),
      .init("clean_up_tokenization_spaces", false),
    ]
    for (key, id) in [("bos_token", bos), ("eos_token", eos)] {
      if let id { members.append(.init(key, .string(text(id)))) }
    }
    if let template = chatTemplate { members.append(.init("chat_template", template)) }
    if isOfBytes { return .object(members) }
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
  private var added: [(id: Int, json: JSON)] {
    (0..<tokens.count).compactMap { id in
      let type = self.type(id)
      let isUnknown = type == .unknown && model != "gpt2"
      guard !tokens[id].isEmpty, type == .control || type == .user || isUnknown else { return nil }
      let token: JSON = [
        "content": .string(text(id)), "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": .bool(type != .user),
      ]
      return (id, token)
    }
  }

  // MARK: tokenizer.json

  private var json: JSON {
    get throws(TokenizerError) {
      let rule = try self.rule
      let vocabulary = (0..<tokens.count).filter { !tokens[$0].isEmpty }.map {
        JSON.Member(text($0), .integer($0))
      }
      let lines = (0..<merges.count).map {
        JSON.string(String(decoding: merges[$0], as: UTF8.self))
      }
      let byteLevel: JSON = [
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
        "use_regex": .bool(rule.isGPT2),
      ]
      let splits = rule.patterns.map { pattern -> JSON in
        [
          "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated",
          "invert": false,
        ]
      }
      return [
        "version": "1.0", "truncation": .null, "padding": .null,
        "added_tokens": .array(
          added.map { .object([.init("id", .integer($0.id))] + $0.json.members) }),
        "normalizer": rule.isNormalized ? ["type": "NFC"] : .null,
        "pre_tokenizer": ["type": "Sequence", "pretokenizers": .array(splits + [byteLevel])],
        "post_processor": try template, "decoder": byteLevel,
        "model": [
          "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
          "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
          "ignore_merges": .bool(rule.ignoresMerges), "vocab": .object(vocabulary),
          "merges": .array(lines),
        ],
      ]
    }
  }

  /// The post-processor; null where nothing stands around a text.
  private var template: JSON {
    get throws(TokenizerError) {
      let (before, after) = try around
      if before.isEmpty, after.isEmpty { return .null }
      func special(_ id: Int, _ type: Int) -> JSON {
        ["SpecialToken": ["id": .string(text(id)), "type_id": .integer(type)]]
      }
      func part(_ name: String, _ type: Int) -> [JSON] {
        let text: JSON = ["Sequence": ["id": .string(name), "type_id": .integer(type)]]
        return before.map { special($0, type) } + [text] + after.map { special($0, type) }
      }
      let ids = Set(before + after).sorted()
      let tokens = ids.map { id in
        JSON.Member(
          text(id),
          ["id": .string(text(id)), "ids": [.integer(id)], "tokens": [.string(text(id))]])
      }
      return [
        "type": "TemplateProcessing", "single": .array(part("A", 0)),
        "pair": .array(part("A", 0) + part("B", 1)), "special_tokens": .object(tokens),
      ]
    }
  }

  // MARK: tokenizer.model

  private var sentencePiece: [UInt8] {
    get throws(TokenizerError) {
      // They are searched in the text as it is given here, and behind a first blank there.
      if (0..<tokens.count).contains(where: { type($0) == .user }) {
        throw TokenizerError("tokens of the type 4 cannot be said in a tokenizer.model")
      }
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
      // Byte-pair encoding, with byte fallback; -1 is no token.
      for (field, number) in [
        (3, 2), (35, 1), (40, unknown ?? -1), (41, bos ?? -1), (42, eos ?? -1),
      ] {
        Self.append(field, number: number, to: &trainer)
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
