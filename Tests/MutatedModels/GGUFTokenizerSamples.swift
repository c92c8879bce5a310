// GGUF files with tokenizers: the small ones of the fixtures, as llama.cpp's converter writes them.

import Config
package import MutatedTokenizers
package import TestSupport

extension GGUFFile {
  /// Fixtures as such files, with the rules by which texts are cut.
  package static var tokenizers: [(file: GGUFFile, fixture: TokenizerFixture)] {
    get throws {
      try [
        ("gpt2", "gpt2", "gpt-2"), ("llama3", "gpt2", "llama-bpe"),
        ("mistral-legacy", "llama", nil),
      ].map { name, model, pre in
        let fixture = try TokenizerFixture(name)
        return (GGUFFile(fixture, model: model, pre: pre), fixture)
      }
    }
  }

  /// A file with the tokenizer of a tokenizer.json.
  ///
  /// - Parameters:
  ///   - model: `gpt2` or `llama`.
  ///   - pre: the rule by which texts are cut; nil where none is said.
  package init(_ fixture: TokenizerFixture, model: String, pre: String?) {
    let json = fixture.json ?? .null
    let added = json["added_tokens"]?.elements ?? []
    var tokens: [Int: String] = [:]
    for member in json["model"]?["vocab"]?.members ?? [] {
      tokens[member.value.whole ?? -1] = member.key
    }
    for token in added { tokens[token["id"]?.whole ?? -1] = token["content"]?.text }
    let special = Set(added.compactMap { $0["id"]?.whole })
    func text(_ text: String) -> [UInt8] { littleEndian(UInt32(8)) + Self.text(text) }
    func number(_ number: UInt32) -> [UInt8] { littleEndian(UInt32(4)) + littleEndian(number) }
    let all = (0..<tokens.count).map { tokens[$0] ?? "" }
    let types = all.indices.map { id in
      if model == "llama", id == 0 { return littleEndian(Int32(2)) }
      let isByte = model == "llama" && all[id].hasPrefix("<0x")
      return littleEndian(Int32(isByte ? 6 : special.contains(id) ? 3 : 1))
    }
    self.init()
    keys = [
      ("tokenizer.ggml.model", text(model)),
      ("tokenizer.ggml.tokens", Self.array(8, all.map { Self.text($0) })),
      ("tokenizer.ggml.token_type", Self.array(5, types)),
    ]
    if let pre { keys.append(("tokenizer.ggml.pre", text(pre))) }
    if model == "llama" {
      // The earlier a merge, the higher its result's score.
      var scores: [String: Float] = [:]
      for (rank, merge) in fixture.merges.enumerated() {
        let token = merge.replacing(" ", with: "")
        if scores[token] == nil { scores[token] = -Float(rank) }
      }
      let values = all.map { littleEndian((scores[$0] ?? -1e9).bitPattern) }
      keys.append(("tokenizer.ggml.scores", Self.array(6, values)))
      keys.append(("tokenizer.ggml.unknown_token_id", number(0)))
    } else {
      keys.append(
        ("tokenizer.ggml.merges", Self.array(8, fixture.merges.map { Self.text($0) })))
    }
    keys.append(("tokenizer.ggml.bos_token_id", number(1)))
  }
}
