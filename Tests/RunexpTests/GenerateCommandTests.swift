// `runexp generate`, and experiments that do not train, as a user sees them.

import Config
import Experiments
import Foundation
import Records
import Testing
import Workloads

@Suite("runexp generate", .serialized)
struct GenerateCommandTests {
  /// A program with a trained tiny model, and the folder of its cell.
  private func trained(_ model: String = "") throws -> (Program, String) {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    try program.write(
      """
      # Does it write?
      name: writer
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}\(model)}
      workload: {type: train, dataset: {name: ./text.txt}, sequence: 32, batch: 4, steps: 3}
      """, to: "writer.yaml")
    let finished = try program.run("writer.yaml", "--quiet")
    #expect(finished.code == 0, "\(finished.errors)")
    let cells = "results/writer/latest/cells"
    let cell = try #require(
      FileManager.default.contentsOfDirectory(atPath: program.file(cells)).first)
    return (program, "\(cells)/\(cell)")
  }

  @Test("it continues a prompt, the same way for the same seed")
  func continues() throws {
    let (program, cell) = try trained()
    let first = try program.run("generate", "\(cell)/checkpoint", "--prompt", "the ", "-t", "40")
    #expect(first.code == 0, "\(first.errors)")
    #expect(first.output.hasPrefix("the ") && first.output.hasSuffix("\n"))
    #expect(first.output.count == 4 + 40 + 1)
    // The cell's folder will do as well.
    let again = try program.run("generate", cell, "--prompt", "the ", "--tokens", "40")
    #expect(again.output == first.output)
    let other = try program.run("generate", cell, "--prompt", "the ", "-t", "40", "--seed", "2")
    #expect(other.output != first.output)
    for cache in ["bf16", "q8"] {
      let small = try program.run(
        "generate", cell, "--prompt", "the ", "--cache", cache, "--top-k", "5", "--top-p", "0.9")
      #expect(small.code == 0, "\(small.errors)")
    }
  }

  @Test("what it cannot do it says in a line")
  func refuses() throws {
    let (program, cell) = try trained(", position: learned")
    for (words, code, message) in [
      (["nowhere"], 1, "nowhere/config.json"),
      ([cell, "--prompt", "\u{2603}"], 1, "does not occur in the training text"),
      ([cell, "--temperature=-1"], 64, "--temperature is 0 or more"),
      ([cell, "--top-p", "0"], 64, "--top-p is above 0"),
      ([cell, "--cache", "fp4"], 64, "'f32', 'bf16' or 'q8'"),
      ([cell, "--prompt", String(repeating: "a", count: 40)], 1, "learned positions end at 32"),
    ] {
      let finished = try program.run(["generate"] + words)
      #expect(finished.code == Int32(code), "\(words): \(finished.errors)")
      #expect(finished.errors.contains(message), "\(words): \(finished.errors)")
      #expect(finished.output.isEmpty || code == 64, "\(words)")
    }
    let short = try program.run("generate", cell, "--prompt", "the", "--tokens", "100")
    #expect(short.code == 0 && short.errors.contains("learned positions end at 32"))
    #expect(short.output.count == 32 + 1)
  }

  @Test("a kernel for another GPU leaves rows that say why, and exit code 3")
  func unavailable() throws {
    let program = try Program()
    try program.write(
      """
      # Is flash3 faster?
      name: hopper
      device: cpu
      model: {layers: 1, width: 32, attention: {type: mha, heads: 2}}
      variants:
        flash2: {model: {attention: {kernel: flash2}}}
        flash3: {model: {attention: {kernel: flash3}}}
      workload: {type: attention, seconds: 0}
      matrix: {workload.sequence: [16, 32]}
      """, to: "hopper.yaml")
    let finished = try program.run("hopper.yaml", "--quiet")
    #expect(finished.code == 3, "\(finished.errors)")
    #expect(finished.output.contains("2 of 4 cells ok: 2 unavailable"))
    #expect(finished.output.contains("2 cells unavailable: flash3 runs on Hopper GPUs"))
    let rows = try program.read("results/hopper/latest/cells.jsonl").split(separator: "\n")
      .map { try JSON(reading: String($0)) }
    #expect(rows.compactMap { $0["status"]?.text } == ["ok", "ok", "unavailable", "unavailable"])
  }

  @Test("an inspected model's shapes are printed, and nothing runs")
  func inspects() throws {
    let program = try Program()
    try program.write(
      """
      # How large?
      name: large
      device: cpu
      model: {layers: 80, width: 8192, attention: {type: gqa, heads: 64, kv_heads: 8}}
      workload: {type: inspect, vocabulary: 32000, sequence: 4096}
      """, to: "large.yaml")
    let finished = try program.run("large.yaml", "--quiet")
    #expect(finished.code == 0, "\(finished.errors)")
    for text in ["k_proj", "[1024, 8192]", "training would not fit", "parameters"] {
      #expect(finished.output.contains(text), "\(text)")
    }
    let rows = try program.read("results/large/latest/cells.jsonl").split(separator: "\n")
    let row = try JSON(reading: String(try #require(rows.first)))
    #expect((row["peak_resident_bytes"]?.number ?? .infinity) < 1e9)
  }
}
