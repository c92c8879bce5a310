// Runs that are killed, stopped or starved, and go on: whatever happens, the end is that of an
// undisturbed run.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite("resume", .serialized)
struct ResumeTests {
  private static let run = "results/tiny/latest"

  @Test(
    "fifty kills of parent and workers at random moments, and the run ends as if there had been none"
  )
  func randomKills() throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program, seeds: "[1, 2]", steps: 500)
      .replacing("batch: 16", with: "batch: 4").replacing(
        "evaluate_every: 2", with: "evaluate_every: 75")
    try program.write(yaml, to: "tiny.yaml")
    let start = ContinuousClock.now
    #expect(try program.run("run", "tiny.yaml", "-q", "--results", "whole").code == 0)
    // On a slow or busy machine the run takes longer, and the kills come later.
    let duration = (ContinuousClock.now - start) / .seconds(1)
    let whole = try RunContent(program, "whole/tiny/latest")

    var random = SplitMix(state: 4)
    var kills = Kills()
    var starts = 0
    while kills.count < Self.kills {
      starts += 1
      try #require(starts <= 20 * Self.kills, "of \(starts) starts only \(kills) hit a run")
      let before = program.resumableRun()
      let running = try program.start(
        before == nil
          ? ["run", "tiny.yaml", "-q", "--checkpoint", "20ms"] : ["resume", "tiny", "-q"])
      // Most of the time goes by before it has read and planned everything; what follows is to be
      // hit as well.
      if random.next() % 4 != 0 { _ = running.wait { self.isWriting(running, program) } }
      running.wait(seconds: random.fraction() * duration / 8)
      if random.next() % 2 == 0, let worker = running.children().first,
        Running.isAlive(worker), kill(worker, SIGKILL) == 0
      {
        kills.workers += 1
        running.wait(seconds: random.fraction() * duration / 16)
      }
      running.signal(SIGKILL)
      let finished = try running.finish()
      guard let run = program.resumableRun() else { continue }
      // Whatever was hit, what is there can be read.
      program.expectReadable(run, "after \(kills)")
      switch finished.code {
      case 128 + SIGKILL: if try !isFinished(program, run) { kills.parents += 1 }
      case 1: #expect(finished.errors.contains("in use by another"), "\(finished.errors)")
      case 3: #expect(kills.workers > 0)
      // A worker that outlives its parent by a step still has its cell.
      case ExitCode.busy: #expect(finished.errors.contains("another process"), "\(finished.errors)")
      default: #expect(finished.code == 0, "\(finished.errors)")
      }
      if try isFinished(program, run) {
        #expect(program.waitUntilUnlocked(run))
        try whole.expectSame(mended(program, run), "after \(kills)")
        try FileManager.default.removeItem(atPath: program.file("results"))
      }
    }
    #expect(kills.parents > 0 && kills.workers > 0, "\(kills)")
    // The run that the last kill hit is still there, unless it ended all the same and was compared
    // above.
    if let run = program.resumableRun() {
      try whole.expectSame(mended(program, run), "after \(kills)")
    }
  }

  /// RUNEXP_KILLS=1000 makes so many.
  private static let kills =
    ProcessInfo.processInfo.environment["RUNEXP_KILLS"].flatMap { Int($0) } ?? 50

  private struct Kills {
    /// Of the program that was started: it had a plan on disk and had not finished it.
    var parents = 0
    /// Of a process that ran a cell.
    var workers = 0

    var count: Int { parents + workers }
  }

  /// Whether a program has taken the lock of a run.
  private func isWriting(_ running: Running, _ program: Program) -> Bool {
    guard let run = program.resumableRun() else { return false }
    return (try? program.read("\(run)/.lock"))?.hasPrefix("\(running.id)\n") == true
  }

  private func isFinished(_ program: Program, _ run: String) throws -> Bool {
    try JSON(reading: program.read("\(run)/run.json"))["exit"]?.whole != nil
  }

  /// The content of a run that was gone on with to its end.
  private func mended(_ program: Program, _ run: String) throws -> RunContent {
    #expect(program.waitUntilUnlocked(run))
    // A worker that outlives its parent by a step still has its cell.
    for _ in 0..<100 {
      let last = try program.run("resume", run, "-q")
      if last.code == ExitCode.busy {
        usleep(100_000)
        continue
      }
      #expect(last.code == 0, "\(last.errors)")
      break
    }
    return try RunContent(program, run)
  }

  @Test("Ctrl-C ends within a step with code 130, and resume ends with the same bits")
  func interrupted() throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program, steps: 40)
    try program.write(yaml, to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q", "--results", "whole").code == 0)
    // The worker waits in the middle of its training until the signal has been passed on to it.
    let running = try program.start(
      ["run", "tiny.yaml", "-q"], environment: ["RUNEXP_FAILPOINTS": "append:steps.jsonl=pause@6"])
    let worker = try #require(running.pausedChildren().first)
    running.signal(SIGINT)
    try #require(running.wait { Running.isPending(SIGINT, for: worker) })
    kill(worker, SIGCONT)
    let stopped = try running.finish()
    #expect(stopped.code == 130)
    let hint = try #require(stopped.errors.split(separator: "\n").last)
    #expect(hint.hasPrefix("to go on with it: runexp resume results/tiny/r-"))
    let resumed = try program.shell(hint.drop { $0 != ":" }.dropFirst() + " -q")
    #expect(resumed.code == 0, "\(resumed.errors)")
    try RunContent(program, "whole/tiny/latest").expectSame(RunContent(program, Self.run))
    let record = try JSON(reading: program.read("\(Self.run)/run.json"))
    #expect(record["earlier"]?.elements.first?["exit"]?.whole == 130)
    #expect(record["exit"]?.whole == 0)
  }

  @Test("why a cell is excluded is said in the words of when the run began")
  func excluded() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 1), to: "tiny.yaml")
    let words = ["prepare", "tiny.yaml", "--exclude", "variant=classic"]
    #expect(try program.run(words).code == 0)
    func reasons() throws -> [String?] {
      let table = try program.read("\(Self.run)/cells.jsonl")
      return try CellTable.rows(reading: table).map(\.reason)
    }
    let told = try reasons()
    #expect(told.compactMap(\.self) == ["excluded by --exclude variant=classic"])
    #expect(try program.run("resume", "latest", "-q").code == 0)
    let after = try reasons()
    #expect(after.compactMap(\.self) == told.compactMap(\.self))
  }

  @Test("a finished run is left as it is")
  func finished() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q").code == 0)
    let before = try RunContent(program, Self.run)
    let again = try program.run("resume", "tiny", "-q")
    #expect(again.code == 0, "\(again.errors)")
    #expect(again.output.contains("2 of 2 cells ok"))
    #expect(try RunContent(program, Self.run) == before)
  }

  @Test("a value more on an axis runs the new cells alone")
  func oneValueMore() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q", "--vary", "model.layers=1,2").code == 0)
    let before = try results(program)
    let more = try program.run(
      "run", "tiny.yaml", "-q", "--vary", "model.layers=1,2,3", "--into", "tiny")
    #expect(more.code == 0, "\(more.errors)")
    let after = try results(program)
    #expect(before.count == 4)
    #expect(after.count == 6)
    for (cell, text) in before { #expect(after[cell] == text) }
    let rows = try program.read("\(Self.run)/cells.csv").split(separator: "\n")
    #expect(rows.count == 7)
    let fewer = try program.run(
      "run", "tiny.yaml", "-q", "--vary", "model.layers=1", "--into", "tiny")
    #expect(fewer.code == 1)
    #expect(fewer.errors.contains("does not have: modern/layers=2"))
  }

  @Test("a text that has changed is refused unless it is accepted")
  func changedText() throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program, steps: 1_000_000)
    try program.write(yaml, to: "tiny.yaml")
    let running = try program.start(["run", "tiny.yaml", "-q"])
    try #require(running.wait { program.lines("\(Self.run)/cells", "steps.jsonl") > 2 })
    running.signal(SIGINT)
    _ = try running.finish()
    try program.write(program.read("text.txt").replacing("a", with: "e"), to: "text.txt")
    let refused = try program.run("resume", "tiny", "-q")
    #expect(refused.code == 5)
    #expect(refused.errors.contains("text.txt' has changed"))
    #expect(refused.errors.contains("--accept-changes"))
    let accepted = try program.run("resume", "tiny", "-q", "--accept-changes", "--time", "200ms")
    #expect(accepted.code == 3, "\(accepted.errors)")
    #expect(accepted.output.contains("0 of 2 cells ok: timeout"))
    let record = try JSON(reading: program.read("\(Self.run)/run.json"))
    #expect(record["earlier"]?.elements.count == 1)
  }

  @Test("the command that began a run stays on record, and those that went on with it are listed")
  func firstCommand() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q", "--threads", "1").code == 0)
    #expect(try program.run("resume", "tiny", "-q").code == 0)
    #expect(try program.run("resume", "latest", "-q", "--order-seed", "1").code == 0)
    func words(_ value: JSON?) -> String {
      (value?.elements ?? []).dropFirst().compactMap(\.text).joined(separator: " ")
    }
    let path = "\(Self.run)/run.json"
    let record = try JSON(reading: program.read(path))
    #expect(words(record["arguments"]) == "run tiny.yaml -q --threads 1")
    let resumes = ["resume tiny -q", "resume latest -q --order-seed 1"]
    #expect(record["resumes"]?.elements.map(words) == resumes)
    let earlier = record["earlier"]?.elements.map { words($0["arguments"]) }
    #expect(earlier == ["run tiny.yaml -q --threads 1", "resume tiny -q"])
    let shown = try program.run("show", "tiny").output
    #expect(shown.contains("runexp run tiny.yaml -q --threads 1\n"))
    #expect(shown.contains("runexp resume latest -q --order-seed 1\n"))

    // A run that version 0.1.0 has gone on with: its record has the newest command in the first
    // place.
    let old = record.members.filter { $0.key != "resumes" }.map {
      $0.key == "arguments"
        ? JSON.Member($0.key, ["runexp", "resume", "latest", "-q", "--order-seed", "1"]) : $0
    }
    try program.write(JSON.object(old).document, to: path)
    #expect(try program.run("resume", "tiny", "--quiet").code == 0)
    let mended = try JSON(reading: program.read(path))
    #expect(words(mended["arguments"]) == "run tiny.yaml -q --threads 1")
    #expect(mended["resumes"]?.elements.map(words) == resumes + ["resume tiny --quiet"])
  }

  @Test("of two programs on one folder the second says so and touches nothing")
  func twoParents() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 1_000_000), to: "tiny.yaml")
    let running = try program.start(["run", "tiny.yaml", "-q"])
    try #require(running.wait { program.lines("\(Self.run)/cells", "steps.jsonl") > 2 })
    let plan = try program.read("\(Self.run)/plan.jsonl")
    let second = try program.run("resume", "tiny", "-q")
    #expect(second.code == 1)
    #expect(second.errors.contains("is in use by another runexp (process \(running.id))"))
    #expect(try program.read("\(Self.run)/plan.jsonl") == plan)
    running.signal(SIGINT)
    #expect(try running.finish().code == 130)
  }

  @Test(
    "a full disk is one clear error; what was finished stays, and resume completes the run",
    .enabled(if: canMount, "mounting takes rights that not everyone has"))
  func fullDisk() throws {
    let program = try Program()
    // Two cells leave some 150 kB each; the disk has room for the first.
    try FileManager.default.createDirectory(
      atPath: program.file("results"), withIntermediateDirectories: true)
    let mounted = Self.shell("mount -t tmpfs -o size=500k none \(program.file("results"))")
    try #require(mounted == 0)
    defer { _ = Self.shell("umount \(program.file("results"))") }
    try program.write(TinyExperiment.onText(program, seeds: "[1, 2, 3]"), to: "tiny.yaml")
    let full = try program.run("run", "tiny.yaml", "-q")
    #expect(full.code == 1)
    #expect(full.errors.lowercased().contains("no space left on device"), "\(full.errors)")
    let rows = try program.read("\(Self.run)/cells.jsonl").split(separator: "\n").map {
      try JSON(reading: String($0))
    }
    #expect(rows.count == 6)
    _ = Self.shell("mount -o remount,size=50m \(program.file("results"))")
    let resumed = try program.run("resume", "tiny", "-q")
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(resumed.output.contains("6 of 6 cells ok"))
  }

  @Test("replay finds the same bits, and says where they are not")
  func replay() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 6), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q").code == 0)
    let same = try program.run("replay", "tiny")
    #expect(same.code == 0, "\(same.errors)")
    #expect(same.output.contains("modern: the same, 6 training losses to the bit"))
    let cell = try #require(results(program).keys.sorted().first)
    let path = "\(Self.run)/cells/\(cell)/steps.jsonl"
    let text = try program.read(path)
    let loss = try #require(losses(text).dropFirst(3).first)
    try program.write(text.replacing(loss, with: "4.0"), to: path)
    let different = try program.run("replay", "tiny")
    #expect(different.code == 2)
    #expect(different.output.contains("the loss of step 3 was 4.0 and is \(loss)"))
  }

  @Test("replay refuses another text, program or machine as resume does, unless that is accepted")
  func replayChanged() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q").code == 0)
    let text = try program.read("text.txt")
    try program.write(text.replacing("a", with: "e"), to: "text.txt")
    let refused = try program.run("replay", "tiny", "modern")
    #expect(refused.code == 5)
    #expect(refused.output.isEmpty)
    for part in ["text.txt' has changed", "--accept-changes", "would not compare"] {
      #expect(refused.errors.contains(part), "\(refused.errors)")
    }
    let accepted = try program.run("replay", "tiny", "modern", "--accept-changes")
    #expect(accepted.code == 5)
    #expect(accepted.output.contains("DIFFERENT: "))
    #expect(accepted.errors.contains("note: the text '\(program.file("text.txt"))' has changed"))

    try program.write(text, to: "text.txt")
    let path = "\(Self.run)/run.json"
    let record = try program.read(path)
    for (before, after, part) in [
      (#/"sha256": "[0-9a-f]{64}"/#, "\"sha256\": \"0\"", "another build of the program"),
      (#/"cpu": ".*"/#, "\"cpu\": \"i486\"", "another processor: "),
      (#/"version": ".*"/#, "\"version\": \"0.0.1\"", "another program version: "),
    ] {
      try program.write(record.replacing(before, with: after, maxReplacements: 1), to: path)
      for words in [["replay", "tiny", "modern"], ["resume", "tiny", "-q"]] {
        let refused = try program.run(words)
        #expect(refused.code == 5 && refused.errors.contains(part), "\(words): \(refused.errors)")
      }
      let same = try program.run("replay", "tiny", "modern", "--accept-changes")
      #expect(same.code == 0 && same.output.contains("modern: the same"), "\(same.errors)")
    }
  }

  // MARK: What the tests share

  /// Whether this user may mount file systems.
  private static let canMount: Bool = {
    let folder = NSTemporaryDirectory() + "runexp-mount-\(getpid())"
    let isMounted = shell("mkdir -p \(folder) && mount -t tmpfs -o size=64k none \(folder)") == 0
    _ = shell("umount \(folder); rmdir \(folder)")
    return isMounted
  }()

  /// The text of each cell's result.
  private func results(_ program: Program) throws -> [String: String] {
    let cells = try FileManager.default.contentsOfDirectory(
      atPath: program.file("\(Self.run)/cells"))
    return Dictionary(
      uniqueKeysWithValues: try cells.map {
        ($0, try program.read("\(Self.run)/cells/\($0)/result.json"))
      })
  }

  private static func shell(_ command: String) -> Int32 {
    let running = try? Running(
      program: "/bin/sh", ["-c", command], in: "/", environment: ["PATH": "/usr/bin:/bin:/sbin"])
    return (try? running?.finish().code) ?? 1
  }
}

/// A small generator, so that a failing test fails again.
struct SplitMix {
  var state: UInt64

  /// From 0 up to 1.
  mutating func fraction() -> Double { Double(next() >> 11) / 0x1p53 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
