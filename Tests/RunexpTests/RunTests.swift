// `runexp run` from the file to the results, as a user sees it.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite("runexp run", .serialized)
struct RunTests {
  private static let run = "results/tiny/latest"

  @Test("a run writes every file of a results folder")
  func everyFile() throws {
    let program = try Program()
    try program.write(TinyExperiment.yaml(seeds: "[1, 2]"), to: "tiny.yaml")
    let finished = try program.run("run", "tiny.yaml", "--threads", "2")
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(finished.errors.contains("results: results/tiny/r-"))

    let names = try FileManager.default.contentsOfDirectory(atPath: program.file(Self.run))
    #expect(
      names.sorted() == [
        ".lock", "cells", "cells.csv", "cells.jsonl", "experiment.yaml", "plan.jsonl",
        "resolved.yaml",
        "run.json", "summary.csv", "summary.json", "summary.md",
      ])
    let cells = try FileManager.default.contentsOfDirectory(
      atPath: program.file(Self.run + "/cells"))
    #expect(cells.count == 4)
    for cell in cells {
      #expect(
        program.tree("\(Self.run)/cells/\(cell)") == [
          ".lock", "checkpoint", "checkpoint/config.json", "checkpoint/model.safetensors",
          "log.txt",
          "memory.json", "resolved.yaml", "result.json", "sample.txt", "steps.jsonl",
        ])
      let row = try JSON(reading: program.read("\(Self.run)/cells/\(cell)/result.json"))
      #expect(row["status"]?.text == "ok")
    }
    #expect(try program.read(Self.run + "/experiment.yaml") == program.read("tiny.yaml"))

    let plan = try lines(program, "plan.jsonl")
    #expect(plan.compactMap { $0["cell"]?.text }.sorted() == cells.sorted())
    #expect(
      plan.compactMap { $0["label"]?.text } == [
        "modern/seed=1", "modern/seed=2", "classic/seed=1", "classic/seed=2",
      ])
    let rows = try lines(program, "cells.jsonl")
    #expect(rows.compactMap { $0["status"]?.text } == ["ok", "ok", "ok", "ok"])
    #expect(rows.compactMap { $0["seed"]?.whole } == [1, 2, 1, 2])
    let table = try program.read(Self.run + "/cells.csv").split(separator: "\n")
    #expect(table.count == 5)

    let summary = try program.read(Self.run + "/summary.md")
    for word in ["modern", "classic", "validation loss"] { #expect(summary.contains(word)) }
    #expect(!finished.output.isEmpty)
    let record = try JSON(reading: program.read(Self.run + "/run.json"))
    #expect(record["exit"]?.whole == 0)
    #expect(
      record["arguments"]?.elements.compactMap(\.text).dropFirst() == [
        "run", "tiny.yaml", "--threads", "2",
      ])
    #expect(try JSON(reading: program.read(Self.run + "/summary.json")).members.count > 0)
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: program.file(Self.run))
    #expect(link.hasPrefix("r-"))
  }

  @Test("'runexp FILE' is 'runexp run FILE', and prints the summary on standard output")
  func shortForm() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let finished = try program.run("tiny.yaml", "--quiet")
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(finished.output.contains("modern"))
    #expect(program.exists(Self.run + "/summary.md"))
    let json = try program.run("./tiny.yaml", "--json", "--quiet")
    #expect(json.code == 0)
    #expect(try !JSON(reading: json.output).members.isEmpty)
  }

  @Test("a resolved file runs again and ends with the same bits, with any number of threads")
  func resolvedRunsAgain() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 3), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "--threads", "1", "-q").code == 0)
    let first = try cells(program, "results")
    try program.write(program.read(Self.run + "/resolved.yaml"), to: "again.yaml")
    let again = try program.run(
      "run", "again.yaml", "--results", "second", "--threads", "2", "-q")
    #expect(again.code == 0, "\(again.errors)")
    let second = try cells(program, "second")
    #expect(first.count == 2)
    #expect(first.map(\.losses) == second.map(\.losses))
    let isSame = first.map(\.checkpoint) == second.map(\.checkpoint)
    #expect(isSame, "the checkpoints differ")
    #expect(first.map(\.id) == second.map(\.id), "the same cell has the same name")

    let one = try program.read(Self.run + "/cells/\(first[0].id)/resolved.yaml")
    try program.write(one, to: "one.yaml")
    #expect(try program.run("run", "one.yaml", "--results", "third", "-q").code == 0)
    let third = try cells(program, "third")
    #expect(third.map(\.losses) == [first[0].losses])
  }

  @Test("--set, --vary and --save-initial change what is run")
  func options() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let finished = try program.run(
      "run", "tiny.yaml", "--set", "workload.steps=2", "--vary", "model.layers=1,2",
      "--set", "seeds=7", "--save-initial", "-q")
    #expect(finished.code == 0, "\(finished.errors)")
    let rows = try lines(program, "cells.jsonl")
    #expect(rows.count == 4)
    #expect(rows.compactMap { $0["model.layers"]?.whole } == [1, 2, 1, 2])
    #expect(rows.compactMap { $0["seed"]?.whole } == [7, 7, 7, 7])
    for cell in try cells(program, "results") {
      #expect(cell.losses.count == 2)
      let folder = "\(Self.run)/cells/\(cell.id)"
      #expect(program.exists("\(folder)/checkpoint-initial/model.safetensors"))
      #expect(try program.read("\(folder)/resolved.yaml").contains("steps: 2"))
    }
  }

  @Test("a diverged cell is a row, and the exit code says that not all went well")
  func diverged() throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program, steps: 60)
      .replacing(
        "  modern: {}",
        with: """
            modern: {}
            wild:
              model: {layers: 2, norm: none, init_std: 1}
              workload: {optimizer: {lr: 100, clip: 0}, schedule: {type: constant, warmup: 0}}
          """)
    try program.write(yaml, to: "tiny.yaml")
    let finished = try program.run("run", "tiny.yaml", "-q")
    #expect(finished.code == 3, "\(finished.errors)")
    let rows = try lines(program, "cells.jsonl")
    #expect(rows.compactMap { $0["status"]?.text } == ["ok", "diverged", "ok"])
    #expect(rows[1]["reason"]?.text?.hasSuffix("is not finite") == true)
    #expect(try !program.read(Self.run + "/cells.csv").lowercased().contains("nan"))
  }

  @Test("a cell whose device is not there is a row, and the exit code says so")
  func unavailable() throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program, steps: 1)
    try program.write(yaml, to: "tiny.yaml")
    let finished = try program.run(
      "run", "tiny.yaml", "--vary", "device=cpu,cuda")
    #expect(finished.code == 3, "\(finished.errors)")
    // Once, with its count: not a line a cell.
    #expect(!finished.errors.contains("unavailable"), "\(finished.errors)")
    #expect(finished.output.contains("2 of 4 cells ok: 2 unavailable"), "\(finished.output)")
    let rows = try lines(program, "cells.jsonl")
    #expect(
      rows.compactMap { $0["status"]?.text } == ["ok", "unavailable", "ok", "unavailable"])
  }

  @Test("a worker that is killed is a row, and the matrix goes on")
  func killedWorker() throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program)
      .replacing("  modern: {}", with: "  modern: {workload: {steps: 1000000}}")
    try program.write(yaml, to: "tiny.yaml")
    // Only the endless one gets as far.
    let running = try program.start(
      ["run", "tiny.yaml", "-q"], environment: ["RUNEXP_FAILPOINTS": "append:steps.jsonl=pause@20"])
    kill(try #require(running.pausedChildren().first), SIGKILL)
    let finished = try running.finish()
    #expect(finished.code == 3, "\(finished.errors)")
    let rows = try lines(program, "cells.jsonl")
    #expect(rows.compactMap { $0["status"]?.text } == ["killed", "ok"])
    #expect(rows[0]["reason"]?.text == "the worker was ended by signal 9 (Killed)")
    #expect(try program.read(Self.run + "/summary.md").contains("killed"))
  }

  @Test(
    "a request to stop ends the run after the step with code 128 + signal and readable tables",
    arguments: [SIGINT, SIGTERM])
  func interrupted(signal: Int32) throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program, steps: 1_000_000)
    try program.write(yaml, to: "tiny.yaml")
    let running = try program.start(["run", "tiny.yaml", "-q"])
    try #require(running.wait { steps(program) > 2 })
    running.signal(signal)
    let finished = try running.finish()
    #expect(finished.code == 128 + signal, "\(finished.errors)")
    let rows = try lines(program, "cells.jsonl")
    #expect(rows.compactMap { $0["status"]?.text } == ["killed", "not_run"])
    let reason = signal == SIGINT ? "stopped by the user" : "stopped by SIGTERM"
    #expect(rows[0]["reason"]?.text == reason)
    #expect(try program.read(Self.run + "/cells.csv").split(separator: "\n").count == 3)
    let record = try JSON(reading: program.read(Self.run + "/run.json"))
    #expect(record["exit"]?.whole == Int(128 + signal))
    // Every line is whole.
    let cell = try #require(rows[0]["cell"]?.text)
    let text = try program.read("\(Self.run)/cells/\(cell)/steps.jsonl")
    #expect(text.hasSuffix("\n"))
    #expect(try losses(text).count > 2)
  }

  @Test("a worker whose parent is gone ends by itself")
  func orphan() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 1_000_000), to: "tiny.yaml")
    let running = try program.start(["run", "tiny.yaml", "-q"])
    try #require(running.wait { steps(program) > 2 && !running.children().isEmpty })
    let worker = try #require(running.children().first)
    running.signal(SIGKILL)
    #expect(try running.finish().code == 128 + SIGKILL)
    #expect(wait { !Running.isAlive(worker) })
    // The tables written before the cells started are whole.
    #expect(try lines(program, "cells.jsonl").count == 2)
  }

  @Test("a results folder that cannot be made is one line and code 1, and leaves nothing")
  func unwritableResults() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let before = program.tree()
    let finished = try program.run("run", "tiny.yaml", "--results", "text.txt/results", "-q")
    #expect(finished.code == 1)
    #expect(finished.output.isEmpty)
    let errors = finished.errors.split(separator: "\n")
    #expect(errors.count == 1, "\(finished.errors)")
    #expect(errors.first?.hasPrefix("error: ") == true)
    #expect(finished.errors.contains("text.txt"))
    #expect(program.tree() == before)
  }

  @Test("a text that cannot be had is one line and code 1, and leaves nothing")
  func missingText() throws {
    let program = try Program()
    try program.write(
      TinyExperiment.yaml().replacing("synthetic-plays", with: "./no-such.txt"), to: "tiny.yaml")
    let before = program.tree()
    let finished = try program.run("run", "tiny.yaml", "-q")
    #expect(finished.code == 1)
    #expect(finished.output.isEmpty)
    #expect(finished.errors.hasPrefix("error: "))
    #expect(finished.errors.contains("no-such.txt"))
    #expect(program.tree() == before)
  }

  @Test("the fallback text is used where the other cannot be had, and every result says so")
  func fallback() throws {
    let program = try Program()
    try program.write(
      TinyExperiment.yaml(steps: 1).replacing(
        "{name: synthetic-plays}", with: "{name: tiny-shakespeare, fallback: synthetic-plays}"),
      to: "tiny.yaml")
    let finished = try program.run("run", "tiny.yaml", "--offline")
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(finished.errors.contains("using the fallback 'synthetic-plays'"))
    let rows = try lines(program, "cells.jsonl")
    #expect(rows.count == 2)
    for row in rows {
      #expect(row["ran.dataset"]?.text == "synthetic-plays")
      #expect(row["ran.dataset_note"]?.text?.contains("do not compare") == true)
    }
    #expect(try program.read(Self.run + "/summary.md").contains("fallback"))
  }

  // MARK: Reading what was written

  private func lines(_ program: Program, _ name: String) throws -> [JSON] {
    try program.read("\(Self.run)/\(name)").split(separator: "\n").map {
      try JSON(reading: String($0))
    }
  }

  /// Id, losses and checkpoint of every cell of the newest run, in the order of the plan.
  private func cells(
    _ program: Program, _ results: String
  ) throws -> [(id: String, losses: [String], checkpoint: Data)] {
    let run = "\(results)/tiny/latest"
    return try program.read("\(run)/plan.jsonl").split(separator: "\n").map { line in
      let id = try #require(try JSON(reading: String(line))["cell"]?.text)
      let folder = "\(run)/cells/\(id)"
      let checkpoint = try Data(
        contentsOf: URL(filePath: program.file("\(folder)/checkpoint/model.safetensors")))
      return (id, try losses(program.read("\(folder)/steps.jsonl")), checkpoint)
    }
  }

  /// Lines of the first cell's curve so far.
  private func steps(_ program: Program) -> Int {
    let cells =
      (try? FileManager.default.contentsOfDirectory(
        atPath: program.file(Self.run + "/cells"))) ?? []
    return cells.map { cell in
      let text = try? program.read("\(Self.run)/cells/\(cell)/steps.jsonl")
      return text?.split(separator: "\n").count ?? 0
    }.max() ?? 0
  }
}
