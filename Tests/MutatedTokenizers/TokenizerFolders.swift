// TokenizerFolders: tokenizers in folders of their own, with files beside them that say more of
// their tokens.

import Config
import Foundation
import TestSupport

/// Folders with a tokenizer in each form of files.
struct TokenizerFolders {
  private let folder: TemporaryFolder
  private static let names = ["two-files", "sentencepiece", "json"]

  init() throws {
    folder = try TemporaryFolder()
    let gpt2 = try TokenizerFixture("gpt2").ofGPT2
    try write(gpt2.vocabulary, to: "two-files/vocab.json")
    try write(gpt2.merges, to: "two-files/merges.txt")
    try write(TokenizerFixture("sentencepiece").contents, to: "sentencepiece/tokenizer.model")
    try write(TokenizerFixture("llama3").contents, to: "json/tokenizer.json")
  }

  private func write(_ bytes: [UInt8], to name: String) throws {
    let path = URL(filePath: folder.file(name))
    try FileManager.default.createDirectory(
      at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: path)
  }

  /// Writes the files beside one of the tokenizers.
  ///
  /// - Parameter changed: what is written of a file.
  /// - Returns: the path of the tokenizer's folder.
  func next(_ round: Int, changed: (JSON) -> [UInt8]) throws -> String {
    let name = Self.names[round % Self.names.count]
    // Where a config has added tokens, the other files say nothing that counts.
    let config = Self.config.filter { round / 3 % 2 == 0 || $0.key != "added_tokens_decoder" }
    try write(changed(.object(config)), to: "\(name)/tokenizer_config.json")
    try write(changed(Self.map), to: "\(name)/special_tokens_map.json")
    try write(changed(Self.added), to: "\(name)/added_tokens.json")
    return folder.file(name)
  }

  private static let config: [JSON.Member] = [
    .init("tokenizer_class", "Qwen2Tokenizer"), .init("add_bos_token", true),
    .init("add_eos_token", false), .init("add_prefix_space", false),
    .init("bos_token", ["content": "<s>", "lstrip": false, "normalized": false]),
    .init("eos_token", "</s>"), .init("unk_token", .null),
    .init("additional_special_tokens", ["<|im_start|>", ["content": "<|im_end|>"]]),
    .init(
      "added_tokens_decoder",
      [
        "0": ["content": "<unk>", "special": true],
        "370": ["content": "<|im_start|>", "special": true, "lstrip": true, "rstrip": true],
        "371": ["content": "the king", "single_word": true, "normalized": true],
      ]),
  ]
  private static let map: JSON = [
    "bos_token": "<s>", "eos_token": ["content": "</s>", "rstrip": true],
    "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
  ]
  private static let added: JSON = ["<|im_start|>": 370, "<|im_end|>": 371, "the king": 372]
}
