// The script of a Slurm task and signals, with a worker that stands in for the program's.

import Experiments
import Foundation
import Testing

@Suite("signals to the script of a task", .serialized)
struct SlurmSignalTests {
  private let program: Program

  init() throws { program = try Program() }

  /// Starts the script of a task of half an hour.
  ///
  /// - Parameters:
  ///   - worker: a script in place of this program.
  ///   - seconds: how long the task is said to have run.
  private func start(_ worker: String, after seconds: String = "0") throws -> Running {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let emitted = try program.run(
      "emit", "slurm", "tiny.yaml", "--time", "30m", "--mem", "300MiB", "--pack", "1")
    try #require(emitted.code == 0, "\(emitted.errors)")
    try program.write("#!/bin/bash\n\(worker)\n", to: "worker")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: program.file("worker"))
    let script = try program.read("results/tiny/latest/slurm/1/array-1.sh")
      .replacing(#/(?m)^program=.*$/#, with: "program=\(program.file("worker"))")
    try program.write(script, to: "task.sh")
    return try Running(
      program: "/bin/bash", [program.file("task.sh")], in: program.folder,
      // A shell's clock goes on from what it is given.
      environment: [
        "PATH": "/usr/bin:/bin", "SLURM_ARRAY_TASK_ID": "0", "SECONDS": seconds,
      ], hearsSignals: true)
  }

  @Test(
    "a worker that a signal ends before it hears any has done nothing, whichever came last",
    arguments: [
      ("TERM", "USR1", 75), ("USR1", "TERM", 75), ("TERM", "KILL", 137), (nil, "USR1", 138),
    ] as [(String?, String, Int32)])
  func startingWorker(heard: String?, fatal: String, code: Int32) throws {
    // Deaf to what the script passes on, it dies of the other one.
    let deaf = heard.map { "trap '' \($0)\nkill -s \($0) $PPID" } ?? ""
    let finished = try start("\(deaf)\nkill -s \(fatal) $$", after: "1700").finish()
    #expect(finished.code == code, "\(finished.errors)")
  }

  @Test(
    "a warning is passed on as one only when the task's time is nearly over",
    // Three minutes before its end, and a minute and a half of leeway.
    arguments: [("0", "TERM"), ("1480", "TERM"), ("1530", "USR1"), ("1700", "USR1")])
  func warning(seconds: String, passed: String) throws {
    let heard = program.file("heard")
    let finished = try start(
      """
      for name in TERM USR1; do trap "echo $name > '\(heard)'; exit 75" $name; done
      kill -s USR1 $PPID
      for _ in {1..300}; do sleep 0.1; done
      """, after: seconds
    ).finish()
    #expect(finished.code == 75, "\(finished.errors)")
    #expect(try program.read("heard") == "\(passed)\n")
  }
}
