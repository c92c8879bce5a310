// `runexp cell` as a scheduler starts it: asked to stop and started again, started twice, on a list
// of cells, with cells that die.

import Config
import Foundation
import Records
import Testing

@Suite("a scheduler's task", .serialized)
struct CellTaskTests {
  private let program: Program

  init() throws { program = try Program() }

  /// The folder of a new run of two cells, of which none has run.
  private func prepared(steps: Int = 4, _ options: [String] = []) throws -> String {
    try program.write(TinyExperiment.onText(program, steps: steps), to: "tiny.yaml")
    let finished = try program.run(["prepare", "tiny.yaml"] + options)
    try #require(finished.code == 0, "\(finished.errors)")
    return finished.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func plan(_ run: String) throws -> [PlanLine] {
    try RunFolder.open(program.file(run)).plan()
  }

  /// Writes the list of all cells, in the order of the plan.
  private func list(_ run: String) throws -> String {
    let entries = try plan(run).map { CellList.Entry(index: $0.index, offset: 0, label: $0.label) }
    try program.write(CellList(entries).text, to: "cells.txt")
    return "cells.txt"
  }

  private func folder(_ run: String, _ index: Int) throws -> String {
    "\(run)/cells/\(try plan(run)[index].cell)"
  }

  private func row(_ run: String, _ index: Int) throws -> CellRow? {
    let folder = try RunFolder.open(program.file(run))
    return folder.result(of: try plan(run)[index].row(experiment: "tiny"))
  }

  @Test(
    "asked to stop, it keeps what it has, ends with 75, and started again ends with the same bits",
    arguments: [SIGUSR1, SIGTERM], [["--index", "0"], ["--index", "auto"]])
  func stopped(signal: Int32, words: [String]) throws {
    // So many that the signal is heard before the last one.
    let (run, other) = (try prepared(steps: 200), try prepared(steps: 200))
    for index in ["0", "1"] {
      #expect(try program.run("cell", other, "--index", index, "-q").code == 0)
    }
    let task = ["SLURM_ARRAY_TASK_ID": "0"]
    let cell = try folder(run, 0)
    let started = try program.start(
      ["cell", run, "-q"] + words,
      environment: task.merging(["RUNEXP_FAILPOINTS": "append:steps.jsonl=pause@2"]) { $1 })
    let isTask = words.contains("auto")
    let worker = try #require(
      isTask
        ? started.pausedChildren().first
        : started.wait { Running.isPaused(started.id) } ? started.id : nil)
    started.signal(signal)
    try #require(wait { Running.isPending(signal, for: worker) })
    kill(worker, SIGCONT)
    let finished = try started.finish()
    #expect(finished.code == 75, "\(finished.errors)")
    let name = signal == SIGTERM ? "SIGTERM" : "SIGUSR1"
    #expect(try row(run, 0)?.status == .killed)
    #expect(try row(run, 0)?.reason == "stopped by \(name)")
    #expect(program.exists("\(cell)/state.safetensors") && !program.exists("\(cell)/.claim"))
    #expect(try program.run(["cell", run, "-q"] + words, environment: task).code == 0)
    #expect(try program.run("cell", run, "--index", "1", "-q").code == 0)
    let before = try program.read("\(cell)/result.json")
    #expect(try program.run(["cell", run, "-q"] + words, environment: task).code == 0)
    #expect(try program.read("\(cell)/result.json") == before, "it was done already")
    if isTask { return }
    #expect(try program.run("collect", run, "-q").code == 0)
    #expect(try program.run("collect", other, "-q").code == 0)
    try RunContent(program, run).expectSame(RunContent(program, other))
  }

  @Test("a cell that dies leaves a row, the others of the task run, and rows name the node")
  func killed() throws {
    let run = try prepared()
    let words = ["cell", run, "-q", "--list", try list(run), "--pack", "2", "--index", "0"]
    let started = try program.start(
      words,
      environment: [
        "RUNEXP_FAILPOINTS": "append:\(program.file(try folder(run, 0)))/steps.jsonl=pause@2",
        "SLURMD_NODENAME": "node7",
      ])
    for worker in started.pausedChildren() { kill(worker, SIGKILL) }
    let finished = try started.finish()
    #expect(finished.code == 3, "\(finished.errors)")
    let dead = try #require(try row(run, 0))
    #expect(dead.status == .killed)
    #expect(dead.reason == "the worker was ended by signal 9 (Killed)")
    let other = try #require(try row(run, 1))
    #expect(other.status == .ok && other.fact("node") == .string("node7"))
    #expect(other.fact("cpu")?.text != nil && other.fact("isa")?.text != nil)
    // What was killed runs again, and leaves nothing half-written of either try.
    let temporary = "\(try folder(run, 0))/.state.safetensors.0.tmp"
    try program.write("half", to: temporary)
    let before = try program.read("\(folder(run, 1))/result.json")
    #expect(try program.run(words).code == 0)
    #expect(try row(run, 0)?.status == .ok)
    #expect(!program.exists(temporary))
    #expect(try program.read("\(folder(run, 1))/result.json") == before)
  }

  @Test("a cell that a task ends while the run is resumed keeps its row")
  func resumedBeside() throws {
    let run = try prepared()
    let words = ["cell", run, "-q", "--index", "auto"]
    let task = ["SLURM_ARRAY_TASK_ID": "0"]
    let dying = task.merging(["RUNEXP_FAILPOINTS": "append:steps.jsonl=kill@2"]) { $1 }
    #expect(try program.run(words, environment: dying).code == 3)
    #expect(try row(run, 0)?.status == .killed)
    // It has read that row, and not yet removed it.
    let resumed = try program.start(
      ["resume", run, "-q"], environment: ["RUNEXP_FAILPOINTS": "rename:plan.jsonl=pause@1"])
    try #require(resumed.wait { Running.isPaused(resumed.id) })
    #expect(try program.run(words, environment: task).code == 0)
    let result = "\(try folder(run, 0))/result.json"
    let before = try program.read(result)
    resumed.signal(SIGCONT)
    let finished = try resumed.finish()
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(try program.read(result) == before)
    #expect(try row(run, 0)?.status == .ok && row(run, 1)?.status == .ok)
  }

  @Test("a task that another machine works on is left to it, and taken over when that one is gone")
  func startedTwice() throws {
    let run = try prepared()
    let cell = try folder(run, 0)
    let claim = "\(cell)/.claim"
    let words = ["cell", run, "-q", "--index", "auto"]
    let task = ["SLURM_ARRAY_TASK_ID": "0"]
    func leave(_ age: Double) throws {
      try program.write(
        #"{"token": "x", "host": "node7", "boot": "other", "beat_seconds": 1}"#, to: claim)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -age)],
        ofItemAtPath: program.file(claim))
    }
    // It beats for as long as the other waits.
    try leave(1)
    let waiting = try program.start(
      words, environment: task.merging(["RUNEXP_BEAT_SECONDS": "0.3"]) { $1 })
    while waiting.isRunning {
      try leave(0)
      usleep(50_000)
    }
    let busy = try waiting.finish()
    #expect(busy.code == 75 && busy.errors.contains("another process on node7"), "\(busy.errors)")
    #expect(try row(run, 0) == nil && !program.exists("\(cell)/steps.jsonl"))
    // It does not: the task waits until three beats were missed.
    try leave(1)
    #expect(try program.run(words, environment: task).code == 0)
    #expect(try row(run, 0)?.status == .ok && !program.exists(claim))
  }

  @Test("a cell that is listed again keeps its row where the task cannot begin it")
  func listedAgain() throws {
    let run = try prepared()
    let result = "\(try folder(run, 0))/result.json"
    #expect(try program.run("cell", run, "-q", "--index", "0").code == 0)
    try program.write(
      program.read(result).replacing("\"status\": \"ok\"", with: "\"status\": \"failed\""),
      to: result)
    let failed = try program.read(result)
    let opened = try RunFolder.open(program.file(run))
    let line = try plan(run)[0]
    func relist(_ hash: String?) throws {
      let entry = CellList.Entry(index: 0, offset: 0, label: line.label, replaced: hash)
      try program.write(CellList([entry]).text, to: "again.txt")
    }
    let words = ["cell", run, "-q", "--list", "again.txt", "--index", "0"]
    // Not this row is to be replaced, but one before it.
    for hash in [nil, "0123456789abcdef"] {
      try relist(hash)
      #expect(try program.run(words).code == 0)
      #expect(try program.read(result) == failed)
    }
    try relist(opened.resultHash(of: line.cell))
    let record = try program.read("\(run)/run.json")
    try program.write(
      record.replacing(#/"version": ".*"/#, with: "\"version\": \"0.0.1\"", maxReplacements: 1),
      to: "\(run)/run.json")
    #expect(try program.run(words).code == 5)
    #expect(try program.read(result) == failed)
    try program.write(record, to: "\(run)/run.json")
    #expect(try program.run(words).code == 0)
    #expect(try row(run, 0)?.status == .ok)
  }

  @Test("a process whose cell was taken over writes nothing more")
  func takenOver() throws {
    let run = try prepared(steps: 100_000)
    let cell = try folder(run, 0)
    let started = try program.start(
      ["cell", run, "-q", "--index", "0"], environment: ["RUNEXP_BEAT_SECONDS": "0.2"])
    try #require(started.wait { program.exists("\(cell)/steps.jsonl") })
    let touched = { () throws -> Date? in
      try FileManager.default.attributesOfItem(atPath: program.file("\(cell)/.claim"))[
        .modificationDate] as? Date
    }
    let first = try touched()
    #expect(started.wait { (try? touched()) ?? first != first }, "it is touched")
    try program.write("{\"token\": \"x\", \"boot\": \"other\"}", to: "\(cell)/.claim")
    let finished = try started.finish()
    #expect(finished.code == 75 && finished.errors.contains("taken over"), "\(finished.errors)")
    #expect(try row(run, 0) == nil)
    #expect(try program.read("\(cell)/.claim").contains("other"))
  }

  @Test(
    "a process that comes back after another took its cell over changes nothing of it",
    arguments: ["append:steps.jsonl=pause@3", "rename:state.safetensors=pause@1"])
  func cameBack(point: String) throws {
    let options = ["--checkpoint", "0.001ms"]
    let (run, other) = (
      try prepared(steps: 40, options), try prepared(steps: 40, options)
    )
    for index in ["0", "1"] {
      #expect(try program.run("cell", other, "--index", index, "-q").code == 0)
    }
    let words = ["cell", run, "-q", "--index", "0"]
    let cell = try folder(run, 0)
    let former = try program.start(
      words, environment: ["RUNEXP_FAILPOINTS": point, "RUNEXP_BEAT_SECONDS": "1000"])
    try #require(former.wait { Running.isPaused(former.id) })
    // As if its machine were another one, and had been gone for hours.
    let claim = "\(cell)/.claim"
    let boot = #/"boot":"[^"]*"/#
    try #require(try program.read(claim).contains(boot))
    try program.write(program.read(claim).replacing(boot, with: #""boot":"other""#), to: claim)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -10_000)], ofItemAtPath: program.file(claim))
    let next = try program.start(
      words, environment: ["RUNEXP_FAILPOINTS": "append:steps.jsonl=pause@20"])
    try #require(next.wait { Running.isPaused(next.id) })
    func files() throws -> [String] {
      try ["steps.jsonl", "state.safetensors", "log.txt", ".claim"].map {
        SHA256.hex(try AtomicFile.readBytes(program.file("\(cell)/\($0)")))
      }
    }
    let before = try files()
    former.signal(SIGCONT)
    let finished = try former.finish()
    #expect(finished.code == 75 && finished.errors.contains("taken over"), "\(finished.errors)")
    #expect(try files() == before)
    #expect(try row(run, 0) == nil)
    next.signal(SIGCONT)
    #expect(try next.finish().code == 0)
    #expect(try program.run("cell", run, "--index", "1", "-q").code == 0)
    for run in [run, other] { #expect(try program.run("collect", run, "-q").code == 0) }
    try RunContent(program, other).expectSame(RunContent(program, run))
  }

  @Test(
    "a task that waits for a cell of another hears that it is to stop",
    arguments: [SIGUSR1, SIGTERM])
  func stoppedWaiting(signal: Int32) throws {
    let run = try prepared()
    let cell = try folder(run, 0)
    // Both beat so seldom that it would wait for hours.
    try program.write(
      #"{"token": "x", "host": "node7", "boot": "other", "beat_seconds": 10000}"#,
      to: "\(cell)/.claim")
    let old = Date(timeIntervalSince1970: 1e9)
    try FileManager.default.setAttributes(
      [.modificationDate: old], ofItemAtPath: program.file(cell))
    let waiting = try program.start(
      ["cell", run, "-q", "--index", "auto"],
      environment: ["SLURM_ARRAY_TASK_ID": "0", "RUNEXP_BEAT_SECONDS": "10000"])
    // It asks the file system for the time, by a file beside the claim.
    try #require(
      waiting.wait {
        let attributes = try? FileManager.default.attributesOfItem(atPath: program.file(cell))
        return attributes?[.modificationDate] as? Date != old
      })
    waiting.signal(signal)
    let finished = try waiting.finish()
    #expect(finished.code == 75, "\(finished.errors)")
    #expect(try row(run, 0) == nil && !program.exists("\(cell)/log.txt"))
  }

  @Test("a cell without anything to go on from has timed out when its task's time is over")
  func overdue() throws {
    let yaml = """
      name: tiny
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      variants:
        quick: {workload: {seconds: 0}}
        slow: {}
        slower: {workload: {sequence: 128}}
      workload: {type: attention, sequence: 64, seconds: 3600, rounds: 1}

      """
    try program.write(yaml, to: "attention.yaml")
    let prepared = try program.run("prepare", "attention.yaml")
    let run = prepared.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let words = ["cell", run, "-q", "--list", try list(run), "--pack", "3", "--index", "0"]
    // The first try has spent time on another cell, the others have theirs for one alone.
    for (slow, status, code) in [
      (1, CellStatus.killed, Int32(75)), (1, .timeout, 75), (2, .timeout, 3),
    ] {
      let claim = "\(try folder(run, slow))/.claim"
      if slow == 2 {
        // What an earlier measurement left, whose row this one is to replace.
        try program.write(
          "{\"start\": 1, \"seconds\": 1}\n", to: "\(try folder(run, slow))/rounds.jsonl")
      }
      let started = try program.start(words)
      try #require(started.wait { program.exists(claim) })
      started.signal(SIGUSR1)
      let finished = try started.finish()
      #expect(finished.code == code, "\(finished.errors)")
      let row = try #require(try self.row(run, slow))
      #expect(row.status == status)
      let isOverdue = row.reason?.contains("nothing to go on from") == true
      #expect(isOverdue == (status == .timeout))
      #expect(try slow == 2 || self.row(run, 2) == nil)
    }
    #expect(try self.row(run, 0)?.status == .ok)
    #expect(try program.run(words).code == 0)
  }

  @Test("a cell has timed out also where another one of its pack dies at once in every try")
  func dyingMate() throws {
    let yaml = """
      name: tiny
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      variants:
        dying: {}
        slow: {workload: {sequence: 128}}
      workload: {type: attention, sequence: 64, seconds: 3600, rounds: 1}

      """
    try program.write(yaml, to: "attention.yaml")
    let prepared = try program.run("prepare", "attention.yaml")
    let run = prepared.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let begin = Date()
    let started = try program.start(
      ["cell", run, "-q", "--list", try list(run), "--pack", "2", "--index", "0"],
      environment: ["RUNEXP_FAILPOINTS": "rename:*/\(try plan(run)[0].cell)/log.txt=kill"])
    let claim = "\(try folder(run, 1))/.claim"
    try #require(started.wait { program.exists(claim) })
    // More than twenty times what the other one took.
    usleep(useconds_t(25e6 * Date().timeIntervalSince(begin)))
    started.signal(SIGUSR1)
    let finished = try started.finish()
    #expect(finished.code == 75, "\(finished.errors)")
    #expect(try row(run, 0)?.status == .killed)
    #expect(try row(run, 1)?.status == .timeout)
  }

  @Test("what is no task is said in a sentence")
  func wrong() throws {
    let run = try prepared()
    let cells = try list(run)
    for (words, code, part) in [
      (["--index", "auto"], Int32(64), "none of SLURM_ARRAY_TASK_ID"),
      // The usage of the subcommand, not of the whole program.
      (["--index", "auto"], 64, " says which task this is; 'runexp cell --help' explains\n"),
      (["--index", "first"], 64, "--index must be a whole number or 'auto', not 'first'"),
      (["--index", "0", "--list", "cells.txt", "--pack", "0"], 64, "--pack must be from 1"),
      (["--index", "0", "--pack", "2"], 64, "--pack is of the cells of a --list"),
      (["--index", "2", "--list", cells], 1, "it has no cells for task 2"),
      (["--index", "0", "--list", "nowhere"], 1, "could not read 'nowhere'"),
      (["--index", "0", "--list", "tiny.yaml"], 1, "line 1 is no cell"),
    ] {
      let finished = try program.run(["cell", run] + words)
      #expect(finished.code == code, "\(words): \(finished.errors)")
      #expect(finished.errors.contains(part), "\(words): \(finished.errors)")
    }
  }
}
