// The tokenizers that GGUF files bring: the small ones of the fixtures, written as such files.

import MutatedModels
import MutatedTokenizers
import TestSupport
import Testing
import Tokenizers
import Workloads

@Suite("GGUF's tokenizers")
struct GGUFTokenizerTests {
  private func tokenizer(_ file: GGUFFile) throws -> Tokenizer {
    try GGUF(MappedBytes(file.bytes)).tokenizer
  }

  /// Each rule that is known, and the fixture that is cut by it.
  private static let rules = [
    ("gpt2", ["gpt-2", "phi-2", "mpt", "olmo"]),
    ("smollm2", ["smollm", "starcoder", "refact", "command-r", "codeshell"]),
    ("llama3", ["llama-bpe", "llama3", "llama-v3", "falcon3", "dbrx", "smaug-bpe"]),
    ("qwen", ["qwen2", "deepseek-r1-qwen"]), ("stablelm2", ["stablelm2"]), ("tekken", ["tekken"]),
    ("o200k", ["gpt-4o", "llama4"]),
  ]

  private func check(_ fixture: TokenizerFixture, model: String, pre: String?) throws {
    let tokenizer = try tokenizer(GGUFFile(fixture, model: model, pre: pre))
    for (text, ids) in zip(fixture.texts, fixture.ids) {
      let own = try tokenizer.encode(text, addingSpecial: false)
      #expect(own == ids, "\(pre ?? model): \(text.debugDescription)")
    }
    #expect(tokenizer.bos == 1)
    let addsBOS =
      ["llama-bpe", "llama3", "llama-v3", "falcon3", "tekken"].contains(pre) || model == "llama"
    #expect(try tokenizer.encode("").first == (addsBOS ? 1 : nil))
  }

  @Test(arguments: rules)
  func `texts become the tokens of the tokenizer.json`(name: String, names: [String]) throws {
    let fixture = try TokenizerFixture(name)
    for pre in names { try check(fixture, model: "gpt2", pre: pre) }
  }

  @Test func `scores are SentencePiece's`() throws {
    try check(TokenizerFixture("mistral-legacy"), model: "llama", pre: nil)
  }

  @Test func `a rule that is not known is refused by its name`() throws {
    let fixture = try TokenizerFixture("gpt2")
    let said = problem {
      _ = try tokenizer(GGUFFile(fixture, model: "gpt2", pre: "newest-bpe"))
    }
    #expect(said.hasPrefix("'tokenizer.ggml.pre': 'newest-bpe' is not known; what is: gpt-2, "))
    // All that are known are tried above.
    let known = said.split(separator: "what is: ").last?.split(separator: ", ").map { "\($0)" }
    #expect(known.map(Set.init) == Set(Self.rules.flatMap(\.1)))
    #expect(
      problem { _ = try tokenizer(GGUFFile(fixture, model: "bert", pre: nil)) }
        == "'tokenizer.ggml.model': 'bert' cannot be read; what can: gpt2, llama")
  }
}
