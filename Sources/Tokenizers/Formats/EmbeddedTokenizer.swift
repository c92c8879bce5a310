// EmbeddedTokenizer: what a GGUF file says of its tokenizer, and the pipeline that this means.

/// The keys `tokenizer.*` of a GGUF file; who reads the file fills them in.
package struct EmbeddedTokenizer: Sendable {
  /// `gpt2` or `llama`.
  package var model = ""
  /// By what rule texts are cut; `gpt2` alone.
  package var pre: String?
  package var tokens = PackedStrings()
  package var types: [Int] = []
  /// `llama` alone.
  package var scores: [Float] = []
  /// Two tokens with a blank between them; `gpt2` alone.
  package var merges = PackedStrings()
  package var bos, eos, unknown: Int?
  package var addsBOS, addsEOS, addsSpacePrefix: Bool?
  /// How conversations are put, in Jinja, by `default` and further names: for other programs, and
  /// nothing that tells tokenizers apart.
  package var chatTemplates: [(name: String, text: String)] = []

  package init() {}

  /// All that makes its tokens, as bytes: what tells it from any other.
  package var contents: [UInt8] {
    let lists = [tokens, merges].flatMap { list in
      (0..<list.count).flatMap { Array("\(list[$0].count) ".utf8) + list[$0] }
    }
    let numbers = [bos, eos, unknown].map { $0.map(String.init) ?? "none" }
    let flags = [addsBOS, addsEOS, addsSpacePrefix].map { $0.map { "\($0)" } ?? "none" }
    let rest = types.map(String.init) + scores.map { "\($0.bitPattern)" } + numbers + flags
    return Array("\(model) \(pre ?? "none") \(tokens.count) \(merges.count) ".utf8) + lists
      + Array(rest.joined(separator: " ").utf8)
  }

  /// - Throws: `TokenizerError`, which names the key.
  package var tokenizer: Tokenizer {
    get throws(TokenizerError) {
      var parts: Tokenizer.Parts
      var addsBOSUnlessSaid = true
      switch model {
      case "llama": parts = try sentencePieces
      case "gpt2": (parts, addsBOSUnlessSaid) = try bytePieces
      default:
        throw TokenizerError(
          at: "tokenizer.ggml.model", "'\(model)' cannot be read; what can: gpt2, llama")
      }
      parts.bos = try id(bos, "bos")
      parts.eos = try id(eos, "eos")
      if addsBOS ?? addsBOSUnlessSaid, let bos = parts.bos { parts.postProcessor.before = [bos] }
      if addsEOS ?? false, let eos = parts.eos { parts.postProcessor.after = [eos] }
      return try Tokenizer(parts)
    }
  }

  func id(_ id: Int?, _ name: String) throws(TokenizerError) -> Int32? {
    guard let id else { return nil }
    guard id >= 0, id < tokens.count else {
      throw TokenizerError(
        at: "tokenizer.ggml.\(name)_token_id",
        "it is \(id), and tokens have the ids 0 to \(tokens.count - 1)")
    }
    return Int32(id)
  }

  /// Each text between special tokens gets a blank, as llama.cpp has it.
  private var sentencePieces: Tokenizer.Parts {
    get throws(TokenizerError) {
      let pieces = try ScoredPieces(tokens, scores: scores, types: types)
      let unknown = try id(self.unknown, "unknown").map { Int($0) }
      var parts = Tokenizer.Parts(
        model: try pieces.bpe(unknown: unknown, hasByteFallback: true))
      let addsPrefix = addsSpacePrefix ?? true
      parts.normalizer = NormalizerSequence(
        parts: ScoredPieces.normalizers(addsPrefix: addsPrefix))
      parts.decoder = ScoredPieces.decoder(stripsPrefix: addsPrefix)
      parts.added = pieces.added { $0 == .control || $0 == .user || $0 == .unknown }.map {
        AddedToken(
          id: $0, content: pieces.string($0), isSpecial: pieces.type(Int($0)) != .user)
      }
      return parts
    }
  }

  /// That which `pre` names.
  var rule: EmbeddedRule {
    get throws(TokenizerError) {
      guard let pre, let rule = EmbeddedRule.all.first(where: { $0.names.contains(pre) }) else {
        let known = EmbeddedRule.all.flatMap(\.names).joined(separator: ", ")
        throw TokenizerError(
          at: "tokenizer.ggml.pre",
          pre.map { "'\($0)' is not known; what is: \(known)" }
            ?? "it is missing, and so the rule by which texts are cut")
      }
      return rule
    }
  }

  private var bytePieces: (Tokenizer.Parts, addsBOS: Bool) {
    get throws(TokenizerError) {
      let rule = try self.rule
      guard types.isEmpty || types.count == tokens.count else {
        throw TokenizerError(
          at: "tokenizer.ggml.token_type",
          "it has \(types.count) elements for \(tokens.count) tokens"
        )
      }
      var list = MergeList()
      for index in 0..<merges.count {
        do {
          try list.append { $0.append(contentsOf: merges[index]) }
        } catch {
          throw TokenizerError(at: "tokenizer.ggml.merges[\(index)]", "it is not two tokens")
        }
      }
      func type(_ index: Int) -> PieceType? {
        types.isEmpty ? .normal : PieceType(rawValue: types[index])
      }
      let builder = try BPEBuilder(tokens, ids: Array(0..<tokens.count), isOfBytes: true) {
        type($0) != .unused
      }
      var options = BPE.Options()
      options.isOfBytes = true
      options.ignoresMerges = rule.ignoresMerges
      var parts = Tokenizer.Parts(model: try builder.bpe(list, options))
      parts.normalizer = rule.isNormalized ? NormalForm.NFC : nil
      parts.preTokenizer = try rule.preTokenizer
      parts.decoder = ByteLevelDecoder()
      for index in 0..<tokens.count where !tokens[index].isEmpty {
        guard let type = type(index), type == .control || type == .user else { continue }
        parts.added.append(
          AddedToken(
            id: Int32(index), content: Array(tokens[index]), isSpecial: type == .control))
      }
      return (parts, rule.addsBOS)
    }
  }
}

/// How texts are cut, by the names that GGUF files have for it.
struct EmbeddedRule {
  let names: [String]
  /// Regular expressions, one after another.
  var patterns: [String] = []
  var isGPT2 = false
  var ignoresMerges = false
  var addsBOS = false
  var isNormalized = false

  var preTokenizer: any PreTokenizer {
    get throws(TokenizerError) {
      var parts: [any PreTokenizer] = []
      for pattern in patterns { parts.append(Split(.regex(try Regex(pattern)), .isolated)) }
      parts.append(try ByteLevel(addsSpace: false, usesRegex: isGPT2))
      return PreTokenizerSequence(parts: parts)
    }
  }

  static let all: [EmbeddedRule] = [
    EmbeddedRule(names: ["gpt-2", "phi-2", "mpt", "olmo"], isGPT2: true),
    EmbeddedRule(
      names: ["smollm", "starcoder", "refact", "command-r", "codeshell"],
      patterns: [#"\p{N}"#], isGPT2: true),
    EmbeddedRule(
      names: ["llama-bpe", "llama3", "llama-v3", "falcon3"], patterns: [Scanner.cl100k("{1,3}")],
      ignoresMerges: true, addsBOS: true),
    EmbeddedRule(names: ["dbrx", "smaug-bpe"], patterns: [Scanner.cl100k("{1,3}")]),
    EmbeddedRule(
      names: ["qwen2", "deepseek-r1-qwen"], patterns: [Scanner.cl100k("")], isNormalized: true),
    EmbeddedRule(names: ["stablelm2"], patterns: [Scanner.cl100k("")]),
    EmbeddedRule(
      names: ["tekken"], patterns: [Scanner.tekken], ignoresMerges: true, addsBOS: true),
    EmbeddedRule(names: ["gpt-4o", "llama4"], patterns: [Scanner.o200k]),
  ]
}
