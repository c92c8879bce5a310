// The tokenizers that GGUF files bring: the small ones of the fixtures, written as such files.

import Config
import Foundation
import TestSupport
import Testing
import Tokenizers
import Workloads

@Suite("GGUF's tokenizers")
struct GGUFTokenizerTests {
  private struct Fixture {
    let file: GGUFFile
    let texts: [String]
    let ids: [[Int32]]

    /// A fixture of a tokenizer.json, as llama.cpp's converter writes it.
    init(_ name: String, model: String, pre: String?) throws {
      let value = try Self.json(name)
      let tokenizer = try #require(value["tokenizer"])
      let added = try #require(tokenizer["added_tokens"]).elements
      var tokens: [Int: String] = [:]
      for member in try #require(tokenizer["model"]?["vocab"]).members {
        tokens[member.value.whole ?? -1] = member.key
      }
      for token in added { tokens[token["id"]?.whole ?? -1] = token["content"]?.text }
      let special = Set(added.compactMap { $0["id"]?.whole })
      let merges = try #require(tokenizer["model"]?["merges"]).elements.map {
        $0.text ?? $0.elements.compactMap(\.text).joined(separator: " ")
      }
      var file = GGUFFile()
      func text(_ text: String) -> [UInt8] { littleEndian(UInt32(8)) + GGUFFile.text(text) }
      func number(_ number: UInt32) -> [UInt8] { littleEndian(UInt32(4)) + littleEndian(number) }
      let all = (0..<tokens.count).map { tokens[$0] ?? "" }
      file.keys = [
        ("tokenizer.ggml.model", text(model)),
        ("tokenizer.ggml.tokens", GGUFFile.array(8, all.map { GGUFFile.text($0) })),
        (
          "tokenizer.ggml.token_type",
          GGUFFile.array(
            5,
            all.indices.map { id in
              let isByte = model == "llama" && all[id].hasPrefix("<0x")
              return littleEndian(Int32(isByte ? 6 : special.contains(id) ? 3 : 1))
            })
        ),
      ]
      if let pre { file.keys.append(("tokenizer.ggml.pre", text(pre))) }
      if model == "llama" {
        // The earlier a merge, the higher its result's score.
        var scores: [String: Float] = [:]
        for (rank, merge) in merges.enumerated() {
          let token = merge.replacing(" ", with: "")
          if scores[token] == nil { scores[token] = -Float(rank) }
        }
        file.keys.append(
          (
            "tokenizer.ggml.scores",
            GGUFFile.array(6, all.map { littleEndian((scores[$0] ?? -1e9).bitPattern) })
          ))
        file.keys.append(("tokenizer.ggml.unknown_token_id", number(0)))
      } else {
        file.keys.append(
          ("tokenizer.ggml.merges", GGUFFile.array(8, merges.map { GGUFFile.text($0) })))
      }
      file.keys.append(("tokenizer.ggml.bos_token_id", number(1)))
      self.file = file
      texts = try Self.json("texts").elements.map { $0.text ?? "" }
      ids = try #require(value["ids"]).elements.map { $0.elements.map { Int32($0.whole ?? -1) } }
    }

    private static func json(_ name: String) throws -> JSON {
      let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/tokenizers")
      return try JSON(
        reading: String(contentsOf: folder.appending(path: "\(name).json"), encoding: .utf8))
    }
  }

  private func tokenizer(_ file: GGUFFile) throws -> Tokenizer {
    try GGUF(MappedBytes(file.bytes)).tokenizer
  }

  @Test(arguments: [
    ("gpt2", "gpt2", "gpt-2"), ("llama3", "gpt2", "llama-bpe"), ("qwen", "gpt2", "qwen2"),
    ("smollm2", "gpt2", "smollm"), ("tekken", "gpt2", "tekken"), ("mistral-legacy", "llama", nil),
  ])
  func `texts become the tokens of the tokenizer.json`(
    name: String, model: String, pre: String?
  ) throws {
    let fixture = try Fixture(name, model: model, pre: pre)
    let tokenizer = try tokenizer(fixture.file)
    for (text, ids) in zip(fixture.texts, fixture.ids) {
      #expect(try tokenizer.encode(text, addingSpecial: false) == ids, "\(text.debugDescription)")
    }
    #expect(tokenizer.bos == 1)
    let addsBOS = model == "llama" || pre == "llama-bpe" || pre == "tekken"
    #expect(try tokenizer.encode("").first == (addsBOS ? 1 : nil))
  }

  @Test func `a rule that is not known is refused by its name`() throws {
    let file = try Fixture("gpt2", model: "gpt2", pre: "newest-bpe").file
    #expect(
      problem { _ = try tokenizer(file) }
        .hasPrefix("'tokenizer.ggml.pre': 'newest-bpe' is not known; what is: gpt-2, "))
    let other = try Fixture("gpt2", model: "bert", pre: nil).file
    #expect(
      problem { _ = try tokenizer(other) }
        == "'tokenizer.ggml.model': 'bert' cannot be read; what can: gpt2, llama")
  }

  /// `RUNEXP_FUZZ` tries more.
  private static let count =
    ProcessInfo.processInfo.environment["RUNEXP_FUZZ"].flatMap { Int($0) } ?? 2000

  @Test(arguments: [("gpt2", "gpt2", "gpt-2"), ("mistral-legacy", "llama", nil)])
  func `a damaged one is read or refused in one sentence`(
    name: String, model: String, pre: String?
  ) throws {
    let fixture = try Fixture(name, model: model, pre: pre)
    let file = fixture.file.bytes
    var mutator = WeightMutator(seed: 9)
    for _ in 0..<Self.count / 4 {
      let bytes = mutator.next(file, header: file.count)
      let text = problem {
        let tokenizer = try GGUF(MappedBytes(bytes)).tokenizer
        for text in ["the king's 12 \u{301}🙂", "<s>a<|endoftext|>", "\u{85}  ▁"] {
          let ids = try tokenizer.encode(text)
          #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.count })
          _ = tokenizer.decode(ids)
        }
      }
      #expect(text.count < 2000 && !text.contains(where: \.isNewline), "\(text)")
    }
  }
}
