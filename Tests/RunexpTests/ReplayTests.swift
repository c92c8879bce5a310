// `runexp replay`: the same cell gives the same bits, whatever its workload.

import Config
import Foundation
import Models
import Records
import Testing
import Workloads

@Suite("runexp replay", .serialized)
struct ReplayTests {
  /// A program that has run a cell of a workload.
  private func program(_ workload: String) throws -> Program {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    try program.write(
      """
      # Is it the same?
      name: again
      device: cpu
      model:
        {layers: 2, width: 32, attention: {type: mha, heads: 2}, dropout: 0.1,
         stochastic_depth: 0.3, label_smoothing: 0.1}
      workload: {\(workload)}
      """, to: "again.yaml")
    let finished = try program.run("again.yaml", "-q")
    #expect(finished.code == 0, "\(finished.errors)")
    return program
  }

  private static let workloads = [
    "train": "dataset: {name: ./text.txt}, sequence: 16, batch: 2, steps: 4, sample: {tokens: 0}",
    "classify": "dataset: synthetic-shapes, batch: 8, steps: 2, evaluate_every: 0",
    "extrapolate": """
    dataset: {name: ./text.txt}, sequence: 16, batch: 2, steps: 4, sample: {tokens: 0},
    extrapolation_windows: 2
    """,
    "resolution": "dataset: synthetic-shapes, batch: 8, steps: 2, evaluate_every: 0",
    "generate": "dataset: {name: ./text.txt}, prompt_tokens: 8, new_tokens: 8, cache: q8",
    "attention": "sequence: 48, seconds: 0", "position": "sequence: 16, farthest: 200, samples: 4",
    "inspect": "sequence: 16",
    "score": "dataset: {name: ./text.txt}, sequence: 16, windows: 2, cache: q8",
  ]

  private static var words: [String] { WorkloadRegistry.all.map { $0.word } }

  @Test("every kind of workload is the same again", arguments: words)
  func kinds(word: String) throws {
    let options = try #require(Self.workloads[word], "a new workload needs its options here")
    let replay = try program("type: \(word), \(options)").run("replay", "latest")
    #expect(replay.code == 0, "\(replay.output)\(replay.errors)")
    #expect(replay.output.contains("the same"))
  }

  @Test("figures that no step's loss tells are compared as well")
  func figures() throws {
    let program = try program("type: position, \(try #require(Self.workloads["position"]))")
    let run = try StoredRun(RunFolder.open(program.file("results/again/latest")))
    var row = try #require(run.cells.first).row
    row.metrics[.nearMassPercent] = 1
    try run.folder.writeResult(row)
    let replay = try program.run("replay", "latest")
    #expect(replay.code == 2 && replay.output.contains("near_mass_percent was 1.0 %"))
  }

  @Test("one cause is said in one line, its consequences with --json")
  func consequences() throws {
    let program = try program("type: train, \(try #require(Self.workloads["train"]))")
    let run = try StoredRun(RunFolder.open(program.file("results/again/latest")))
    var row = try #require(run.cells.first).row
    row.metrics[.valLoss] = 3
    row.metrics[.parameters] = 7
    row.metrics[.gradNormMean] = 9
    try run.folder.writeResult(row)
    let replay = try program.run("replay", "latest")
    #expect(replay.code == 2)
    #expect(replay.output.contains("DIFFERENT: val_loss was 3.0000 and is "), "\(replay.output)")
    #expect(replay.output.hasSuffix("; 2 more figures differ (--json lists them)\n"))
    let json = try JSON(reading: program.run("replay", "latest", "--json").output)
    #expect(json["differences"]?.elements.count == 3)
  }
}
