// A kill, or a full disk, at every step of writing a run: what is on disk can be read, and the run
// goes on to the same results. The steps are not listed here: the program says which ones it
// passes.

import Experiments
import Records
import Foundation
import Testing

@Suite("failpoints", .serialized)
struct FailpointTests {
  /// A step of writing, as `RUNEXP_FAILPOINTS` names it, and how often one process takes it.
  private struct Step: Hashable {
    let point: Failpoint
    let file: String

    var name: String { "\(point.rawValue):\(file)" }
  }

  private let program: Program
  private let whole: RunContent

  init() throws {
    program = try Program()
    // One cell: what a second one writes is written by the same steps.
    let yaml = try TinyExperiment.onText(program) + "matrix: {where: variant == 'modern'}\n"
    try program.write(yaml, to: "tiny.yaml")
    let finished = try program.run("run", "tiny.yaml", "-q", "--results", "whole")
    #expect(finished.code == 0, "\(finished.errors)")
    whole = try RunContent(program, "whole/tiny/latest")
  }

  @Test("a kill at any step of a new run leaves readable files, and resume ends with the same bits")
  func killedRun() throws {
    let steps = try steps(of: run(in: "seen", "*=print"))
    #expect(
      Set(steps.keys.map(\.point)).isSuperset(of: [.folder, .write, .rename, .renamed, .link]))
    for file in [
      "run.json", "plan.jsonl", "experiment.yaml", "cells.csv", "cells.jsonl", "summary.md",
      "summary.csv", "summary.json", "resolved.yaml", "result.json", "memory.json", "sample.txt",
      "model.safetensors", "config.json", "state.safetensors",
    ] { #expect(steps[Step(point: .rename, file: file)] != nil, "\(file)") }
    #expect(steps[Step(point: .append, file: "steps.jsonl")] != nil)

    for (step, count) in steps {
      // The run's record, tables and summary are written at its beginning and again at its end.
      for passage in 1...(step.point == .rename ? min(count, 2) : 1) {
        let rule = "\(step.name)=kill@\(passage)"
        let killed = try run(in: rule, rule)
        // How often checkpoints and tables are written depends on the time that it takes.
        if passage == 1 { #expect(hits(killed) > 0, "\(rule)") }
        try expectSameEnd(rule)
      }
    }
  }

  @Test("a kill at any step of a resumed run does no harm either")
  func killedResume() throws {
    // Its worker is killed, not the parent.
    let begun = try run(in: "begun", "append:steps.jsonl=kill@3")
    #expect(begun.code == 3, "\(begun.errors)")
    #expect(program.tree("begun").contains { $0.hasSuffix("state.safetensors") })
    func copy(_ results: String) throws {
      try FileManager.default.copyItem(
        atPath: program.file("begun"), toPath: program.file(results))
    }
    try copy("seen")
    let steps = try steps(of: resume("seen", "*=print"))
    #expect(steps.keys.contains { $0.point == .remove })
    for file in ["steps.jsonl", "log.txt"] {
      #expect(steps[Step(point: .rename, file: file)] != nil, "\(file)")
    }
    for step in steps.keys {
      let rule = "\(step.name)=kill@1"
      try copy(rule)
      #expect(try hits(resume(rule, rule)) > 0, "\(rule)")
      try expectSameEnd(rule)
    }
  }

  @Test("a disk that is full at any step is one clear error, and resume ends with the same bits")
  func fullDisk() throws {
    let steps = try steps(of: run(in: "seen", "*=print"))
    for step in steps.keys where [.folder, .write, .append].contains(step.point) {
      let rule = "\(step.name)=enospc@1"
      let failed = try run(in: rule, rule)
      #expect(failed.code == 1, "\(rule): \(failed.errors)")
      #expect(failed.errors.contains("error: "), "\(rule)")
      #expect(failed.errors.lowercased().contains("no space left on device"), "\(rule)")
      try expectSameEnd(rule)
    }
  }

  @Test("a failpoint that there is not is an error, so that no test passes by a slip of the pen")
  func unknown() throws {
    let finished = try run(in: "none", "renam:run.json=kill")
    #expect(finished.code == 1)
    #expect(finished.errors.contains("no failpoint; there are"), "\(finished.errors)")
    #expect(finished.errors.contains("'renam:run.json=kill'"))
  }

  // MARK: What the tests share

  private func run(in results: String, _ failpoints: String) throws -> Finished {
    try program.run(
      ["run", "tiny.yaml", "-q", "--results", results, "--checkpoint", "0.001ms"],
      environment: ["RUNEXP_FAILPOINTS": failpoints])
  }

  private func resume(_ results: String, _ failpoints: String? = nil) throws -> Finished {
    try program.run(
      ["resume", "latest", "-q", "--results", results],
      environment: failpoints.map { ["RUNEXP_FAILPOINTS": $0] } ?? [:])
  }

  /// The steps that were passed, each with the number of passages in the process that took it most
  /// often.
  private func steps(of finished: Finished) throws -> [Step: Int] {
    #expect(finished.code == 0, "\(finished.errors)")
    var steps: [Step: [Substring: Int]] = [:]
    for line in finished.errors.split(separator: "\n") where line.hasPrefix("failpoint ") {
      let words = line.split(separator: " ", maxSplits: 3)
      let point = try #require(Failpoint(rawValue: String(words[2])), "\(line)")
      let name = String(words[3].split(separator: "/").last ?? "")
      // The names of runs and of the results' folder, which is made first, are not the same the
      // next time.
      let file = name.hasPrefix("r-") ? "r-*" : words[3] == "seen" ? "*" : name
      steps[Step(point: point, file: file), default: [:]][words[1], default: 0] += 1
    }
    return steps.mapValues { $0.values.max() ?? 0 }
  }

  private func hits(_ finished: Finished) -> Int {
    finished.errors.split(separator: "\n").count { $0.hasPrefix("failpoint ") }
  }

  /// Reads what was left, goes on without failpoints, and compares everything with the undisturbed
  /// run.
  private func expectSameEnd(_ results: String) throws {
    program.expectReadable(results, results)
    if let run = program.resumableRun(results) {
      #expect(program.waitUntilUnlocked(run), "\(results)")
      let resumed = try program.run("resume", run, "-q")
      #expect(resumed.code == 0, "\(results): \(resumed.errors)")
      try whole.expectSame(RunContent(program, run), results)
    } else {
      // Ended before there was a plan: nothing to go on with, and nothing in the way of beginning
      // again.
      #expect(try resume(results).code == 1, "\(results)")
      let again = try program.run("run", "tiny.yaml", "-q", "--results", results)
      #expect(again.code == 0, "\(results): \(again.errors)")
      try whole.expectSame(RunContent(program, "\(results)/tiny/latest"), results)
    }
  }
}
