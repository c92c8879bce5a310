// MutatedTokenizers: files of tokenizers with something wrong in them. Whatever is in them, they are
// read or refused in one sentence, and what is read encodes and decodes all texts, or says in one
// sentence why it does not. The tests try a few thousand of each kind, `make fuzz` as many as one
// likes under AddressSanitizer.

import Config
package import TestSupport
package import Tokenizers

/// A kind of file that is damaged.
package enum MutatedTokenizers: String, CaseIterable, Sendable {
  /// The bytes of a tokenizer.json.
  case bytes = "tokenizer.json"
  /// Its values: components that no tokenizer puts together.
  case components = "tokenizer.json-components"
  case sentencePiece = "tokenizer.model"
  /// vocab.json and merges.txt.
  case gpt2 = "vocab-and-merges"
  /// tokenizer_config.json, special_tokens_map.json and added_tokens.json, beside whole files.
  case companions = "tokenizer-companions"

  /// Tries so many mutations; the same ones for the same seed.
  package func run(_ count: Int, seed: Int = 1) throws -> MutationOutcome {
    var mutator = FileMutator(seed: seed, words: Self.words)
    var outcome = MutationOutcome()
    let names =
      self == .sentencePiece ? TokenizerFixture.ofSentencePiece : TokenizerFixture.ofJSON
    let fixtures = try names.map { try TokenizerFixture($0) }
    let gpt2 = try TokenizerFixture("gpt2").ofGPT2
    let folders = try TokenizerFolders()
    for round in 0..<count {
      let fixture = fixtures[round % fixtures.count]
      switch self {
      case .bytes, .sentencePiece:
        let bytes = mutator.next(fixture.contents, header: 1500, trailer: 1500)
        outcome.note { try Self.fault(Tokenizer(contents: bytes)) }
      case .components:
        var json = fixture.json ?? .null
        for _ in 0...mutator.number(below: 3) { json = Self.mutated(json, &mutator) }
        let bytes = Array(json.line.utf8)
        outcome.note { try Self.fault(Tokenizer(contents: bytes)) }
      case .gpt2:
        var (vocabulary, merges) = gpt2
        if mutator.number(below: 2) == 0 {
          vocabulary = mutator.next(vocabulary, header: vocabulary.count)
        } else {
          merges = mutator.next(merges, header: merges.count)
        }
        outcome.note {
          try Self.fault(Tokenizer(vocabulary: vocabulary, merges: merges))
        }
      case .companions:
        let path = try folders.next(round) { file in
          let bytes = Array(file.line.utf8)
          switch mutator.number(below: 3) {
          case 0: return bytes
          case 1: return mutator.next(bytes, header: bytes.count)
          default: return Array(Self.mutated(file, &mutator).line.utf8)
          }
        }
        outcome.note { try Self.fault(Tokenizer.open(path)) }
      }
    }
    return outcome
  }

  /// Encodes and decodes with a tokenizer whose file was damaged.
  ///
  /// - Returns: what is wrong with what it makes of texts; nil where nothing is.
  package static func fault(_ tokenizer: Tokenizer) throws -> String? {
    for text in texts {
      let encoding = try tokenizer.encoding(of: text)
      let ids = encoding.tokens
      guard ids.allSatisfy({ $0 >= 0 && $0 < tokenizer.count }) else { return "an id of no token" }
      let lost = encoding.untokenized
      guard Untokenized(words: lost.words) == lost, lost.isEmpty == lost.list.isEmpty else {
        return "what is lost cannot be kept: \(lost.bytes) bytes of \(lost.list)"
      }
      var stream = StreamingDecoder(tokenizer)
      for id in ids { _ = stream.append(id) }
      _ = stream.finish()
      _ = tokenizer.decode(ids)
      _ = tokenizer.bytes(of: ids, skippingSpecial: false)
    }
    for id in 0..<Int32(min(tokenizer.count, 600)) {
      _ = tokenizer.decode([id], skippingSpecial: false)
      if let piece = tokenizer.piece(id) { _ = tokenizer.id(of: piece) }
    }
    _ = tokenizer.decode([-1, 0, 1, Int32(tokenizer.count), .max], skippingSpecial: false)
    return nil
  }

  /// Those of the fixtures, long ones of one character, and bytes that are no UTF-8.
  private static let texts: [[UInt8]] =
    ((try? TokenizerFixture.texts) ?? []).map { Array($0.utf8) } + [
      [UInt8](repeating: UInt8(ascii: "a"), count: 2000),
      [UInt8](repeating: UInt8(ascii: " "), count: 2000) + Array("b".utf8),
      Array(String(repeating: "\u{301}", count: 300).utf8),
      [0xFF, 0x80, 0xE0, 0x61, 0xF0, 0x9F], [0xC0, 0xAF, 0xED, 0xA0, 0x80, 0xF4, 0x90],
    ]
}

// What is put into files.

extension MutatedTokenizers {
  private static let words = [
    "\"", "{", "}", "[", "]", ",", ":", "0", "-1", "1e9", "4611686018427387904", "null", "true",
    "false", "[[[[", "\\u0000", "\\ud800", "\"Sequence\"", "\"ByteLevel\"", "\"Split\"",
    "{\"Regex\":\"(a*)*b\"}", "{\"Regex\":\"\"}", "{\"Regex\":\"[^x]*?\"}", "{\"String\":\"\"}",
    "\"Metaspace\"", "\"ids\":[7]", "\"id\":99999999", "\"content\":\"\"", "▁", "<0x00>", " ", "\n",
    "\"type\":", "\"Removed\"", "(", ")", "*", "\\\\K", "(?<=a)", "(?R)", "{1,3}", "\\\\s", "|",
    "\t", "\r\n", "#version", "Ġ", "\u{0}",
  ]

  /// What stands in place of a value.
  private static let values: [JSON] =
    [.null, 0, -1, 3, 1_000_000, 0.5, true, false, "", " ", "a", "▁", "🙂", [], [1, 2], [:]] + parts

  /// Components and patterns, sensible ones and others.
  private static let parts: [JSON] =
    [
      ["type": "NFC"], ["type": "NFKD"], ["type": "Lowercase"], ["type": "Strip"],
      ["type": "Prepend", "prepend": "▁"], ["type": "Prepend", "prepend": ""],
      ["type": "Replace", "pattern": ["String": ""], "content": "xy"],
      ["type": "Replace", "pattern": ["Regex": "(?=a)|\\b"], "content": "▁"],
      ["type": "ByteLevel"], ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
      ["type": "Digits", "individual_digits": true], ["type": "Whitespace"],
      ["type": "Metaspace", "replacement": "a", "prepend_scheme": "first", "split": true],
      ["type": "Metaspace", "replacement": "▁", "add_prefix_space": false],
      ["type": "Fuse"], ["type": "ByteFallback"],
      ["type": "Strip", "content": " ", "start": 3, "stop": 7],
      ["type": "Sequence", "normalizers": [], "pretokenizers": [], "decoders": []],
      [
        "id": 3, "content": " ", "lstrip": true, "rstrip": true, "normalized": true,
        "single_word": true,
      ],
      ["id": 70_000, "content": "aa", "special": true], ["id": 0, "content": ""],
    ]
    + ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"].flatMap {
      behavior -> [JSON] in
      [
        ["type": "Punctuation", "behavior": .string(behavior)],
        ["type": "Split", "pattern": ["String": "a"], "behavior": .string(behavior)],
      ]
        + patterns.map {
          [
            "type": "Split", "pattern": ["Regex": .string($0)], "behavior": .string(behavior),
            "invert": .bool(behavior == "Removed"),
          ]
        }
    }

  /// Expressions that match nothing, everything, or with much ado.
  private static let patterns = [
    "", ".", "^", "$", "\\b", "(?=.)", "(?<=a)", "\\s+(?!\\S)|\\s+", "(?:a+)+$(?<=b)", "a*b|.",
    "(?:a|aa)+c", "[\\p{L}\\s]*?\\z", "(.)\\1*", "(?i)ß|ſ", "\\X", "\\R", "(?>a*)ab",
    "\\p{N}{1,3}+",
  ]

  /// One value, however deep, replaced, taken out or put in.
  private static func mutated(_ json: JSON, _ mutator: inout FileMutator) -> JSON {
    switch json {
    case .object(var members) where !members.isEmpty:
      let place = mutator.number(below: members.count)
      let (key, value) = (members[place].key, members[place].value)
      switch mutator.number(below: 8) {
      case 0: members.remove(at: place)
      case 1, 2: members[place] = .init(key, mutator.any(values))
      default: members[place] = .init(key, mutated(value, &mutator))
      }
      return .object(members)
    case .array(var elements) where !elements.isEmpty:
      let place = mutator.number(below: elements.count)
      switch mutator.number(below: 6) {
      case 0: elements.remove(at: place)
      case 1: elements.insert(mutator.any(parts), at: place)
      case 2: elements[place] = mutator.any(values)
      default: elements[place] = mutated(elements[place], &mutator)
      }
      return .array(elements)
    default: return mutator.any(values)
    }
  }
}
