// The tokenizer of a GGUF file as a tokenizer.json.

import Config

extension EmbeddedTokenizer {
  var json: JSON {
    get throws(TokenizerError) {
      let cutting = try isOfBytes ? cuttingOfBytes : cuttingOfPieces
      return [
        "version": "1.0", "truncation": .null, "padding": .null,
        "added_tokens": .array(
          added.map { .object([.init("id", .integer($0.id))] + $0.json.members) }),
        "normalizer": cutting.normalizer, "pre_tokenizer": cutting.preTokenizer,
        "post_processor": try template, "decoder": cutting.decoder,
        "model": [
          "type": "BPE", "dropout": .null,
          "unk_token": .string(isOfBytes ? nil : unknown.map(text)),
          "continuing_subword_prefix": .null, "end_of_word_suffix": .null,
          "fuse_unk": .bool(!isOfBytes), "byte_fallback": .bool(!isOfBytes),
          "ignore_merges": .bool(try isOfBytes ? rule.ignoresMerges : false),
          "vocab": .object(vocabulary),
          "merges": .array(try isOfBytes ? mergesOfBytes : mergesOfPieces),
        ],
      ]
    }
  }

  private typealias Cutting = (normalizer: JSON, preTokenizer: JSON, decoder: JSON)

  private var cuttingOfBytes: Cutting {
    get throws(TokenizerError) {
      let rule = try self.rule
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
      return (
        rule.isNormalized ? ["type": "NFC"] : .null,
        ["type": "Sequence", "pretokenizers": .array(splits + [byteLevel])], byteLevel
      )
    }
  }

  /// Blanks become ▁, one before each text between added tokens.
  private var cuttingOfPieces: Cutting {
    let addsPrefix = addsSpacePrefix ?? true
    func replacing(_ old: String, _ new: String) -> JSON {
      ["type": "Replace", "pattern": ["String": .string(old)], "content": .string(new)]
    }
    let prefix: JSON = ["type": "Prepend", "prepend": "▁"]
    let strip: JSON = ["type": "Strip", "content": " ", "start": 1, "stop": 0]
    let decoders: [JSON] = [
      replacing("▁", " "), ["type": "ByteFallback"], ["type": "Fuse"],
    ]
    return (
      [
        "type": "Sequence",
        "normalizers": .array((addsPrefix ? [prefix] : []) + [replacing(" ", "▁")]),
      ], .null,
      ["type": "Sequence", "decoders": .array(decoders + (addsPrefix ? [strip] : []))]
    )
  }

  /// All tokens but unused ones that texts would be made of: those of one character, and bytes.
  private var vocabulary: [JSON.Member] {
    (0..<tokens.count).filter { id in
      let isFound = text(id).unicodeScalars.count == 1 || text(id).hasPrefix("<0x")
      return !tokens[id].isEmpty && !(type(id) == .unused && isFound)
    }.map { JSON.Member(text($0), .integer($0)) }
  }

  private var mergesOfBytes: [JSON] {
    (0..<merges.count).map { .string(String(decoding: merges[$0], as: UTF8.self)) }
  }

  private var mergesOfPieces: [JSON] {
    get throws(TokenizerError) {
      let pairs = try pieces.merges.map { [text(Int($0.left)), text(Int($0.right))] }
      // No text has a piece with a blank, which is ▁ by then.
      let blank = UInt8(ascii: " ")
      return pairs.filter { !$0.joined().utf8.contains(blank) }.map {
        .string($0.joined(separator: " "))
      }
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
}
