// GPT2Files: reads vocab.json and merges.txt, GPT-2's files, from before there was a tokenizer.json.

import Config

enum GPT2Files {
  /// - Parameters:
  ///   - vocabulary: vocab.json: the tokens and their ids.
  ///   - merges: merges.txt: two parts a line; a first line with `#version` is none.
  static func parts(
    vocabulary: [UInt8], merges: [UInt8], _ config: TokenizerConfig
  ) throws(TokenizerError) -> Tokenizer.Parts {
    let builder = try builder(vocabulary)
    var bpe = BPE.Options()
    bpe.isOfBytes = true
    var parts = Tokenizer.Parts(model: try builder.bpe(try list(merges), bpe))
    parts.preTokenizer = try ByteLevel(addsSpace: config.addsSpace, usesRegex: true)
    parts.decoder = ByteLevelDecoder()
    // GPT-2's own token, where no config names others.
    let end = "<|endoftext|>"
    for token in Set([config.bos ?? end, config.eos ?? end, config.unknown ?? end]) {
      guard let id = parts.model.id(ofPiece: Array(token.utf8)) else { continue }
      parts.added.append(AddedToken(id: id, content: Array(token.utf8), isSpecial: true))
    }
    parts.bos = config.id(of: config.bos ?? end, in: parts)
    parts.eos = config.id(of: config.eos ?? end, in: parts)
    if config.addsBOS ?? false, let bos = parts.bos { parts.postProcessor.before = [bos] }
    if config.addsEOS ?? false, let eos = parts.eos { parts.postProcessor.after = [eos] }
    return parts
  }

  private static func builder(_ bytes: [UInt8]) throws(TokenizerError) -> BPEBuilder {
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
    for (number, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
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
