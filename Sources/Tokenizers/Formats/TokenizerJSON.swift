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
    var added: [AddedToken] = []
    for part in try root.part("added_tokens")?.list() ?? [] { added.append(try part.addedToken()) }
    var parts = Tokenizer.Parts(
      model: try model.bpe(isOfBytes: pre?.isOfBytes ?? false, added: added))
    parts.added = added
    parts.preTokenizer = pre?.preTokenizer
    parts.normalizer = try root.part("normalizer")?.normalizer()
    parts.postProcessor = try root.part("post_processor")?.postProcessor() ?? PostProcessor()
    parts.decoder = try root.part("decoder")?.decoder()
    try parts.checkAdded { "added_tokens[\($0)]" }
    parts.bos = config.id(of: config.bos, in: parts) ?? parts.postProcessor.before.first
    parts.eos = config.id(of: config.eos, in: parts) ?? parts.postProcessor.after.last
    return parts
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
