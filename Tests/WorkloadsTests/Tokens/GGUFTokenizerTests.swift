// The tokenizers that GGUF files bring: the small ones of the fixtures, written as such files.

import Config
import Foundation
import Models
import MutatedModels
import MutatedTokenizers
import Tensors
import TestModels
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

  @Test func `a checkpoint holds the file that it was trained with to its tokenizer`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.gguf")
    func write(_ name: String) throws {
      let file = GGUFFile(try TokenizerFixture(name), model: "gpt2", pre: "gpt-2")
      try Data(file.bytes).write(to: URL(filePath: path))
    }
    try write("gpt2")
    let stored = try StoredTokenizer(at: path)
    let model = try TestModels.model(
      "layers: 1\nwidth: 16\nattention: {type: mha, heads: 2}", vocabulary: stored.count, length: 4)
    model.parameters.materialise(on: .cpu(threads: 1), seed: 1)
    let configuration = CheckpointConfiguration(
      model, section: ["layers": 1, "width": 16, "attention": ["type": "mha", "heads": 2]],
      vocabulary: .stored(stored), step: 1, seed: 1)
    try Checkpoint.save(model, configuration: configuration, to: folder.file("checkpoint"))
    func read() throws -> TextTokenizer {
      try SavedModel(folder.file("checkpoint")).textTokenizer()
    }
    let text = "the king's 12"
    #expect(try read().encode(text) == stored.tokenizer.encode(text, addingSpecial: false))
    try write("smollm2")
    let said = problem { _ = try read() }
    #expect(
      said.contains("the tokenizer is not the one that '\(folder.file("checkpoint"))' was trained")
        && said.contains(path), "\(said)")
    // Nor is it written beside the model.
    let saved = try SavedModel(folder.file("checkpoint"))
    let exported = try saved.exported()
    let refused = problem {
      try saved.write(exported, to: folder.file("out"), on: .cpu(threads: 1))
    }
    #expect(refused == said && !FileManager.default.fileExists(atPath: folder.file("out")))
    try FileManager.default.removeItem(atPath: path)
    #expect(problem { _ = try read() }.contains(path))
  }

  /// Each fixture with one rule that it is cut by.
  private static let kinds: [(String, String, String?)] =
    rules.map { ($0.0, "gpt2", $0.1.first) } + [("mistral-legacy", "llama", nil)]

  /// That the files of a folder make the same tokens of texts, each by itself, and the other way.
  ///
  /// - Parameter unused: a token that they need not have.
  private func check(
    _ names: [String], say embedded: EmbeddedTokenizer, of texts: [String],
    without unused: Int? = nil
  ) throws {
    let files = try embedded.files
    #expect(files.map { $0.name } == names + ["tokenizer_config.json"])
    let own = try embedded.tokenizer
    for name in names {
      let folder = try TemporaryFolder()
      for file in files where [name, "tokenizer_config.json"].contains(file.name) {
        try Data(file.contents).write(to: URL(filePath: folder.file(file.name)))
      }
      let again = try Tokenizer.open(folder.path)
      #expect(again.count == own.count && again.bos == own.bos && again.eos == own.eos)
      for text in texts {
        let ids = try own.encode(text)
        #expect(try again.encode(text) == ids, "\(name): \(text.debugDescription)")
        #expect(again.decode(ids) == own.decode(ids), "\(name): \(text.debugDescription)")
      }
      for id in 0..<Int32(own.count) where Int(id) != unused {
        #expect(
          again.piece(id) == own.piece(id) && again.isSpecial(id) == own.isSpecial(id), "\(id)")
      }
    }
  }

  @Test(arguments: kinds)
  func `it is the same in a folder's files`(name: String, model: String, pre: String?) throws {
    let fixture = try TokenizerFixture(name)
    let embedded = try GGUF(MappedBytes(GGUFFile(fixture, model: model, pre: pre).bytes)).embedded
    let names = ["tokenizer.json"] + (model == "llama" ? ["tokenizer.model"] : [])
    try check(names, say: embedded, of: fixture.texts)
  }

  /// Rows of blanks, as Mistral has them: of one score, and not in the order of their ids.
  @Test func `scores that are the same, and prefixes that are not added, are said in both files`()
    throws
  {
    let fixture = try TokenizerFixture("mistral-legacy")
    let file = GGUFFile(fixture, model: "llama", pre: nil)
    var embedded = try GGUF(MappedBytes(file.bytes)).embedded
    embedded.tokens.append(Array("▁▁▁".utf8))
    embedded.types.append(1)
    embedded.scores.append(-1e9)
    for row in ["▁▁", "▁▁▁▁"] {
      let id = try #require(
        (0..<embedded.tokens.count).first { Array(embedded.tokens[$0]) == Array(row.utf8) })
      embedded.scores[id] = -1e9
    }
    let rows = (0..<40).map { String(repeating: " ", count: $0) + "a" }
    for addsPrefix in [true, false] {
      embedded.addsSpacePrefix = addsPrefix
      try check(
        ["tokenizer.json", "tokenizer.model"], say: embedded, of: fixture.texts + rows)
    }
  }

  @Test func `what no tokenizer.model can say is in the tokenizer.json alone`() throws {
    let fixture = try TokenizerFixture("mistral-legacy")
    let file = GGUFFile(fixture, model: "llama", pre: nil)
    let plain = try GGUF(MappedBytes(file.bytes)).embedded
    var embedded = plain
    let ll = try #require(
      (0..<plain.tokens.count).first { Array(plain.tokens[$0]) == Array("ll".utf8) })
    embedded.types[ll] = 4
    try check(["tokenizer.json"], say: embedded, of: fixture.texts + ["ll wells", "all  ll"])
    // SentencePiece refuses files without a token for the unknown, or with some bytes alone.
    embedded = plain
    embedded.types[0] = 3
    try check(["tokenizer.json"], say: embedded, of: fixture.texts)
    embedded = plain
    let byte = try #require(embedded.types.firstIndex(of: 6))
    embedded.types[byte] = 5
    try check(["tokenizer.json"], say: embedded, of: fixture.texts, without: byte)
    // It merges to an unused token, and takes it apart again.
    embedded = plain
    embedded.types[ll] = 5
    try check(["tokenizer.json"], say: embedded, of: fixture.texts + ["ll wells", "all  ll"])
  }

  /// Of "bc" and "ab" the one further left in the text, which an order of merges cannot say.
  @Test func `different tokens of one score are in the tokenizer.model alone`() throws {
    let fixture = try TokenizerFixture("mistral-legacy")
    var embedded = try GGUF(MappedBytes(GGUFFile(fixture, model: "llama", pre: nil).bytes)).embedded
    let strings = Set((0..<embedded.tokens.count).map { Array(embedded.tokens[$0]) })
    let pairs = ["qx", "xq"].map { Array($0.utf8) }
    for pair in pairs {
      try #require(!strings.contains(pair) && strings.contains([pair[0]]))
      embedded.tokens.append(pair)
      embedded.types.append(1)
      embedded.scores.append(-1e9)
    }
    try check(["tokenizer.model"], say: embedded, of: fixture.texts + ["qxq", "xqx", "qxqxxq"])
    let config = try #require(embedded.files.last?.contents)
    #expect(String(decoding: config, as: UTF8.self).contains("LlamaTokenizer"))
    // Neither file can say that where there is a user-defined token besides.
    embedded.types[embedded.types.count - 3] = 4
    #expect(throws: TokenizerError.self) { try embedded.files }
  }

  @Test func `the forms of conversation go into a folder's files, and tell no tokenizers apart`()
    throws
  {
    var file = GGUFFile(try TokenizerFixture("llama3"), model: "gpt2", pre: "llama-bpe")
    let plain = try GGUF(MappedBytes(file.bytes)).embedded
    func add(_ key: String, _ text: String) {
      file.keys.append((key, littleEndian(UInt32(8)) + GGUFFile.text(text)))
    }
    func template() throws -> JSON? {
      let embedded = try GGUF(MappedBytes(file.bytes)).embedded
      #expect(embedded.contents == plain.contents)
      let files = try embedded.files
      let config = try #require(files.first { $0.name == "tokenizer_config.json" })
      return try JSON(reading: String(decoding: config.contents, as: UTF8.self))["chat_template"]
    }
    #expect(try template() == nil)
    add("tokenizer.chat_template", "{{ bos_token }}\n\"é\"")
    #expect(try template() == "{{ bos_token }}\n\"é\"")
    add("tokenizer.chat_template.tool_use", "{{ tools }}")
    #expect(
      try template() == [
        ["name": "default", "template": "{{ bos_token }}\n\"é\""],
        ["name": "tool_use", "template": "{{ tools }}"],
      ])
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
