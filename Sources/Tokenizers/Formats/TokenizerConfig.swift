// TokenizerConfig: what a tokenizer_config.json, and an added_tokens.json, say beside a tokenizer's
// own file.

import Config

/// The keys of a tokenizer_config.json that matter here.
struct TokenizerConfig {
  /// `tokenizer_class`: whose rules the files of GPT-2's form follow.
  private(set) var className: String?
  private(set) var bos, eos, unknown: String?
  /// Those three and whatever else is special.
  private(set) var special: [String] = []
  /// Whether texts begin and end with them; nil where it is not said.
  private(set) var addsBOS, addsEOS: Bool?
  private(set) var addsSpace = false
  /// Tokens that the vocabulary may lack; a tokenizer.json says its own.
  private(set) var added: [AddedToken] = []

  private static let specialKeys = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  init() {}

  /// - Throws: `TokenizerError`, which says what is wrong, at its key.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    let root = try Self.root(bytes)
    className = try root.part("tokenizer_class")?.text()
    bos = try root.part("bos_token")?.tokenText()
    eos = try root.part("eos_token")?.tokenText()
    unknown = try root.part("unk_token")?.tokenText()
    for key in Self.specialKeys {
      if let token = try root.part(key)?.tokenText() { special.append(token) }
    }
    for part in try root.part("additional_special_tokens")?.list() ?? [] {
      special.append(try part.tokenText())
    }
    addsBOS = try root.part("add_bos_token")?.bool()
    addsEOS = try root.part("add_eos_token")?.bool()
    addsSpace = try root.bool("add_prefix_space", absent: false)
    for (id, part) in try root.part("added_tokens_decoder")?.entries() ?? [] {
      guard let id = Int(id) else { throw part.fault("the id of a token is expected") }
      added.append(try part.addedToken(id: id))
    }
  }

  /// Takes what an added_tokens.json says, where the config has no added tokens: ids by contents.
  ///
  /// - Throws: `TokenizerError`, which says what is wrong, at its key.
  mutating func addTokens(_ bytes: [UInt8]) throws(TokenizerError) {
    let entries = try Self.root(bytes).entries()
    guard added.isEmpty else { return }
    for (content, part) in entries {
      let isSpecial = special.contains(content)
      let id = try part.whole()
      let token: JSON = ["content": .string(content), "special": .bool(isSpecial)]
      added.append(try JSONPart(value: token, path: part.path).addedToken(id: id))
    }
  }

  private static func root(_ bytes: [UInt8]) throws(TokenizerError) -> JSONPart {
    guard UTF8Text.isValid(bytes) else { throw TokenizerError("it is no UTF-8") }
    do {
      return JSONPart(value: try JSON(reading: String(decoding: bytes, as: UTF8.self)), path: "")
    } catch {
      throw TokenizerError("\(error)")
    }
  }

  /// The id of a token by its string.
  func id(of token: String?, in parts: Tokenizer.Parts) -> Int32? {
    guard let bytes = token.map({ Array($0.utf8) }) else { return nil }
    return parts.added.first { $0.content == bytes }?.id ?? parts.model.id(ofPiece: bytes)
  }
}

extension JSONPart {
  /// A token's string: itself, or the `content` of an object.
  fileprivate func tokenText() throws(TokenizerError) -> String {
    if case .object = value { return try needed("content").text() }
    return try text()
  }

  /// The members of an object.
  fileprivate func entries() throws(TokenizerError) -> [(key: String, part: JSONPart)] {
    guard case .object(let members) = value else { throw fault("an object is expected") }
    return members.map { member in
      (
        member.key,
        JSONPart(value: member.value, path: path.isEmpty ? member.key : "\(path).\(member.key)")
      )
    }
  }
}
