// Checkpoints that an experiment reads: what is none is said before anything runs, one that goes
// fails its cells alone, and one that changes is noticed wherever cells of it would stand side by
// side.

import Config
import Foundation
import Records
import Testing
import Workloads

@Suite("checkpoints as inputs", .serialized)
struct CheckpointTests {
  /// A program with the checkpoints `a` and `b` of two seeds, and an experiment that reads `a`.
  private func program(_ variants: String = "read: {workload: {checkpoint: ./a}}") throws -> Program
  {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    let model = "model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}"
    try program.write(
      """
      # Does it learn?
      name: trained
      device: cpu
      seeds: [1, 2]
      \(model)
      workload:
        {type: train, dataset: {name: ./text.txt}, sequence: 32, batch: 2, steps: 2, sample: {tokens: 0}}
      """, to: "trained.yaml")
    let trained = try program.run("trained.yaml", "-q")
    try #require(trained.code == 0, "\(trained.errors)")
    let run = try StoredRun(RunFolder.open(program.file("results/trained/latest")))
    for (cell, name) in zip(run.cells, ["a", "b"]) {
      try FileManager.default.copyItem(
        atPath: "\(cell.folder)/checkpoint", toPath: program.file(name))
    }
    try program.write(
      """
      # What does it make of the text?
      name: reading
      device: cpu
      seeds: [1, 2]
      \(model)
      variants:
        random: {}
        \(variants)
      workload: {type: generate, dataset: {name: ./text.txt}, prompt_tokens: 8, new_tokens: 4}
      """, to: "reading.yaml")
    return program
  }

  /// Puts the files of one checkpoint into the place of another's.
  private func replace(_ program: Program, _ name: String, by other: String) throws {
    try FileManager.default.removeItem(atPath: program.file(name))
    try FileManager.default.copyItem(
      atPath: program.file(other), toPath: program.file(name))
  }

  private func run(_ program: Program, _ path: String = "results/reading/latest") throws
    -> StoredRun
  {
    try StoredRun(RunFolder.open(program.file(path)))
  }

  /// The number in the plan of a cell.
  private func index(_ run: StoredRun, _ label: String) throws -> String {
    "\(try #require(run.cells.first { $0.label == label }, "\(run.cells.map(\.label))").index)"
  }

  @Test("what is no model is a fault at its place in the file, whatever reads the file")
  func faults() throws {
    let program = try program("read: {workload: {checkpoint: ./missing}}")
    try FileManager.default.createDirectory(
      atPath: program.file("empty"), withIntermediateDirectories: true)
    for name in ["torn", "long", "odd"] {
      try FileManager.default.copyItem(atPath: program.file("a"), toPath: program.file(name))
    }
    let weights = try Data(contentsOf: URL(filePath: program.file("a/model.safetensors")))
    try weights.dropLast(1).write(to: URL(filePath: program.file("torn/model.safetensors")))
    try Data(repeating: 255, count: 64).write(
      to: URL(filePath: program.file("long/model.safetensors")))
    try program.write("{\"vocabulary\": \"ab\"}", to: "odd/config.json")
    for command in ["check", "plan", "prepare", "run"] {
      let refused = try program.run(command, "reading.yaml")
      #expect(refused.code == 78, "\(command): \(refused.errors)")
      #expect(
        refused.errors.contains("reading.yaml:8:33: error: '\(program.file("missing"))' is no "),
        "\(command): \(refused.errors)")
      #expect(refused.errors.contains("no such file or directory"))
    }
    for (path, reason) in [
      ("./empty", "no such file or directory"), ("./text.txt", "not a directory"),
      ("./torn", "model.safetensors': not a safetensors file: its values should have"),
      ("./long", "its header should have"), ("./odd", "it lacks 'max_position_embeddings'"),
      ("\"./a\\nb\"", "is no model"),
    ] {
      let refused = try program.run(
        "check", "reading.yaml", "--set", "variants.read.workload.checkpoint=\(path)")
      #expect(refused.code == 78, "\(path): \(refused.errors)")
      #expect(refused.errors.contains(reason), "\(path): \(refused.errors)")
    }
    let axis = try program.run(
      "check", "reading.yaml", "--set", "variants={}", "--vary", "workload.checkpoint=./a,./gone")
    #expect(axis.code == 78 && axis.errors.contains("/gone' is no model"), "\(axis.errors)")
    #expect(!axis.errors.contains("/a' is no model"))
  }

  @Test("a checkpoint that goes fails the cells that read it, and no other")
  func gone() throws {
    let program = try program()
    let prepared = try program.run("prepare", "reading.yaml")
    #expect(prepared.code == 0, "\(prepared.errors)")
    try FileManager.default.removeItem(atPath: program.file("a"))
    let cell = try program.run(
      "cell", "results/reading/latest", "--index", index(run(program), "read/seed=1"))
    #expect(cell.code == 3, "\(cell.errors)")
    var rows = try run(program).rows
    #expect(rows.map(\.status) == [.notRun, .notRun, .failed, .notRun])
    #expect(rows[2].reason?.contains("a/config.json': no such file or directory") == true)

    let refused = try program.run("resume", "reading", "-q")
    #expect(refused.code == 5, "\(refused.errors)")
    #expect(
      refused.errors.contains("the checkpoint '\(program.file("a"))' cannot be read any more"))
    let resumed = try program.run("resume", "reading", "--accept-changes", "-q")
    #expect(resumed.code == 3, "\(resumed.errors)")
    rows = try run(program).rows
    #expect(rows.map(\.status) == [.ok, .ok, .failed, .failed])
    #expect(rows[3].reason?.contains("no such file or directory") == true)
  }

  @Test("a checkpoint is recorded by its hash, as the usual tools make it")
  func recorded() throws {
    let program = try program()
    let finished = try program.run("reading.yaml", "-q")
    #expect(finished.code == 0, "\(finished.errors)")
    let sum = try program.shell(
      "cd a && sha256sum config.json model.safetensors | sha256sum | cut -c1-64")
    let hash = sum.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let run = try run(program)
    #expect(run.record?.checkpoints.map(\.path) == [program.file("a")])
    #expect(run.record?.checkpoints.map(\.sha256) == [hash])
    let facts = run.rows.map { $0.fact("checkpoint_sha256")?.text }
    #expect(facts == [nil, nil, "sha256-\(hash)", "sha256-\(hash)"])
    // The same model elsewhere is the same cell.
    try FileManager.default.moveItem(atPath: program.file("a"), toPath: program.file("c"))
    let moved = try program.run(
      "reading.yaml", "-q", "--into", "latest", "--set",
      "variants.read.workload.checkpoint=./c", "--json")
    #expect(moved.code == 0, "\(moved.errors)")
    #expect(try self.run(program).cells.map(\.id) == run.cells.map(\.id))
  }

  @Test("a checkpoint that changes is noticed by cell, resume, --into and replay")
  func changed() throws {
    let program = try program()
    #expect(try program.run("prepare", "reading.yaml").code == 0)
    let before = try run(program)
    let folder = "results/reading/latest"
    let (first, second) = try (index(before, "read/seed=1"), index(before, "read/seed=2"))
    #expect(try program.run("cell", folder, "--index", first).code == 0)
    try FileManager.default.copyItem(atPath: program.file("a"), toPath: program.file("kept"))
    try replace(program, "a", by: "b")
    let name = "the checkpoint '\(program.file("a"))'"

    let cell = try program.run("cell", folder, "--index", second, "-q")
    #expect(cell.code == 5 && cell.errors.contains("\(name) has changed"), "\(cell.errors)")
    for words in [
      ["resume", "reading", "-q"], ["run", "reading.yaml", "--into", "latest", "-q"],
      ["replay", "reading", "read/seed=1"],
    ] {
      let refused = try program.run(words)
      #expect(refused.code == 5, "\(words): \(refused.errors)")
      #expect(refused.errors.contains("\(name) has changed"), "\(words): \(refused.errors)")
    }
    #expect(try run(program).rows.map(\.status) == [.notRun, .notRun, .ok, .notRun])

    // What was accepted is told apart by the rows, and a cell of the old one is not replayed with
    // the new.
    let accepted = try program.run("resume", "reading", "--accept-changes", "-q")
    #expect(accepted.code == 0, "\(accepted.errors)")
    let rows = try run(program).rows
    #expect(rows[2].fact("checkpoint_sha256") != rows[3].fact("checkpoint_sha256"))
    #expect(rows[2].identity != rows[3].identity)
    let old = try program.run("replay", "reading", "read/seed=1")
    #expect(old.code == 5 && old.errors.contains("\(name) has changed"), "\(old.errors)")
    let new = try program.run("replay", "reading", "read/seed=2")
    #expect(new.code == 0, "\(new.output)\(new.errors)")
    try replace(program, "a", by: "kept")
    let again = try program.run("replay", "reading", "read/seed=1")
    #expect(again.code == 0, "\(again.output)\(again.errors)")
  }

  @Test("two checkpoints that change places have both changed")
  func exchanged() throws {
    let program = try program(
      "read: {workload: {checkpoint: ./a}}\n  other: {workload: {checkpoint: ./b}}")
    #expect(try program.run("prepare", "reading.yaml").code == 0)
    try FileManager.default.moveItem(atPath: program.file("a"), toPath: program.file("c"))
    try FileManager.default.moveItem(atPath: program.file("b"), toPath: program.file("a"))
    try FileManager.default.moveItem(atPath: program.file("c"), toPath: program.file("b"))
    let refused = try program.run("resume", "reading", "-q")
    #expect(refused.code == 5, "\(refused.errors)")
    for name in ["a", "b"] {
      #expect(refused.errors.contains("/\(name)' has changed"), "\(refused.errors)")
    }
  }

  @Test(
    "what another architecture changes is warned of, whoever wants no progress and however many cells run"
  )
  func differences() throws {
    let program = try program(
      "read: {model: {norm: {type: rmsnorm, epsilon: 1e-3}}, workload: {checkpoint: ./a}}")
    for words in [["-q"], ["-q", "--parallel", "2"]] {
      let finished = try program.run(["reading.yaml"] + words)
      #expect(finished.code == 0, "\(finished.errors)")
      #expect(
        finished.errors.contains("warning: the model is not the one that was trained: model.norm"),
        "\(finished.errors)")
    }
    let fact = try run(program).rows[2].fact("model_differences")?.text
    #expect(fact == "model.norm.epsilon is 0.001 instead of 1.0e-05")
  }

  @Test("a text without newlines can be continued without a prompt")
  func noNewline() throws {
    let program = try Program()
    try program.write(String(repeating: "ab cd ", count: 200), to: "text.txt")
    try program.write(
      """
      # Does it write?
      name: words
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload: {type: train, dataset: {name: ./text.txt}, sequence: 16, batch: 2, steps: 1}
      """, to: "words.yaml")
    #expect(try program.run("words.yaml", "-q").code == 0)
    let run = try run(program, "results/words/latest")
    let written = try program.run("generate", try #require(run.cells.first).folder, "-t", "8")
    #expect(written.code == 0, "\(written.errors)")
    #expect(written.output.count == 1 + 8 + 1 && written.output.hasPrefix(" "))
  }
}
