// The tokenizer that a GGUF file brings: its keys `tokenizer.ggml.*`, and the form of conversations.

package import Tokenizers

extension GGUF {
  /// The tokenizer.
  ///
  /// - Throws: `TokenizerError`, which names the key that is missing or cannot be read.
  package var tokenizer: Tokenizer {
    get throws(TokenizerError) { try embedded.tokenizer }
  }

  /// Whether it brings one.
  var hasTokenizer: Bool { metadata["tokenizer.ggml.tokens"] != nil }

  /// How conversations are put: the usual form, and others by their names.
  private var chatTemplates: [(name: String, text: String)] {
    let key = "tokenizer.chat_template"
    let keys = metadata.keys.filter { $0 == key || $0.hasPrefix("\(key).") }
    return keys.sorted().compactMap { own in
      guard let text = metadata[own]?.text else { return nil }
      return (own == key ? "default" : String(own.dropFirst(key.count + 1)), text)
    }
  }

  /// What it says of its tokenizer.
  ///
  /// - Throws: `TokenizerError` where it has none.
  package var embedded: EmbeddedTokenizer {
    get throws(TokenizerError) {
      func value(_ key: String) -> GGUFValue? { metadata["tokenizer.ggml.\(key)"] }
      func elements(_ key: String) -> GGUFArray? { value(key)?.elements }
      guard let model = value("model")?.text, let tokens = elements("tokens") else {
        throw TokenizerError("the file brings no tokenizer: it has no 'tokenizer.ggml.tokens'")
      }
      var embedded = EmbeddedTokenizer()
      embedded.model = model
      embedded.pre = value("pre")?.text
      embedded.tokens = PackedStrings(tokens.lazy.map { $0.text ?? "" })
      if let merges = elements("merges") {
        embedded.merges = PackedStrings(merges.lazy.map { $0.text ?? "" })
      }
      embedded.types = elements("token_type")?.map { $0.whole ?? 0 } ?? []
      embedded.scores = elements("scores")?.map { Float($0.number ?? .nan) } ?? []
      embedded.bos = value("bos_token_id")?.whole
      embedded.eos = value("eos_token_id")?.whole
      embedded.unknown = value("unknown_token_id")?.whole
      embedded.addsBOS = value("add_bos_token")?.bool
      embedded.addsEOS = value("add_eos_token")?.bool
      embedded.addsSpacePrefix = value("add_space_prefix")?.bool
      embedded.chatTemplates = chatTemplates
      return embedded
    }
  }
}
