// Signals: whatever the program is doing, a request to stop is heard, and the exit code says so.

import Experiments
import Records
import Workloads
import Foundation
import Testing

@Suite("signals", .serialized, .timeLimit(.minutes(30)))
struct SignalTests {
  private static let run = "results/tiny/latest"

  /// A tiny experiment whose single variant does what the lines of its workload say.
  private func experiment(_ program: Program, _ more: String, steps: Int = 4) throws {
    let yaml = try TinyExperiment.onText(program, steps: steps)
    let variants = try #require(yaml.firstRange(of: #/variants:\n(  .*\n)+/#))
    let sample = "  sample: {tokens: 8}\n"
    try program.write(
      yaml.replacingCharacters(in: variants, with: "").replacing(
        "  evaluate_every: 2\n  evaluation_windows: 4\n" + sample, with: more), to: "tiny.yaml")
  }

  /// The one cell's row.
  private func row(_ program: Program) throws -> CellRow {
    let run = try StoredRun(RunFolder.open(program.file(Self.run)))
    return try #require(run.cells.first).row
  }

  @Test("Ctrl-C is heard while a trained model writes, and the run goes on from there")
  func sampling() throws {
    let program = try Program()
    // As many characters as may be, of a model that takes minutes for them.
    try experiment(program, "  sample: {tokens: 100000}\n")
    try program.write(
      program.read("tiny.yaml").replacing("layers: 1, width: 16", with: "layers: 8, width: 128"),
      to: "tiny.yaml")
    let running = try program.start(["run", "tiny.yaml", "-q"])
    // The last evaluation is the fifth line.
    try #require(running.wait { program.lines("\(Self.run)/cells", "steps.jsonl") == 5 })
    running.signal(SIGINT)
    let stopped = try running.finish()
    #expect(stopped.code == 130, "\(stopped.errors)")
    let row = try row(program)
    #expect(row.status == .killed && row.reason == "stopped by the user")
    #expect(!program.tree().contains { $0.hasSuffix("/sample.txt") })
    // The training itself is kept.
    #expect(program.tree().contains { $0.hasSuffix("/checkpoint/model.safetensors") })
    #expect(program.tree().contains { $0.hasSuffix("/\(TrainingState.file)") })
  }

  @Test("a reader of the progress that has gone ends nothing")
  func closedPipe() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, seeds: "1..2"), to: "tiny.yaml")
    let finished = try program.shell(
      "runexp run tiny.yaml 2>&1 > /dev/null | true; echo ${PIPESTATUS[0]}")
    #expect(finished.output == "0\n", "\(finished.errors)")
    let run = try StoredRun(RunFolder.open(program.file(Self.run)))
    #expect(run.cells.count == 4 && run.cells.allSatisfy { $0.row.status == .ok })
  }

  @Test("Ctrl-C is heard within an evaluation")
  func evaluating() throws {
    let program = try Program()
    try experiment(program, "  evaluate_every: 1\n  evaluation_windows: 1000000\n")
    let running = try program.start(["run", "tiny.yaml", "-q"])
    try #require(running.wait { program.lines("\(Self.run)/cells", "steps.jsonl") == 1 })
    running.signal(SIGTERM)
    #expect(try running.finish().code == 143)
    #expect(program.lines("\(Self.run)/cells", "steps.jsonl") == 1)
    let row = try row(program)
    #expect(row.status == .killed && row.reason == "stopped by SIGTERM")
  }

  @Test("Ctrl-C ends what takes long in one piece, where there is nothing to save")
  func oneLongPiece() throws {
    let program = try Program()
    try program.write(
      """
      # Does it end?
      name: tiny
      device: cpu
      model: {layers: 1, width: 256, attention: {type: mha, heads: 4, kernel: flash2}}
      workload: {type: attention, sequence: 131072}
      """, to: "tiny.yaml")
    let running = try program.start(["run", "tiny.yaml", "-q"])
    try #require(running.wait { program.lines("\(Self.run)/cells", "log.txt") > 0 })
    running.signal(SIGINT)
    #expect(try running.finish().code == 130)
    let row = try row(program)
    #expect(row.status == .killed && row.reason == "stopped by the user")
  }

  @Test("generate, replay and calibrate end with the code of the signal and leave nothing behind")
  func otherCommands() throws {
    let program = try Program()
    try experiment(program, "", steps: 1_000_000)
    let environment = ["TMPDIR": program.file("tmp")]
    try FileManager.default.createDirectory(
      atPath: program.file("tmp"), withIntermediateDirectories: true)
    let first = try program.start(["run", "tiny.yaml", "-q"])
    try #require(first.wait { program.lines("\(Self.run)/cells", "steps.jsonl") > 2 })
    first.signal(SIGINT)
    #expect(try first.finish().code == 130)
    let cell = try row(program).cell

    for (words, signal) in [
      (["replay", "tiny", cell], SIGINT), (["replay", "tiny", cell], SIGTERM),
      (["calibrate", "tiny.yaml", "-q"], SIGINT), (["calibrate", "tiny.yaml", "-q"], SIGTERM),
    ] {
      let running = try program.start(words, environment: environment)
      try #require(running.wait { program.lines("tmp", "steps.jsonl") > 0 }, "\(words)")
      let workers = running.children()
      #expect(workers.count == 1)
      running.signal(signal)
      let stopped = try running.finish()
      #expect(stopped.code == 128 + signal, "\(words): \(stopped.errors)")
      #expect(stopped.errors.contains("interrupted"), "\(stopped.errors)")
      #expect(workers.allSatisfy { !Running.isAlive($0) })
      let left = program.tree().filter { $0.hasPrefix("tmp/runexp-") }
      #expect(left == [], "\(words)")
    }

    let writing = try program.start(
      ["generate", "\(Self.run)/cells/\(cell)", "--tokens", "1000000", "--cache", "bf16"])
    try #require(writing.wait { writing.outputCount > 20 })
    writing.signal(SIGINT)
    #expect(try writing.finish().code == 130)
  }

  @Test("every command hears a signal from its start, also one that was started to ignore SIGINT")
  func fromTheStart() throws {
    let program = try Program()
    try experiment(program, "")
    // A file that is never written to its end: whoever reads it has just begun.
    let pipe = program.file("pipe.yaml")
    try #require(mkfifo(pipe, 0o600) == 0)
    for (words, signal) in [
      (["run", "pipe.yaml"], SIGINT), (["check", "pipe.yaml"], SIGTERM),
      (["kernels", "--bench"], SIGINT), (["kernels", "--check"], SIGTERM), (["doctor"], SIGINT),
    ] {
      // A doctor that measures nothing might end before the signal comes.
      let measuring = words == ["doctor"] ? ["RUNEXP_MEASURING_SECONDS": "1"] : [:]
      let running = try Running(
        program: "/bin/sh",
        ["-c", "trap '' INT; exec \"$@\"", "sh", Program.path()] + words, in: program.folder,
        environment: Program.environment(of: program.folder).merging(measuring) { $1 })
      if words.contains("pipe.yaml") {
        // Returns when the program has opened it too.
        let end = open(pipe, O_WRONLY | O_CLOEXEC)
        running.signal(signal)
        running.wait(seconds: 0.5)
        close(end)
      } else {
        #expect(running.wait { running.isCaught(signal) }, "\(words)")
        running.signal(signal)
      }
      #expect(try running.finish().code == 128 + signal, "\(words)")
    }
  }

  @Test("a program that was started to ignore SIGINT hears kill, but not the terminal's Ctrl-C")
  func startedIgnoring() throws {
    let program = try Program()
    try experiment(program, "", steps: 1_000_000)
    for (trap, heedsTerminal) in [("true", true), ("trap '' INT", false)] {
      try? FileManager.default.removeItem(atPath: program.file("results"))
      let terminal = try PseudoTerminal()
      let running = try program.start(["run", "tiny.yaml", "-q"], on: terminal, prelude: trap)
      let count = { program.lines("\(Self.run)/cells", "steps.jsonl") }
      try #require(running.wait { count() > 2 })
      terminal.write("\u{3}")
      if !heedsTerminal {
        let before = count()
        // A worker that had heard it would have ended after its step.
        #expect(running.wait { count() > before + 20 })
        running.signal(SIGINT)
      }
      #expect(try running.finish().code == 130)
    }
  }
}
