// TokenizerConfig: what a tokenizer_config.json says of the tokens at the beginning and at the end.

import Config

/// The keys of a tokenizer_config.json that matter here.
struct TokenizerConfig {
  var bos, eos, unknown: String?
  /// Whether texts begin and end with them; nil where it is not said.
  var addsBOS, addsEOS: Bool?
  var addsSpace = false

  init() {}

  /// - Throws: `TokenizerError`, which says what is wrong, at its key.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    guard UTF8Text.isValid(bytes) else { throw TokenizerError("it is no UTF-8") }
    let root: JSONPart
    do {
      root = JSONPart(value: try JSON(reading: String(decoding: bytes, as: UTF8.self)), path: "")
    } catch {
      throw TokenizerError("\(error)")
    }
    bos = try root.token("bos_token")
    eos = try root.token("eos_token")
    unknown = try root.token("unk_token")
    addsBOS = try root.part("add_bos_token")?.bool()
    addsEOS = try root.part("add_eos_token")?.bool()
    addsSpace = try root.bool("add_prefix_space", absent: false)
  }

  /// The id of a token by its string.
  func id(of token: String?, in parts: Tokenizer.Parts) -> Int32? {
    guard let bytes = token.map({ Array($0.utf8) }) else { return nil }
    return parts.added.first { $0.content == bytes }?.id ?? parts.model.id(ofPiece: bytes)
  }
}

extension JSONPart {
  /// A token's string: itself, or the `content` of an object.
  fileprivate func token(_ key: String) throws(TokenizerError) -> String? {
    guard let part = part(key) else { return nil }
    if case .object = part.value { return try part.needed("content").text() }
    return try part.text()
  }
}
