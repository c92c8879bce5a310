// Runs that are killed, stopped or starved, and go on: whatever happens, the end is that of an undisturbed run.

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
  func fiftyKills() throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program, seeds: "[1, 2]", steps: 1000)
      .replacing("batch: 16", with: "batch: 4").replacing(
        "evaluate_every: 2", with: "evaluate_every: 150")
    try program.write(yaml, to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q", "--results", "whole").code == 0)
    let whole = try RunContent(program, "whole/tiny/latest")

    var random = SplitMix(state: 4)
    var kills = 0
    var starts = 0
    while kills < 50, starts < 400 {
      let words =
        starts == 0
        ? ["run", "tiny.yaml", "-q", "--checkpoint", "20ms"] : ["resume", "tiny", "-q"]
      let running = try program.start(words)
      starts += 1
      usleep(UInt32(20_000 + random.next() % 230_000))
      let worker = running.children().first
      if random.next() % 2 == 0, let worker {
        kill(worker, SIGKILL)
        kills += 1
        usleep(UInt32(random.next() % 100_000))
      }
      if Running.isAlive(running.id) {
        running.signal(SIGKILL)
        kills += 1
      }
      _ = try running.finish()
      // Also right after a kill the tables are whole, where there are any yet.
      if program.exists("\(Self.run)/cells.jsonl") {
        for line in try program.read("\(Self.run)/cells.jsonl").split(separator: "\n") {
          _ = try JSON(reading: String(line))
        }
      }
      // Killed before it had a folder: there is nothing to go on with.
      if !program.exists("\(Self.run)/plan.jsonl") {
        starts = 0
        try? FileManager.default.removeItem(atPath: program.file("results"))
      }
    }
    #expect(kills >= 50)
    var last = try program.run("resume", "tiny", "-q")
    if last.code == 3 { last = try program.run("resume", "tiny", "-q") }
    #expect(last.code == 0, "\(last.errors)")
    let mended = try RunContent(program, Self.run)
    #expect(mended.cells.keys.sorted() == whole.cells.keys.sorted())
    for (cell, content) in whole.cells {
      let found = mended.cells[cell] ?? []
      // Named one by one: the whole would be pages.
      for (part, (expected, actual)) in zip(content, found).enumerated() {
        let isSame = expected == actual
        #expect(isSame, "part \(part) of \(cell), such as \(actual.suffix(300))")
      }
      #expect(found.count == content.count)
    }
    #expect(mended.table == whole.table)
  }

  @Test("Ctrl-C ends within a step with code 130, and resume ends with the same bits")
  func interrupted() throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program, steps: 400)
    try program.write(yaml, to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q", "--results", "whole").code == 0)
    let running = try program.start(["run", "tiny.yaml", "-q"])
    try #require(running.wait { program.lines("\(Self.run)/cells", "steps.jsonl") > 5 })
    running.signal(SIGINT)
    let stopped = try running.finish()
    #expect(stopped.code == 130)
    #expect(stopped.errors.contains("runexp resume"))
    let resumed = try program.run("resume", "latest", "-q")
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(
      try RunContent(program, Self.run) == RunContent(program, "whole/tiny/latest"))
    let record = try JSON(reading: program.read("\(Self.run)/run.json"))
    #expect(record["earlier"]?.elements.first?["exit"]?.whole == 130)
    #expect(record["exit"]?.whole == 0)
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
    let accepted = try program.run("resume", "tiny", "-q", "--accept-changes", "--time", "1s")
    #expect(accepted.code == 3, "\(accepted.errors)")
    #expect(accepted.output.contains("2 timeout"))
    let record = try JSON(reading: program.read("\(Self.run)/run.json"))
    #expect(record["earlier"]?.elements.count == 1)
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
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return 1 }
    process.waitUntilExit()
    return process.terminationStatus
  }
}

/// A small generator, so that a failing test fails again.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
