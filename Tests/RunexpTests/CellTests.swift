// `runexp prepare`, `cell` and `collect`: a run in steps, also beside other processes that work on
// it.

import Config
import Foundation
import Records
import Testing

@Suite("runexp cell", .serialized)
struct CellTests {
  private let program: Program
  private static let latest = "results/tiny/latest"

  init() throws {
    program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
  }

  /// The folder of a new run of two cells, of which none has run.
  private func prepared(_ options: String...) throws -> String {
    let finished = try program.run(["prepare", "tiny.yaml"] + options)
    try #require(finished.code == 0, "\(finished.errors)")
    return finished.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func row(_ run: String, _ index: Int) throws -> JSON {
    let rows = try program.read("\(run)/cells.jsonl").split(separator: "\n")
    return try JSON(reading: String(rows[index]))
  }

  private func folder(_ run: String, _ index: Int) throws -> String {
    "\(run)/cells/\(try #require(row(run, index)["cell"]?.text))"
  }

  @Test("a cell of a run is run by its number, once, and what is no cell is an error")
  func worker() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 2), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q").code == 0)
    let run = "results/tiny/latest"
    let plan = try program.read("\(run)/plan.jsonl").split(separator: "\n")
    let cell = try #require(JSON(reading: String(plan[1]))["cell"]?.text)
    let (curve, result) = ("\(run)/cells/\(cell)/steps.jsonl", "\(run)/cells/\(cell)/result.json")
    let before = (try program.read(curve), try program.read(result))
    #expect(try program.run("cell", run, "--index", "1", "--quiet").code == 0)
    #expect(try (program.read(curve), program.read(result)) == before, "it was done already")
    try FileManager.default.removeItem(atPath: program.file(result))
    #expect(try program.run("cell", run, "--index", "1", "--quiet").code == 0)
    #expect(try losses(program.read(curve)) == losses(before.0))
    #expect(program.exists(result))
    for (words, problem) in [
      ([run, "--index", "2"], "it has no cell 2; its cells are 0 to 1\n"),
      ([run, "--index=-1"], "it has no cell -1; its cells are 0 to 1\n"),
      (["nowhere", "--index", "0"], "no run 'nowhere'"),
    ] {
      let missing = try program.run(["cell"] + words)
      #expect(missing.errors.contains(problem), "\(words): \(missing.errors)")
      #expect(missing.code == 1, "\(words): \(missing.errors)")
      #expect(missing.errors.hasPrefix("error: "), "\(words): \(missing.errors)")
    }
  }

  @Test("a cell that another process runs is left to it, and its result is taken later")
  func busy() throws {
    let run = try prepared()
    let cell = try folder(run, 0)
    let other = try program.start(
      ["cell", run, "--index", "0", "-q"],
      environment: ["RUNEXP_FAILPOINTS": "append:steps.jsonl=pause@1"])
    try #require(other.wait { Running.isPaused(other.id) })
    let sentence =
      "note: modern is being run by another process (process \(other.id)); it is left to it\n"
    for words in [["resume", run], ["run", "tiny.yaml", "--into", run], ["resume", run]] {
      let finished = try program.run(words)
      #expect(finished.code == 75, "\(words): \(finished.errors)")
      #expect(finished.errors.contains(sentence), "\(words): \(finished.errors)")
      #expect(finished.errors.contains("are done: runexp collect /"), "\(finished.errors)")
      #expect(try row(run, 0)["status"]?.text == "not_run")
      #expect(try row(run, 1)["status"]?.text == "ok")
      #expect(!program.exists("\(cell)/result.json"))
    }
    let second = try program.run("cell", run, "--index", "0")
    #expect(second.code == 75 && second.errors.contains(sentence), "\(second.errors)")
    #expect(try program.run("show", run).output.contains(": running\n"))
    let removed = try program.run("rm", run, "--yes")
    #expect(removed.code == 1)
    #expect(removed.errors.contains("in use by another runexp (process \(other.id))"))
    #expect(program.exists("\(cell)/steps.jsonl"))

    other.signal(SIGCONT)
    #expect(try other.finish().code == 0)
    #expect(try program.read("\(cell)/.lock").isEmpty)
    let unfinished = try program.run("show", run).output
    #expect(unfinished.contains(": unfinished, exit code 75\n"))
    let advice = #/\nall cells are done; runexp collect /\S+ makes its tables\n/#
    #expect(unfinished.contains(advice), "\(unfinished)")
    let collected = try program.run("collect", run, "-q")
    #expect(collected.code == 0 && collected.output.isEmpty, "\(collected.errors)")
    #expect(try row(run, 0)["status"]?.text == "ok")
    #expect(try program.run("show", run).output.contains(": finished, exit code 0\n"))
    // Collected once more, it ended when it did.
    try changeRecord(run, #/"end": ".*"/#, "\"end\": \"2026-01-01T00:00:00Z\"")
    let ended = try program.read("\(run)/run.json")
    #expect(try program.run("collect", run, "-q").code == 0)
    #expect(try program.read("\(run)/run.json") == ended)
    #expect(try program.run("rm", run, "--yes").code == 0)
  }

  @Test("while a run goes on its tables are left to it, and what there is is told")
  func collectedMeanwhile() throws {
    let run = try prepared()
    let curve = "\(program.file(try folder(run, 0)))/steps.jsonl"
    let other = try program.start(
      ["resume", run, "-q"], environment: ["RUNEXP_FAILPOINTS": "append:\(curve)=pause@1"])
    let worker = try #require(other.pausedChildren().first)
    func written() throws -> [String] {
      try ["cells.csv", "cells.jsonl", "summary.md", "run.json"].map {
        try program.read("\(run)/\($0)")
      }
    }
    let before = try written()
    let collected = try program.run("collect", run, "--report")
    #expect(collected.code == 3 && !collected.output.isEmpty, "\(collected.errors)")
    let sentence = "the tables are left to another runexp (process \(other.id)), which works on"
    #expect(collected.errors.contains(sentence), "\(collected.errors)")
    #expect(collected.errors.contains("not done yet: 1 running"), "\(collected.errors)")
    #expect(program.exists("\(run)/report.html"))
    #expect(try written() == before)
    kill(worker, SIGCONT)
    #expect(try other.finish().code == 0)
    #expect(try (0..<2).allSatisfy { try row(run, $0)["status"]?.text == "ok" })
  }

  @Test("a cell that was killed is counted as such, not as one that did not run")
  func collectedKilled() throws {
    let run = try prepared()
    let killed = try program.run(
      ["cell", run, "--index", "auto", "-q"],
      environment: ["SLURM_ARRAY_TASK_ID": "0", "RUNEXP_FAILPOINTS": "append:steps.jsonl=kill@1"])
    #expect(killed.code == 3)
    let collected = try program.run("collect", run)
    #expect(collected.code == 3)
    #expect(
      collected.errors.contains("not done yet: 1 killed, 1 not run"), "\(collected.errors)")
  }

  @Test("a collection waits for another one, which may have read a row too early")
  func collectedTwice() throws {
    let run = try prepared()
    #expect(try program.run("resume", run, "-q").code == 0)
    let result = "\(try folder(run, 0))/result.json"
    let early = try program.start(
      ["collect", run, "-q"], environment: ["RUNEXP_FAILPOINTS": "rename:cells.csv=pause"])
    try #require(early.wait { Running.isPaused(early.id) })
    try program.write(
      program.read(result).replacing("\"status\": \"ok\"", with: "\"status\": \"failed\""),
      to: result)
    let late = try program.start(["collect", run, "-q"])
    // Longer than it would look for a run.
    late.wait(seconds: 1)
    #expect(late.isRunning)
    early.signal(SIGCONT)
    #expect(try early.finish().code == 0)
    let finished = try late.finish()
    #expect(finished.code == 3 && finished.errors.isEmpty, "\(finished.errors)")
    #expect(try row(run, 0)["status"]?.text == "failed")
  }

  @Test("nothing is taken from a cell that another process holds")
  func untouched() throws {
    let run = try prepared()
    let cell = try folder(run, 0)
    #expect(try program.run("resume", run, "-q").code == 0)
    let result = try program.read("\(cell)/result.json")
      .replacing("\"status\": \"ok\"", with: "\"status\": \"failed\"")
    try program.write(result, to: "\(cell)/result.json")
    try program.write("", to: "\(cell)/state.safetensors")
    let lock = open(program.file("\(cell)/.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    try #require(flock(lock, LOCK_EX | LOCK_NB) == 0)
    let retried = try program.run("resume", run, "-q", "--retry", "failed")
    #expect(retried.code == 3, "\(retried.errors)")
    #expect(try program.read("\(cell)/result.json") == result)
    try changeRecord(run, #/"sha256": "[0-9a-f]{64}"/#, "\"sha256\": \"0\"")
    let accepted = try program.run("resume", run, "-q", "--accept-changes")
    #expect(accepted.code == 3, "\(accepted.errors)")
    #expect(program.exists("\(cell)/state.safetensors"))
    close(lock)
    try changeRecord(run, #/"sha256": "[0-9a-f]{64}"/#, "\"sha256\": \"0\"")
    let freed = try program.run("resume", run, "-q", "--accept-changes", "--retry", "failed")
    #expect(freed.code == 0, "\(freed.errors)")
    #expect(!program.exists("\(cell)/state.safetensors"))
  }

  @Test("another program is refused, another machine stands in the row")
  func otherProgram() throws {
    let run = try prepared()
    let cell = try folder(run, 0)
    let record = try program.read("\(run)/run.json")
    for (before, after, part) in [
      (#/"sha256": "[0-9a-f]{64}"/#, "\"sha256\": \"0\"", "another build of the program"),
      (#/"version": ".*"/#, "\"version\": \"0.0.1\"", "another program version: "),
    ] {
      try changeRecord(run, before, after)
      let refused = try program.run("cell", run, "--index", "0")
      #expect(refused.code == 5 && refused.errors.contains(part), "\(refused.errors)")
      #expect(refused.errors.contains("\(run) --accept-changes"), "\(refused.errors)")
      #expect(!program.exists("\(cell)/result.json"))
      try program.write(record, to: "\(run)/run.json")
    }
    #expect(try program.run("cell", run, "--index", "1", "-q").code == 0)
    try changeRecord(run, #/"cpu": ".*"/#, "\"cpu\": \"i486\"")
    #expect(try program.run("cell", run, "--index", "0", "-q").code == 0)
    let collected = try program.run("collect", run)
    #expect(collected.code == 0, "\(collected.errors)")
    #expect(collected.output.contains("cells ran on different processors"))
    let cpu = try #require(JSON(reading: record)["host"]?["cpu"]?.text)
    #expect(try row(run, 0)["ran.cpu"]?.text == cpu)
    #expect(try row(run, 0)["ran.isa"] == nil && row(run, 1)["ran.cpu"] == .null)
    #expect(try program.run("show", run, "modern").output.contains(cpu))
    // That cell ran here; the other ran, as far as the record tells, on an i486.
    #expect(try program.run("replay", run, "modern").code == 0)
    #expect(try program.run("replay", run, "classic").code == 5)
  }

  @Test("a changed text is refused without a row, and the cell runs when the text is back")
  func changedText() throws {
    let run = try prepared()
    let cell = try folder(run, 0)
    let text = try program.read("text.txt")
    try program.write(text.replacing("a", with: "e"), to: "text.txt")
    let refused = try program.run("cell", run, "--index", "0")
    #expect(refused.code == 5)
    #expect(refused.errors.contains("the text '\(program.file("text.txt"))' has changed"))
    #expect(!program.exists("\(cell)/result.json"))
    try program.write(text, to: "text.txt")
    #expect(try program.run("cell", run, "--index", "0", "-q").code == 0)
  }

  @Test("a cell that is started by hand has all threads, whatever --parallel says")
  func alone() throws {
    let run = try prepared("--parallel", "4", "--threads", "2")
    #expect(try program.run("cell", run, "--index", "0", "-q").code == 0)
    #expect(try program.run("collect", run, "-q").code == 3)
    #expect(try row(run, 0)["ran.threads"]?.whole == 2)
    #expect(try row(run, 0)["ran.concurrent_cells"] == nil)
  }

  private func changeRecord(_ run: String, _ part: Regex<Substring>, _ new: String) throws {
    let record = try program.read("\(run)/run.json")
    try program.write(record.replacing(part, with: new, maxReplacements: 1), to: "\(run)/run.json")
  }
}
