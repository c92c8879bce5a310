// TokenizerConfig: what a tokenizer_config.json, a special_tokens_map.json and an added_tokens.json
// say beside a tokenizer's own file.

import Config

/// The keys of a tokenizer_config.json that matter here.
struct TokenizerConfig {
  /// `tokenizer_class`: whose rules the files of GPT-2's form follow.
  private(set) var className: String?
  /// Special tokens by the keys that say what each is for; their ids are not told.
  private(set) var named: [String: AddedToken] = [:]
  /// Further special ones.
  private(set) var special: [String] = []
  /// Whether texts begin and end with them; nil where it is not said.
  private(set) var addsBOS, addsEOS: Bool?
  private(set) var addsSpace = false
  /// Tokens that the vocabulary may lack; a tokenizer.json says its own.
  private(set) var added: [AddedToken] = []

  static let keys = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  init() {}

  /// - Throws: `TokenizerError`, which says what is wrong, at its key.
  init(_ bytes: [UInt8]) throws(TokenizerError) {
    let root = try Self.root(bytes)
    className = try root.part("tokenizer_class")?.text()
    try name(root)
    addsBOS = try root.part("add_bos_token")?.bool()
    addsEOS = try root.part("add_eos_token")?.bool()
    addsSpace = try root.bool("add_prefix_space", absent: false)
    for (id, part) in try root.part("added_tokens_decoder")?.entries() ?? [] {
      guard let id = Int(id) else { throw part.fault("the id of a token is expected") }
      added.append(try part.addedToken(id: id))
    }
  }

  var bos: String? { content("bos_token") }
  var eos: String? { content("eos_token") }

  private func content(_ key: String) -> String? {
    named[key].map { String(decoding: $0.content, as: UTF8.self) }
  }

  private mutating func name(_ root: JSONPart) throws(TokenizerError) {
    for key in Self.keys { if let part = root.part(key) { named[key] = try part.specialToken() } }
    for part in try root.part("additional_special_tokens")?.list() ?? [] {
      special.append(try part.tokenText())
    }
  }

  /// Takes what a special_tokens_map.json says: where the config has no added tokens, it comes before
  /// the config.
  ///
  /// - Throws: `TokenizerError`, which says what is wrong, at its key.
  mutating func addMap(_ bytes: [UInt8]) throws(TokenizerError) {
    let root = try Self.root(bytes)
    if added.isEmpty { try name(root) }
  }

  /// Takes what an added_tokens.json says, where the config has no added tokens: ids by contents.
  ///
  /// - Throws: `TokenizerError`, which says what is wrong, at its key.
  mutating func addTokens(_ bytes: [UInt8]) throws(TokenizerError) {
    let entries = try Self.root(bytes).entries()
    guard added.isEmpty else { return }
    for (content, part) in entries {
      let bytes = Array(content.utf8)
      let isSpecial = special.contains(content) || named.values.contains { $0.content == bytes }
      let id = try part.whole()
      let token: JSON = ["content": .string(content), "special": .bool(isSpecial)]
      added.append(try JSONPart(value: token, path: part.path).addedToken(id: id))
    }
  }

  private static func root(_ bytes: [UInt8]) throws(TokenizerError) -> JSONPart {
    guard UTF8Text.isValid(bytes) else { throw TokenizerError("it is no UTF-8") }
    let root: JSONPart
    do {
      root = JSONPart(value: try JSON(reading: bytes), path: "")
    } catch {
      throw TokenizerError("\(error)")
    }
    guard case .object = root.value else { throw root.fault("an object is expected") }
    return root
  }

  /// The id of a token by its string.
  func id(of token: String?, in parts: Tokenizer.Parts) -> Int32? {
    token.flatMap { parts.id(of: Array($0.utf8)) }
  }
}

extension JSONPart {
  /// A token's string: itself, or the `content` of an object.
  fileprivate func tokenText() throws(TokenizerError) -> String {
    if case .object = value { return try needed("content").text() }
    return try text()
  }

  /// A special token without its id: as `tokenText`.
  fileprivate func specialToken() throws(TokenizerError) -> AddedToken {
    var members: [JSON.Member] = [.init("content", .string(try tokenText()))]
    if case .object(let own) = value {
      members += own.filter { !["content", "special"].contains($0.key) }
    }
    return try JSONPart(value: .object(members + [.init("special", true)]), path: path)
      .addedToken(id: 0)
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
