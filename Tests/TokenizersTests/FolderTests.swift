// Folders without a tokenizer.json: what the files beside the vocabulary say counts too.

import Config
import Foundation
import MutatedTokenizers
import TestSupport
import Testing
import Tokenizers

@Suite("folders without a tokenizer.json")
struct FolderTests {
  /// A folder with a fixture in GPT-2's two files.
  private func folder(_ fixture: TokenizerFixture) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let (vocabulary, merges) = fixture.ofGPT2
    try folder.write(String(decoding: vocabulary, as: UTF8.self), to: "vocab.json")
    try folder.write(String(decoding: merges, as: UTF8.self), to: "merges.txt")
    return folder
  }

  /// Those of a fixture by their ids, as a tokenizer_config.json has them.
  private func added(_ fixture: TokenizerFixture) throws -> [JSON.Member] {
    try #require(fixture.json?["added_tokens"]).elements.map { token in
      JSON.Member("\(token["id"]?.whole ?? -1)", token)
    }
  }

  @Test(arguments: ["Qwen2Tokenizer", "Qwen2TokenizerFast"])
  func `Qwen's two files are cut by Qwen's rule`(className: String) throws {
    let fixture = try TokenizerFixture("qwen")
    let folder = try folder(fixture)
    let config: JSON = [
      "tokenizer_class": .string(className), "eos_token": "<|im_end|>", "bos_token": .null,
      "added_tokens_decoder": .object(try added(fixture)),
    ]
    try folder.write(config.line, to: "tokenizer_config.json")
    let tokenizer = try Tokenizer.open(folder.path)
    for (text, ids) in zip(fixture.texts, fixture.ids) {
      #expect(try tokenizer.encode(text) == ids, "\(text.debugDescription)")
    }
    #expect(tokenizer.count == fixture.decoded.count && tokenizer.bos == nil)
    #expect(tokenizer.eos == 331 && tokenizer.isSpecial(330))
    #expect(tokenizer.decode([330, 65, 331]) == fixture.decoded[65])
  }

  @Test func `added tokens may have a file of their own`() throws {
    let fixture = try TokenizerFixture("gpt2")
    let folder = try folder(fixture)
    try folder.write(#"{"<|im_end|>": 331, "<tool>": 330}"#, to: "added_tokens.json")
    try folder.write(
      #"{"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|im_end|>"}"#,
      to: "tokenizer_config.json")
    #expect(Tokenizer.files(at: folder.path).count == 4)
    let tokenizer = try Tokenizer.open(folder.path)
    let parts = try tokenizer.encode("a") + [330] + tokenizer.encode(" b") + [331]
    #expect(try tokenizer.encode("a<tool> b<|im_end|>") == parts)
    #expect(tokenizer.eos == 331 && tokenizer.decode(parts) == "a<tool> b")
    // What the config says itself comes first.
    try folder.write(
      #"{"added_tokens_decoder": {"330": {"content": "<other>"}}}"#, to: "tokenizer_config.json")
    #expect(try Tokenizer.open(folder.path).id(of: "<tool>") == nil)
    #expect(try Tokenizer.open(folder.path).id(of: "<other>") == 330)
  }

  @Test func `a class whose rule is not known is refused by its name`() throws {
    let folder = try folder(TokenizerFixture("gpt2"))
    for (config, message) in [
      (
        #"{"tokenizer_class": "RobertaTokenizer"}"#,
        "the 'tokenizer_class' beside it, 'RobertaTokenizer', cannot be read from these files; what "
          + "can: GPT2Tokenizer, Qwen2Tokenizer"
      ),
      (
        #"{"added_tokens_decoder": {"5": {"content": "<x>"}}}"#,
        "'added_tokens': '<x>' has the id 5, which '%' has in the vocabulary"
      ),
      (
        #"{"added_tokens_decoder": {"x": {"content": "<x>"}}}"#,
        "'added_tokens_decoder.x': the id of a token is expected"
      ),
    ] {
      try folder.write(config, to: "tokenizer_config.json")
      let said = TokenizersTests.problem { _ = try Tokenizer.open(folder.path) }
      #expect(said.hasSuffix(message), "\(said)")
    }
  }

  @Test func `a SentencePiece model gets the tokens that its config adds`() throws {
    let fixture = try TokenizerFixture("sentencepiece")
    let folder = try TemporaryFolder()
    let plain = try fixture.tokenizer
    try Data(fixture.contents).write(to: URL(filePath: folder.file("tokenizer.model")))
    let count = Int32(plain.count)
    try folder.write(
      """
      {"tokenizer_class": "LlamaTokenizer", "eos_token": "<|im_end|>", "added_tokens_decoder": {
        "\(count)": {"content": "<|im_start|>", "special": true},
        "\(count + 1)": {"content": "<|im_end|>", "special": true}}}
      """, to: "tokenizer_config.json")
    let tokenizer = try Tokenizer.open(folder.path)
    #expect(tokenizer.eos == count + 1 && tokenizer.count == Int(count) + 2)
    let (before, after) = (try plain.encode("a b"), try plain.encode("c", addingSpecial: false))
    #expect(try tokenizer.encode("a b<|im_end|>c") == before + [count + 1] + after)
    #expect(tokenizer.decode(before + [count + 1]) == "a b")
    for text in fixture.texts where !text.contains("<|im_") {
      #expect(try tokenizer.encode(text) == plain.encode(text), "\(text.debugDescription)")
    }
  }

  @Test func `what is wrong is said of the file that it is in`() throws {
    let folder = try folder(TokenizerFixture("gpt2"))
    func said() -> String { TokenizersTests.problem { _ = try Tokenizer.open(folder.path) } }
    try folder.write("#version: 0.2\n\nt h\nthe\n", to: "merges.txt")
    #expect(
      said()
        == "could not read '\(folder.file("merges.txt"))': line 4 of the merges, 'the', is not two "
        + "tokens with a blank between them")
    try folder.write("t %%\n", to: "merges.txt")
    #expect(said().hasPrefix("could not read '\(folder.file("merges.txt"))': merge 0"), "\(said())")
    try FileManager.default.removeItem(atPath: folder.file("merges.txt"))
    #expect(said().hasSuffix("': there is a vocab.json without its merges.txt"), "\(said())")
    for text in ["", "[]"] {
      try folder.write(text, to: "tokenizer.json")
      #expect(said().contains("tokenizer.json': not JSON: "), "\(said())")
    }
    try folder.write(#"{"model":{}}"#, to: "tokenizer.json")
    #expect(said().hasSuffix("'model.vocab': it has no tokens"), "\(said())")
  }

  @Test func `the token of unknown characters may be an added one`() throws {
    let json = #"""
      {"added_tokens":[{"id":1,"content":"<unk>","special":true}],
       "model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"<unk>"}}
      """#
    #expect(try Tokenizer(contents: Array(json.utf8)).encode("ab") == [0, 1])
  }
}
