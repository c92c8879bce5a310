// Stored models, under `model.from`, that appear, vanish or change between a run's planning and its
// cells: other weights never run under the identity that was planned.

import Config
import Foundation
import Records
import Testing

@Suite("stored models that come and go", .serialized)
struct StoredModelChangeTests {
  /// A program with the model `kept`, which has the shapes of tiny-llama, and an experiment that
  /// begins from `real`, or from tiny-llama where that is not there, and from tiny-llama anyway.
  private func program() throws -> Program {
    let program = try Program()
    let exported = try program.run("export", "tiny-llama", "-o", "kept")
    try #require(exported.code == 0, "\(exported.errors)")
    let path = program.file("kept/model.safetensors")
    var weights = try Data(contentsOf: URL(filePath: path))
    // The sign of the last value.
    weights[weights.count - 1] ^= 0x80
    try weights.write(to: URL(filePath: path))
    try program.write(
      """
      # Which one is it?
      name: stored
      device: cpu
      seeds: [1, 2]
      model: {from: ./real, fallback: tiny-llama}
      variants:
        first: {}
        plain: {model: {from: tiny-llama}}
      workload: {type: score, dataset: {name: synthetic-ids, tokens: ids}, sequence: 16, windows: 2}
      """, to: "stored.yaml")
    return program
  }

  private func place(_ name: String, _ program: Program) throws {
    try FileManager.default.copyItem(atPath: program.file(name), toPath: program.file("real"))
  }

  private func run(_ program: Program) throws -> StoredRun {
    try StoredRun(RunFolder.open(program.file("results/stored/latest")))
  }

  /// What `cell` says of the first variant's cell with a seed.
  private func cell(_ program: Program, seed: Int) throws -> (code: Int32, errors: String) {
    let found = try run(program).cells.first { $0.label == "first/seed=\(seed)" }
    let ended = try program.run(
      "cell", "results/stored/latest", "--index", "\(try #require(found).index)", "-q")
    return (ended.code, ended.errors)
  }

  @Test func `one that appears is refused by cell and by resume`() throws {
    let program = try program()
    try #require(try program.run("prepare", "stored.yaml").code == 0)
    let first = try cell(program, seed: 1)
    try #require(first.code == 0, "\(first.errors)")
    try place("kept", program)
    let change = "the model is '\(program.file("real"))' now, not 'tiny-llama'"
    let second = try cell(program, seed: 2)
    #expect(second.code == 5)
    #expect(second.errors.contains(change), "\(second.errors)")
    let resumed = try program.run("resume", "stored", "-q")
    #expect(resumed.code == 5)
    #expect(resumed.errors.contains(change), "\(resumed.errors)")
    // Accepted, each row says what it is of, and so does all that shows it.
    let accepted = try program.run("resume", "stored", "--accept-changes", "-q")
    try #require(accepted.code == 0, "\(accepted.errors)")
    let rows = try run(program).rows.filter { $0.variant == "first" }
    #expect(rows.map { $0.fact("weights")?.text } == ["tiny-llama", program.file("real")])
    #expect(rows[0].fact("checkpoint_sha256") != rows[1].fact("checkpoint_sha256"))
    #expect(rows[0].identity != rows[1].identity)
    let said = "Not of what was asked for: first: using the fallback model 'tiny-llama'"
    #expect(accepted.output.replacing("\n  ", with: " ").contains(said), "\(accepted.output)")
    let shown = try program.run("show", "stored")
    #expect(shown.output.replacing("\n  ", with: " ").contains(said), "\(shown.output)")
    #expect(try program.run("report", "stored").code == 0)
    let page = try program.read("results/stored/latest/report.html")
    #expect(page.contains("Not of what was asked for:"))
  }

  @Test func `a run goes on with other weights where that is accepted, and keeps what is done`()
    throws
  {
    let program = try program()
    try place("kept", program)
    try #require(try program.run("stored.yaml", "--exclude", "seed=2", "-q").code == 0)
    let before = try run(program).rows.filter { $0.variant == "first" && $0.status == .ok }
    let path = program.file("real/model.safetensors")
    var weights = try Data(contentsOf: URL(filePath: path))
    weights[weights.count - 1] ^= 0x80
    try weights.write(to: URL(filePath: path))
    for words in [["run", "stored.yaml", "--into", "latest", "-q"], ["resume", "stored", "-q"]] {
      let refused = try program.run(words)
      #expect(refused.code == 5 && refused.errors.contains("has changed"), "\(refused.errors)")
    }
    let accepted = try program.run(
      "run", "stored.yaml", "--into", "latest", "--accept-changes", "-q")
    try #require(accepted.code == 0, "\(accepted.errors)")
    let rows = try run(program).rows.filter { $0.variant == "first" }
    #expect(rows.count == 2 && rows.allSatisfy { $0.status == .ok })
    #expect(rows[0].identity == before[0].identity)
    #expect(rows[0].fact("checkpoint_sha256") == before[0].fact("checkpoint_sha256"))
    #expect(rows[1].fact("checkpoint_sha256") != before[0].fact("checkpoint_sha256"))
  }

  @Test func `one that vanishes is refused by cell and by resume`() throws {
    let program = try program()
    try place("kept", program)
    try #require(try program.run("prepare", "stored.yaml").code == 0)
    try FileManager.default.removeItem(atPath: program.file("real"))
    let change = "the model is 'tiny-llama' now, not '\(program.file("real"))'"
    let first = try cell(program, seed: 1)
    #expect(first.code == 5)
    #expect(first.errors.contains(change), "\(first.errors)")
    let resumed = try program.run("resume", "stored", "-q")
    #expect(resumed.code == 5)
    #expect(resumed.errors.contains(change), "\(resumed.errors)")
  }

  @Test func `one that changes is refused by cell and by resume`() throws {
    let program = try program()
    _ = try program.shell("touch -d 2020-01-01 kept/*")
    try place("kept", program)
    _ = try program.shell("touch -d 2020-01-01 real/*")
    try #require(try program.run("prepare", "stored.yaml").code == 0)
    let files = try #require(try run(program).record?.checkpoints.first).files
    #expect(files.map(\.name) == ["config.json", "model.safetensors"])
    #expect(files.map(\.modified) == [1_577_836_800_000_000_000, 1_577_836_800_000_000_000])
    let first = try cell(program, seed: 1)
    try #require(first.code == 0, "\(first.errors)")
    let path = program.file("real/model.safetensors")
    var weights = try Data(contentsOf: URL(filePath: path))
    weights[weights.count - 1] ^= 0x80
    try weights.write(to: URL(filePath: path))
    let change = "the checkpoint '\(program.file("real"))' has changed"
    let second = try cell(program, seed: 2)
    #expect(second.code == 5)
    #expect(second.errors.contains(change), "\(second.errors)")
    let resumed = try program.run("resume", "stored", "-q")
    #expect(resumed.code == 5)
    #expect(resumed.errors.contains(change), "\(resumed.errors)")
  }
}
