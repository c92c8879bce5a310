// GPT2Files: reads vocab.json and merges.txt, GPT-2's files and Qwen's, from before there was a
// tokenizer.json.

import Config

enum GPT2Files {
  /// Whose files they are, by the names of transformers' classes: where no config says it, GPT-2's.
  private enum Kind: String, CaseIterable {
    case gpt2 = "GPT2Tokenizer"
    case qwen2 = "Qwen2Tokenizer"

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
      case .gpt2: return try ByteLevel(addsSpace: addsSpace, usesRegex: true)
      case .qwen2:
        return PreTokenizerSequence(parts: [
          Split(.regex(try Regex(Scanner.cl100k(""))), .isolated),
          try ByteLevel(addsSpace: addsSpace, usesRegex: false),
        ])
      }
    }
  }

  /// The token around texts, where no config names others.
  private static let end = "<|endoftext|>"

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
    let bos = config.bos ?? (kind == .gpt2 ? end : nil)
    let eos = config.eos ?? end
    var known = Set(parts.added.map(\.content))
    for token in [bos, eos, config.unknown ?? end].compactMap({ $0 }) + config.special {
      let content = Array(token.utf8)
      guard let id = parts.model.id(ofPiece: content), known.insert(content).inserted else {
        continue
      }
      parts.added.append(AddedToken(id: id, content: content, isSpecial: true))
    }
    try parts.checkAdded { _ in "added_tokens" }
    parts.bos = config.id(of: bos, in: parts)
    parts.eos = config.id(of: eos, in: parts)
    if config.addsBOS ?? false, let bos = parts.bos { parts.postProcessor.before = [bos] }
    if config.addsEOS ?? false, let eos = parts.eos { parts.postProcessor.after = [eos] }
    return parts
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
