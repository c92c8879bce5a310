// `runexp rm`, and the sizes that `runexp list` shows: which runs go, what they free, what stays.

import Config
import Foundation
import Records
import TestSupport
import Testing

@Suite("runexp rm", .serialized)
struct RemoveTests {
  /// A folder with three runs of 'tiny' and one of 'other', all planned and none begun; oldest
  /// first.
  private func made() throws -> (program: Program, tiny: [RunFolder], other: RunFolder) {
    let program = try Program()
    func make(_ experiment: String, _ time: Int) throws -> RunFolder {
      let run = try RunFolder.create(
        in: program.file("results"), experiment: experiment, now: time)
      try run.write("", to: "plan.jsonl")
      try run.write(["exit": 130], to: "run.json")
      return run
    }
    let tiny = try [1_000_000_000, 1_100_000_000, 1_200_000_000].map { try make("tiny", $0) }
    return (program, tiny, try make("other", 1_300_000_000))
  }

  @Test("a run goes with its files, and latest leads to the newest that is left")
  func removes() throws {
    let (program, tiny, other) = try made()
    try tiny[2].write(String(repeating: "x", count: 5000), to: "cells.csv")
    let bytes = tiny[2].bytes
    #expect(bytes > 5000 && bytes < 6000)
    let listed = try program.run("list", "tiny", "--json").output.split(separator: "\n")
    #expect(try JSON(reading: String(listed[0]))["bytes"]?.whole == bytes)
    let table = try program.run("list", "tiny").output.split(separator: "\n")
    #expect(table[0].contains(" size "))
    #expect(table[2].contains(Metric.peakBytes.text(Double(bytes))), "\(table[2])")

    let asked = try program.run("rm", "tiny/latest")
    #expect(asked.code == 64 && asked.errors.contains("say --yes"), "\(asked.errors)")
    let removed = try program.run("rm", "tiny/latest", "--yes")
    #expect(removed.code == 0, "\(removed.errors)")
    #expect(
      removed.output
        == "removed tiny/\(tiny[2].id): \(Metric.peakBytes.text(Double(bytes)))\n")
    #expect(try RunFolder.open(program.file("results/tiny/latest")).id == tiny[1].id)
    // By letters, by path, and one of them twice.
    let rest = try program.run(
      "rm", "--yes", String(tiny[0].id.description.suffix(4)), "results/tiny/latest",
      tiny[1].id.description)
    #expect(rest.code == 0, "\(rest.errors)")
    #expect(rest.output.split(separator: "\n").count == 3)
    #expect(rest.output.contains("2 runs: "))
    #expect(!program.exists("results/tiny"))
    #expect(program.exists("results/other/\(other.id)/run.json"))
  }

  @Test(
    "a run of dead machines goes also where the disk is full, and one of living ones stays",
    arguments: [(35, 0), (0, 1)] as [(Double, Int32)])
  func fullDisk(age: Double, code: Int32) throws {
    let (program, tiny, _) = try made()
    let cell = try tiny[0].makeCell("modern-s1-00000000")
    try #"{"token": "x", "host": "node7", "boot": "other", "beat_seconds": 10}"#.write(
      toFile: "\(cell)/.claim", atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: "\(cell)/.claim")
    let removed = try program.run(
      ["rm", "--yes", tiny[0].path],
      environment: ["RUNEXP_FAILPOINTS": "write:.claim.*.tmp=enospc"])
    #expect(removed.code == code, "\(removed.errors)")
    #expect(AtomicFile.exists(cell) == (code != 0))
    #expect(removed.errors.contains("/.claim."), "it asked the file system first")
  }

  @Test("on a terminal it asks, and only a yes removes")
  func asks() throws {
    let (program, tiny, _) = try made()
    for (answer, code) in [("\n", 1), ("no\n", 1), ("\u{4}", 1), ("Y\n", 0)] as [(String, Int32)] {
      #expect(program.exists("results/tiny/\(tiny[2].id)"))
      let terminal = try PseudoTerminal()
      terminal.write(answer)
      let finished = try program.start(["rm", "tiny"], on: terminal).finish()
      #expect(finished.code == code, "\(answer): \(finished.errors)")
      #expect(finished.errors.contains("tiny/\(tiny[2].id)\nremove this run, "))
    }
    #expect(!program.exists("results/tiny/\(tiny[2].id)"))
    #expect(program.exists("results/tiny/\(tiny[1].id)"))
  }

  @Test("a run in use and a name that means none keep all of them")
  func refuses() throws {
    let (program, tiny, _) = try made()
    let before = program.tree()
    let missing = try program.run("rm", "--yes", "tiny", "tinny")
    #expect(missing.code == 1 && missing.errors.contains("did you mean 'tiny'?"))
    #expect(program.tree() == before)
    let lock = open(tiny[1].file(".lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    #expect(flock(lock, LOCK_EX | LOCK_NB) == 0)
    let used = try program.run("rm", "--yes", "tiny", tiny[1].path)
    #expect(used.code == 1)
    #expect(used.errors.contains("\(tiny[1].id)' is in use by another runexp"), "\(used.errors)")
    #expect(program.exists("results/tiny/\(tiny[2].id)/run.json"))
    close(lock)
    // One of its cells is run, by a process that does not have the run.
    let cell = try tiny[1].makeCell("base-s1-0123abcd")
    let cellLock = open("\(cell)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    #expect(flock(cellLock, LOCK_EX | LOCK_NB) == 0)
    let working = try program.run("rm", "--yes", "tiny", tiny[1].path)
    #expect(working.code == 1)
    #expect(working.errors.contains("base-s1-0123abcd' is in use by another runexp"))
    #expect(program.exists("results/tiny/\(tiny[2].id)/run.json"))
    close(cellLock)
    #expect(try program.run("rm", "--yes", "tiny", tiny[1].path).code == 0)
    #expect(try program.run("rm").code == 64)
  }

  @Test("a removal that is killed leaves the whole run or none, and the next one tidies up")
  func killed() throws {
    let (program, tiny, _) = try made()
    for (passage, left) in [(1, 3), (2, 2)] {
      let killed = try program.run(
        ["rm", "--yes", tiny[2].path],
        environment: ["RUNEXP_FAILPOINTS": "remove=kill@\(passage)"])
      #expect(killed.code == 128 + SIGKILL, "\(killed.errors)")
      #expect(RunFolder.all(in: program.file("results"), experiment: "tiny").count == left)
      let newest = try RunFolder.open(program.file("results/tiny/latest"))
      #expect(newest.id == tiny[left - 1].id)
      #expect(AtomicFile.exists(newest.file("plan.jsonl")))
    }
    #expect(try program.run("rm", "--yes", tiny[0].path, tiny[1].path).code == 0)
    #expect(!program.exists("results/tiny"))
  }

  @Test("runs are chosen by what became of them")
  func byStatus() throws {
    let (program, tiny, other) = try made()
    try tiny[0].write(["exit": 3], to: "run.json")
    try tiny[1].write("{\"cell\": 3}\n", to: "plan.jsonl")
    for (words, left) in [
      (["--status", "unreadable"], [tiny[0], tiny[2], other]),
      (["--status", "failed", "tiny"], [tiny[2], other]),
      (["--status", "failed"], [tiny[2], other]),
      (["--status", "unfinished", "tiny"], [other]),
      (["--status", "unfinished"], []),
    ] {
      let removed = try program.run(["rm", "--yes"] + words)
      #expect(removed.code == 0, "\(words): \(removed.errors)")
      let runs = RunLocator(results: program.file("results")).all()
      #expect(runs.map(\.id) == left.map(\.id), "\(words)")
    }
    #expect(try program.run("rm", "--yes", "--status", "failed", "tiny").code == 1)
    #expect(try program.run("rm", "--yes", "--status", "lost").code == 64)
  }

  @Test("the sizes of a thousand runs are known in a moment")
  func thousand() throws {
    let program = try Program()
    for number in 0..<1000 {
      let run = try RunFolder.create(
        in: program.file("results"), experiment: "many", now: 1_000_000_000 + number)
      for name in ["run.json", "plan.jsonl", "cells/a/result.json", "cells/a/steps.jsonl"] {
        let path = run.file(name)
        try FileManager.default.createDirectory(
          atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(count: 100).write(to: URL(filePath: path))
      }
    }
    let runs = RunLocator(results: program.file("results")).all()
    let start = threadSeconds()
    let sizes = runs.map(\.bytes)
    let taken = threadSeconds() - start
    #expect(sizes == [Int](repeating: 400, count: 1000))
    #expect(taken < 1, "\(taken) s")
  }
}
