// What a run that measures times says of a machine that others use, and what it keeps of that.

import Config
import Foundation
import Testing

@Suite("a busy machine", .serialized)
struct BusyMachineTests {
  @Test("it is said once before times are measured, and recorded; a training says nothing")
  func warning() throws {
    let others = (0..<ProcessInfo.processInfo.processorCount).map { _ in
      let program = Process()
      program.executableURL = URL(filePath: "/bin/sh")
      program.arguments = ["-c", "while :; do :; done"]
      return program
    }
    for other in others { try other.run() }
    // The shell may have been started to ignore SIGTERM.
    defer { for other in others { kill(other.processIdentifier, SIGKILL) } }
    let program = try Program()
    try program.write(
      """
      # How long does it take?
      name: timing
      seeds: [1, 2]
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload: {type: attention, sequence: 16, seconds: 0}
      """, to: "timing.yaml")
    let measuring = ["RUNEXP_MEASURING_SECONDS": "0.1"]
    let finished = try program.run(["timing.yaml", "-q"], environment: measuring)
    #expect(finished.code == 0, "\(finished.errors)")
    let warnings = finished.errors.split(separator: "\n").filter { $0.hasPrefix("warning: ") }
    #expect(warnings.count == 1, "\(finished.errors)")
    #expect(
      warnings.first?.hasPrefix(
        "warning: the machine is busy, and times measured now are disturbed")
        == true)
    let note = "the machine was busy when the run began"
    let summary = try program.run("summary", "timing").output
    #expect(summary.contains(note), "\(summary)")
    #expect(try program.read("results/timing/latest/summary.md").contains(note))
    let page = try program.run("report", "timing", "--output", "page.html")
    #expect(page.code == 0, "\(page.errors)")
    #expect(try program.read("page.html").contains(note))
    let load = try JSON(reading: program.read("results/timing/latest/run.json"))["load"]
    #expect((load?["busy"]?.number ?? 0) > 0.1, "\(load?.line ?? "")")

    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let training = try program.run(["tiny.yaml", "-q"], environment: measuring)
    #expect(training.code == 0 && !training.errors.contains("warning: "), "\(training.errors)")
    let noted = try JSON(reading: program.read("results/tiny/latest/run.json"))["load"]
    #expect((noted?["busy"]?.number ?? 0) > 0.1, "\(noted?.line ?? "")")
    #expect(try program.read("results/tiny/latest/summary.md").contains(note))
  }
}
