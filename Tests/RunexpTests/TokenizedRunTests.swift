// Runs on what a tokenizer makes of a text, as a user sees them: the tokenizer goes along with the
// model, into checkpoints and exports, and texts go in and come out.

import Config
import Foundation
import TestSupport
import Testing
import Workloads

@Suite("runs on a tokenizer's tokens") struct TokenizedRunTests {
  /// A program with a text, the tokenizer that experiments bring, and a file that compares it with
  /// characters.
  private func program() throws -> Program {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    let repository = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    try FileManager.default.copyItem(
      atPath: repository.appending(path: "experiments/tokenizers/plays-512").path,
      toPath: program.file("plays"))
    try program.write(
      """
      # Which tokens?
      name: which
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      variants:
        char: {}
        bpe: {workload: {dataset: {tokenizer: {from: ./none, fallback: ./plays}}}}
      workload:
        dataset: {name: ./text.txt}
        sequence: 16
        batch: 4
        steps: 3
        sample: {tokens: 5}
      """, to: "which.yaml")
    return program
  }

  private func document(_ text: String) throws -> JSON { try JSON(reading: text) }

  @Test func `losses compare in bits a byte`() throws {
    let program = try program()
    let ran = try program.run("which.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(ran.output.contains("Not of what was asked for: bpe: using the fallback tokenizer"))
    let rows = try program.read("results/which/latest/cells.jsonl").split(separator: "\n")
      .map { try JSON(reading: String($0)) }
    let bits = try rows.map { try #require($0["val_bits_per_byte"]?.number) }
    let nats = try rows.map { try #require($0["val_loss"]?.number) }
    #expect(bits.allSatisfy { $0 > 2 && $0 < 8 }, "\(bits)")
    #expect(abs(nats[0] / log(2) - bits[0]) < 1e-9 && nats[1] / log(2) > bits[1] * 1.5)
    #expect(ran.output.contains("bits per byte"), "\(ran.output)")
    #expect(ran.output.contains("\nval_bits_per_byte"), "\(ran.output)")
    // Two sides of a diff compare no better than two variants in nats a token.
    let diff = try program.run("diff", "which:char", "which:bpe", "--format", "csv")
    let judged = diff.output.split(separator: "\n").filter { $0.contains("val_bits_per_byte") }
    #expect(judged.count == 1, "\(diff.output)\(diff.errors)")
    // The tokens are kept beside the text, two splits.
    let kept = try FileManager.default.contentsOfDirectory(atPath: program.file("."))
      .filter { $0.hasPrefix("text.txt.") && $0.hasSuffix(".tokens") }
    #expect(kept.count == 2)
    #expect(try program.run("replay", "which").code == 0)
  }

  @Test func `texts go in and come out, and the tokenizer goes along`() throws {
    let program = try program()
    let ran = try program.run("which.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    let scored = try document(
      program.run("score", "which:bpe", "--text", "text.txt", "--json").output)
    let ids = try #require(scored["ids"]).elements.compactMap(\.whole)
    #expect(ids.count < 4000 && ids.contains { $0 >= 256 })
    #expect(scored["bits_per_byte"]?.number != nil)
    let written = try document(
      program.run("generate", "which:bpe", "--prompt", "é the", "-n", "9", "--json").output)
    #expect(written["prompt"]?.text == "é the" && written["text"]?.text?.isEmpty == false)
    let exported = try program.run("export", "which:bpe", "-o", "out")
    #expect(exported.code == 0, "\(exported.errors)")
    #expect(
      try program.read("out/tokenizer.json") == program.read("plays/tokenizer.json"))
    let again = try document(
      program.run("score", "out", "--text", "text.txt", "--json").output)
    #expect(again["ids"] == scored["ids"])
    let tokens = try program.run("tokenize", "which:bpe", "--text", "text.txt")
    #expect(tokens.output == ids.map { "\($0)" }.joined(separator: " ") + "\n")
  }

  @Test("a question is put in the form of the tokenizer, and texts end where they are told to")
  func generation() throws {
    let program = try program()
    let none = try program.run("generate", "tiny-llama", "--chat", "--prompt", "Who?")
    #expect(none.code == 1 && none.errors.contains("has the marks of none of ChatML"), "\(none)")
    // The same tokenizer with ChatML's marks.
    let plays = try JSON(reading: program.read("plays/tokenizer.json"))
    let marks = ["<|im_start|>", "<|im_end|>"].enumerated().map { index, mark -> JSON in
      [
        "id": .integer(512 + index), "content": .string(mark), "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": true,
      ]
    }
    let members = plays.members.map { member in
      member.key == "added_tokens" ? .init(member.key, .array(marks)) : member
    }
    try program.write(JSON.object(members).document, to: "plays/tokenizer.json")
    let ran = try program.run("which.yaml", "--quiet")
    #expect(ran.code == 0, "\(ran.errors)")
    func generate(_ more: String...) throws -> JSON {
      try document(
        program.run(["generate", "which:bpe", "--prompt", "Who?", "-n", "40", "--json"] + more)
          .output)
    }
    let chat = try generate("--chat", "--system", "Be brief.")
    let text = ChatForm.chatml.text(user: "Who?", system: "Be brief.")
    try program.write(text, to: "chat.txt")
    let tokens = try program.run("tokenize", "which:bpe", "--text", "chat.txt")
    let expected = tokens.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    let ids = try #require(chat["ids"]).elements.compactMap(\.whole)
    #expect(expected.contains(512) && Array(ids.prefix(expected.count)) == expected)
    #expect(chat["prompt"] == "Who?" && chat["text"]?.text?.contains("Be brief.") == false)

    let whole = try #require(try generate()["text"]?.text)
    let stop = String(whole.dropFirst(whole.count / 2).prefix(2))
    let ended = try #require(try generate("--stop", "zzzz", "--stop", stop)["text"]?.text)
    #expect(whole.hasPrefix(ended + stop) && !ended.contains(stop))
    let varied = try generate("--repeat-penalty", "8", "--temperature", "0")
    let same = try generate("--temperature", "0")
    func different(_ document: JSON) -> Int {
      Set(document["ids"]?.elements.map(\.line) ?? []).count
    }
    #expect(different(varied) > different(same))
    for (options, words) in [
      (["--stop", ""], "--stop needs"), (["--system", "x"], "--system is a part of --chat"),
      (["--repeat-penalty", "0"], "--repeat-penalty is above 0"),
    ] {
      let refused = try program.run(["generate", "which:bpe", "--prompt", "a"] + options)
      #expect(refused.code == 64 && refused.errors.contains(words), "\(refused.errors)")
    }
  }

  @Test func `the built-in model reads bytes`() throws {
    let program = try program()
    try program.write("né", to: "few.txt")
    let scored = try document(
      program.run("score", "tiny-llama", "--text", "few.txt", "--json").output)
    #expect(scored["ids"] == [0x6E, 0xC3, 0xA9])
    let (loss, bits) = (scored["loss"]?.number ?? 0, scored["bits_per_byte"]?.number ?? 0)
    #expect(abs(loss / log(2) - bits) < 1e-12)
    let written = try program.run("generate", "tiny-llama", "--prompt", "é", "-n", "3")
    #expect(written.code == 0 && written.output.hasPrefix("é"))
  }
}
