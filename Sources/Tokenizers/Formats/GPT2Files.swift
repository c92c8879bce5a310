// GPT2Files: reads vocab.json and merges.txt, GPT-2's files and Qwen's, from before there was a
// tokenizer.json.

import Config

enum GPT2Files {
  /// Whose files they are, by the names of transformers' classes: where no config says it, GPT-2's.
  private enum Kind: String, CaseIterable {
    case gpt2 = "GPT2Tokenizer"
    case qwen2 = "Qwen2Tokenizer"
    case roberta = "RobertaTokenizer"
    // The same under other names.
    case bart = "BartTokenizer"
    case longformer = "LongformerTokenizer"
    case led = "LEDTokenizer"

    /// - Throws: `TokenizerError`, which names a class whose rules are not known.
    init(_ className: String?) throws(TokenizerError) {
      guard let className else {
        self = .gpt2
        return
      }
      let fast = "Fast"
      let name = className.hasSuffix(fast) ? String(className.dropLast(fast.count)) : className
      guard let kind = Kind(rawValue: name) else {
        let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw TokenizerError(
          "the 'tokenizer_class' beside it, '\(className)', cannot be read from these files; what "
            + "can: \(known)")
      }
      self = kind
    }

    func preTokenizer(addsSpace: Bool) throws(TokenizerError) -> any PreTokenizer {
      switch self {
      case .qwen2:
        return PreTokenizerSequence(parts: [
          Split(.regex(try Regex(Scanner.cl100k(""))), .isolated),
          try ByteLevel(addsSpace: addsSpace, usesRegex: false),
        ])
      default: return try ByteLevel(addsSpace: addsSpace, usesRegex: true)
      }
    }

    /// The tokens that the class has where no config names others, by the keys of a config.
    var special: [String: String] {
      let end = "<|endoftext|>"
      return switch self {
      case .gpt2: ["bos_token": end, "eos_token": end, "unk_token": end]
      case .qwen2: ["eos_token": end, "unk_token": end]
      case .roberta, .bart, .longformer, .led:
        [
          "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "sep_token": "</s>",
          "pad_token": "<pad>", "cls_token": "<s>", "mask_token": "<mask>",
        ]
      }
    }

    /// The keys of the tokens that stand around every text; nil where a config says whether there
    /// are some.
    var around: (before: String, after: String)? {
      switch self {
      case .gpt2, .qwen2: nil
      case .roberta, .bart, .longformer, .led: ("cls_token", "sep_token")
      }
    }
  }

  /// - Parameter merges: merges.txt: two parts a line; a first line with `#version` is none.
  static func model(
    _ vocabulary: BPEBuilder, merges: [UInt8]
  ) throws(TokenizerError) -> BPE {
    var options = BPE.Options()
    options.isOfBytes = true
    return try vocabulary.bpe(try list(merges), options)
  }

  static func parts(
    _ model: BPE, _ config: TokenizerConfig
  ) throws(TokenizerError) -> Tokenizer.Parts {
    let kind = try Kind(config.className)
    var parts = Tokenizer.Parts(model: model)
    parts.normalizer = kind == .qwen2 ? NormalForm.NFC : nil
    parts.preTokenizer = try kind.preTokenizer(addsSpace: config.addsSpace)
    parts.decoder = ByteLevelDecoder()
    parts.added = config.added
    let special = specialTokens(kind, config)
    var known = Set(parts.added.map(\.content))
    for var token in TokenizerConfig.keys.compactMap({ special[$0] })
      + config.special.map(AddedToken.init(special:))
    {
      guard let id = parts.model.id(ofPiece: token.content), known.insert(token.content).inserted
      else { continue }
      token.id = id
      parts.added.append(token)
    }
    try parts.checkAdded { _ in "added_tokens" }
    func id(_ key: String) -> Int32? { special[key].flatMap { parts.id(of: $0.content) } }
    parts.bos = id("bos_token")
    parts.eos = id("eos_token")
    if let around = kind.around {
      func needed(_ key: String) throws(TokenizerError) -> Int32 {
        if let id = id(key) { return id }
        let content = String(decoding: special[key]?.content ?? [], as: UTF8.self)
        throw TokenizerError(
          "it lacks '\(content)', the '\(key)' that \(kind.rawValue) puts around every text")
      }
      parts.postProcessor.before = [try needed(around.before)]
      parts.postProcessor.after = [try needed(around.after)]
    } else {
      if config.addsBOS ?? false, let bos = parts.bos { parts.postProcessor.before = [bos] }
      if config.addsEOS ?? false, let eos = parts.eos { parts.postProcessor.after = [eos] }
    }
    return parts
  }

  /// Those that a config names, else those of the class, by their keys.
  private static func specialTokens(_ kind: Kind, _ config: TokenizerConfig) -> [String: AddedToken]
  {
    kind.special.mapValues { AddedToken(special: $0) }.merging(config.named) { $1 }
  }

  /// - Parameter bytes: vocab.json: the tokens and their ids.
  static func vocabulary(_ bytes: [UInt8]) throws(TokenizerError) -> BPEBuilder {
    guard UTF8Text.isValid(bytes) else { throw TokenizerError("the vocabulary is no UTF-8") }
    var strings = PackedStrings()
    var ids: [Int] = []
    do throws(JSONError) {
      var reader = JSONReader(bytes)
      try reader.openObject()
      while try strings.append({ (bytes) throws(JSONError) in
        try reader.nextKey(appendedTo: &bytes)
      }) {
        ids.append(try reader.whole())
      }
      strings.removeLast()
      try reader.end()
    } catch {
      throw TokenizerError("the vocabulary is \(error)")
    }
    return try BPEBuilder(strings, ids: ids, isOfBytes: true)
  }

  private static func list(_ bytes: [UInt8]) throws(TokenizerError) -> MergeList {
    guard UTF8Text.isValid(bytes) else { throw TokenizerError("the merges are no UTF-8") }
    var list = MergeList()
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() {
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      if line.isEmpty || line.starts(with: "#version".utf8) { continue }
      let words = line.split(
        separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
      guard words.count == 2, !words.contains(where: \.isEmpty) else {
        throw TokenizerError(
          "line \(number + 1) of the merges, '\(String(decoding: line, as: UTF8.self))', is not two "
            + "tokens with a blank between them")
      }
      for word in words { list.appendPart { $0.append(contentsOf: word) } }
    }
    return list
  }
}
