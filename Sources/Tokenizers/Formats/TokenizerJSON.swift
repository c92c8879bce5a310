// TokenizerJSON: reads a tokenizer.json, Hugging Face's format, which says all of a tokenizer.

import Config

/// Reads the text of a tokenizer.json.
struct TokenizerJSON {
  private var small: [JSON.Member] = []
  private var model = ModelJSON()

  /// - Throws: `TokenizerError`, which says what is wrong, at its key.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    guard UTF8Text.isValid(bytes) else { throw TokenizerError("it is no UTF-8") }
    var reader = JSONReader(bytes)
    do {
      try reader.openObject()
      while let key = try reader.nextKey() {
        if key == "model" {
          guard !model.isRead else { throw TokenizerError(at: key, "it is there twice") }
          try model.read(&reader)
        } else {
          small.append(JSON.Member(key, try reader.value()))
        }
      }
      try reader.end()
    } catch let error as TokenizerError {
      throw error
    } catch {
      throw TokenizerError("\(error)")
    }
    guard model.isRead else { throw TokenizerError(at: "model", "it is missing") }
  }

  /// The tokenizer.
  ///
  /// - Parameter config: what stands beside it in a tokenizer_config.json.
  func parts(_ config: TokenizerConfig) throws(TokenizerError) -> Tokenizer.Parts {
    let root = JSONPart(value: .object(small), path: "")
    let pre = try root.part("pre_tokenizer").map { (part) throws(TokenizerError) in
      try part.preTokenizer()
    }
    var parts = Tokenizer.Parts(model: try model.bpe(isOfBytes: pre?.isOfBytes ?? false))
    parts.preTokenizer = pre?.preTokenizer
    parts.normalizer = try root.part("normalizer")?.normalizer()
    parts.postProcessor = try root.part("post_processor")?.postProcessor() ?? PostProcessor()
    parts.decoder = try root.part("decoder")?.decoder()
    for part in try root.part("added_tokens")?.list() ?? [] {
      parts.added.append(try part.addedToken())
    }
    try check(parts)
    parts.bos = config.id(of: config.bos, in: parts) ?? parts.postProcessor.before.first
    parts.eos = config.id(of: config.eos, in: parts) ?? parts.postProcessor.after.last
    return parts
  }

  private func check(_ parts: Tokenizer.Parts) throws(TokenizerError) {
    var contents: [[UInt8]: Int32] = [:]
    var ids: [Int32: [UInt8]] = [:]
    for (index, token) in parts.added.enumerated() {
      func fault(_ problem: String) -> TokenizerError {
        let content = String(decoding: token.content, as: UTF8.self)
        return TokenizerError(
          at: "added_tokens[\(index)]", "'\(content)' has the id \(token.id), \(problem)")
      }
      if let other = contents.updateValue(token.id, forKey: token.content), other != token.id {
        throw fault("and another time \(other)")
      }
      if let other = ids.updateValue(token.content, forKey: token.id), other != token.content {
        throw fault("which '\(String(decoding: other, as: UTF8.self))' has too")
      }
      if let own = parts.model.id(ofPiece: token.content), own != token.id {
        throw fault("and \(own) in the vocabulary")
      }
      if let own = parts.model.piece(token.id), own != token.content {
        throw fault("which '\(String(decoding: own, as: UTF8.self))' has in the vocabulary")
      }
    }
  }
}

extension JSONPart {
  fileprivate func addedToken() throws(TokenizerError) -> AddedToken {
    let id = try needed("id").whole()
    let isSpecial = try bool("special", absent: false)
    // Ids leave few holes, as those of the vocabulary do.
    guard id < 1 << 24 else { throw fault("the id \(id) is that of no token") }
    let content = try needed("content")
    // All of it may be compared at each place of a text.
    guard try content.bytes().count <= 1000 else { throw content.fault("it has over 1000 bytes") }
    return AddedToken(
      id: Int32(id), content: try content.bytes(), isSpecial: isSpecial,
      isNormalized: try bool("normalized", absent: !isSpecial),
      stripsLeft: try bool("lstrip", absent: false),
      stripsRight: try bool("rstrip", absent: false),
      isSingleWord: try bool("single_word", absent: false))
  }
}

extension BPE {
  /// A token as its file writes it.
  func piece(_ id: Int32) -> [UInt8]? {
    guard let bytes = vocabulary[id] else { return nil }
    return isWrittenInBytes(id) ? ByteAlphabet.encoded(bytes) : Array(bytes)
  }

  /// The id of a token as its file writes it.
  func id(ofPiece piece: [UInt8]) -> Int32? {
    guard options.isOfBytes else { return vocabulary.id(of: piece) }
    var bytes: [UInt8] = []
    guard piece.withUnsafeBufferPointer({ ByteAlphabet.decode($0, into: &bytes) }) else {
      return foreign.first { vocabulary[$0].map { Array($0) } == piece }
    }
    return vocabulary.id(of: bytes)
  }
}
