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
