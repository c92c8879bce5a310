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

  /// A folder with RoBERTa's fixture in two files; its special tokens are in the vocabulary, as those
  /// of published files are.
  private func robertaFolder(_ fixture: TokenizerFixture, _ config: JSON) throws -> TemporaryFolder
  {
    let folder = try folder(fixture)
    let added = try #require(fixture.json?["added_tokens"]).elements.compactMap { token in
      token["content"]?.text.map { JSON.Member($0, token["id"] ?? .null) }
    }
    let tokens = fixture.json?["model"]?["vocab"]?.members ?? []
    let known = Set(tokens.map(\.key))
    let vocabulary = JSON.object(tokens + added.filter { !known.contains($0.key) })
    try folder.write(vocabulary.line, to: "vocab.json")
    try folder.write(config.line, to: "tokenizer_config.json")
    return folder
  }

  @Test(arguments: [
    "RobertaTokenizer", "RobertaTokenizerFast", "BartTokenizer", "LongformerTokenizerFast",
    "LEDTokenizer",
  ])
  func `RoBERTa's two files are GPT-2's with a token before and one behind`(
    className: String
  ) throws {
    let fixture = try TokenizerFixture("roberta")
    let folder = try robertaFolder(fixture, ["tokenizer_class": .string(className)])
    let tokenizer = try Tokenizer.open(folder.path)
    for (text, ids) in zip(fixture.texts, fixture.ids) {
      #expect(try tokenizer.encode(text) == [0] + ids + [301], "\(text.debugDescription)")
      #expect(try tokenizer.encode(text, addingSpecial: false) == ids)
    }
    #expect(try tokenizer.encode("a b") == fixture.special)
    #expect(tokenizer.bos == 0 && tokenizer.eos == 301)
    #expect((300...303).allSatisfy { tokenizer.isSpecial($0) })
    #expect(tokenizer.decode(try tokenizer.encode("a b")) == "a b")
    // The package's class leaves the blank before it alone, unless a file says otherwise.
    #expect(try tokenizer.encode("a<mask>", addingSpecial: false) == [65, 303])
    #expect(try tokenizer.encode("a <mask>", addingSpecial: false).count == 3)
  }

  @Test func `what stands around a text is what the files beside it say`() throws {
    let fixture = try TokenizerFixture("roberta")
    let mask: JSON = ["__type": "AddedToken", "content": "<mask>", "lstrip": true]
    let folder = try robertaFolder(
      fixture,
      ["tokenizer_class": "RobertaTokenizer", "mask_token": mask, "cls_token": "<pad>"])
    func ids(_ text: String) throws -> [Int32] {
      try Tokenizer.open(folder.path).encode(text)
    }
    // As the fixture's library gives them, but for the first one.
    #expect(try ids("a <mask> b") == [300, 65, 303, 270, 301])
    try folder.write(
      #"{"cls_token": "<unk>", "sep_token": {"content": "<pad>"}}"#, to: "special_tokens_map.json")
    #expect(Tokenizer.files(at: folder.path).count == 4)
    #expect(try ids("a <mask> b") == [302, 65, 303, 270, 300])
    // A config with added tokens says all.
    try folder.write(
      #"""
      {"tokenizer_class": "RobertaTokenizer",
       "added_tokens_decoder": {"303": {"content": "<mask>", "special": true}}}
      """#, to: "tokenizer_config.json")
    #expect(try ids("a<mask>") == [0, 65, 303, 301])
    // Without one of them it is not what it is said to be.
    try folder.write(
      #"{"tokenizer_class": "RobertaTokenizer", "sep_token": "[SEP]"}"#,
      to: "tokenizer_config.json")
    try FileManager.default.removeItem(atPath: folder.file("special_tokens_map.json"))
    let said = TokenizersTests.problem { _ = try Tokenizer.open(folder.path) }
    #expect(
      said.hasSuffix(
        "vocab.json': it lacks '[SEP]', the 'sep_token' that RobertaTokenizer puts around every text"
      ), "\(said)")
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

  @Test func `a file that says its own added tokens is known by what is in it`() throws {
    let folder = try TemporaryFolder()
    try folder.write("{}", to: "added_tokens.json")
    try folder.write("{}", to: "tokenizer_config.json")
    try folder.write(" \n" + #"{"model": {}}"#, to: "mine")
    try folder.write("\n\u{5}", to: "other")
    func beside(_ name: String) -> [String] {
      Tokenizer.files(at: folder.file(name)).dropFirst()
        .map { String($0.split(separator: "/").last ?? "") }
    }
    #expect(beside("mine") == ["tokenizer_config.json"])
    #expect(beside("other") == ["added_tokens.json", "tokenizer_config.json"])
  }

  @Test func `a class whose rule is not known is refused by its name`() throws {
    let folder = try folder(TokenizerFixture("gpt2"))
    for (config, message) in [
      (
        #"{"tokenizer_class": "DebertaTokenizer"}"#,
        "the 'tokenizer_class' beside it, 'DebertaTokenizer', cannot be read from these files; what "
          + "can: GPT2Tokenizer, Qwen2Tokenizer, RobertaTokenizer, BartTokenizer, "
          + "LongformerTokenizer, LEDTokenizer"
      ),
      (
        #"{"added_tokens_decoder": {"5": {"content": "<x>"}}}"#,
        "'added_tokens': '<x>' has the id 5, which '%' has in the vocabulary"
      ),
      (#"["GPT2Tokenizer"]"#, "tokenizer_config.json': an object is expected"),
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

  @Test func `a config says which of a SentencePiece model's own tokens are special`() throws {
    let fixture = try TokenizerFixture("sentencepiece")
    let folder = try TemporaryFolder()
    let plain = try fixture.tokenizer
    try Data(fixture.contents).write(to: URL(filePath: folder.file("tokenizer.model")))
    let (tool, king) = (try #require(plain.id(of: "<tool>")), try #require(plain.id(of: "king")))
    // Of another content than the config's it is not meant.
    let other = try #require(plain.id(of: "▁▁▁"))
    #expect(![tool, king, other].contains { plain.isSpecial($0) })
    try folder.write(
      """
      {"added_tokens_decoder": {
        "\(tool)": {"content": "<tool>", "special": true}, "\(king)": {"content": "king"},
        "\(other)": {"content": "<other>", "special": true}}}
      """, to: "tokenizer_config.json")
    let tokenizer = try Tokenizer.open(folder.path)
    #expect(tokenizer.isSpecial(tool) && !tokenizer.isSpecial(king))
    #expect(!tokenizer.isSpecial(other))
    for text in fixture.texts + ["the <tool> of a king"] {
      #expect(try tokenizer.encode(text) == plain.encode(text), "\(text.debugDescription)")
    }
    let ids = try tokenizer.encode("the<tool>king")
    #expect(tokenizer.decode(ids) == "theking" && plain.decode(ids) == "the<tool>king")
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
    for (text, problem) in [
      ("", "not JSON: expected '{' at byte 0"),
      ("nothing", "not JSON: expected '{' at byte 0"),
      ("[]", "not as expected: a list where an object must be, at byte 0"),
      (" null", "not as expected: null where an object must be, at byte 1"),
      (#"{"model":{"vocab":{"a":"b"}}}"#, "a string where a whole number must be, at byte 23"),
    ] {
      try folder.write(text, to: "tokenizer.json")
      #expect(said().hasPrefix("could not read '\(folder.file("tokenizer.json"))': "))
      #expect(said().hasSuffix(problem), "\(said())")
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
