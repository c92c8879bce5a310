// `runexp calibrate`: what it measures, what it keeps, and what it leaves behind.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite("runexp calibrate", .serialized)
struct CalibrateTests {
  @Test("the floors of a file's timings are printed and kept, and its losses have none")
  func floors() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let environment = ["XDG_CACHE_HOME": program.file("cache"), "TMPDIR": program.file("tmp")]
    let finished = try program.run(
      ["calibrate", "tiny.yaml", "--runs", "3", "--threads", "1", "--json"],
      environment: environment)
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(finished.errors.contains("warm-up run\nrun 1 of 3\nrun 2 of 3\nrun 3 of 3\n"))
    let printed = try JSON(reading: finished.output)
    let metrics = printed["metrics"]?.elements ?? []
    let names = metrics.compactMap { $0["metric"]?.text }
    #expect(names.contains("step_seconds") && names.contains("tokens_per_s"))
    #expect(!names.contains { $0.contains("loss") || $0.contains("bytes") })
    #expect(metrics.allSatisfy { $0["floor"]?.number ?? 0 > $0["sd"]?.number ?? 0 })
    #expect(metrics.first { $0["metric"]?.text == "step_seconds" }?["cells"]?.whole == 2)

    let kept = try #require(Calibration.load(environment: environment))
    #expect(kept.json == printed["calibration"])
    #expect(kept.runs == 3 && kept.threads == 1 && kept.floor(.stepSeconds) != nil)
    // Neither results nor temporary files are left.
    #expect(!program.exists("results"))
    #expect(!program.tree().contains { $0.contains("runexp-calibrate") })

    let doctor = try program.run(["doctor", "--json"], environment: environment)
    let check = try JSON(reading: doctor.output)["checks"]?.elements.first {
      $0["name"]?.text == "calibration"
    }
    #expect(check?["state"]?.text == "ok")
  }

  @Test("too few runs, a wrong file and a cell that fails keep nothing")
  func refused() throws {
    let program = try Program()
    let few = try program.run("calibrate", "--runs", "2")
    #expect(few.code == 64 && few.errors.contains("--runs must be from 3 to 1000, not 2"))
    try program.write("# Why?\nname: wrong\nworkload: {type: trains}\n", to: "wrong.yaml")
    #expect(try program.run("calibrate", "wrong.yaml").code == 78)
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let mistyped = try program.run("calibrate", "tiny.yaml", "--plugin", "none.so", "--quiet")
    #expect(mistyped.code == 1 && mistyped.errors.contains("which --plugin names"))
    #expect(!program.exists(".cache/runexp/calibration.json"))
    let full = try program.run("calibrate", "tiny.yaml", "--quiet")
    #expect(full.code == 0, "a CPU experiment needs no plugin: \(full.errors)")
    try program.write(
      TinyExperiment.onText(program).replacing("device: cpu", with: "device: cuda"),
      to: "cuda.yaml")
    let before = try program.read(".cache/runexp/calibration.json")
    let cuda = try program.run("calibrate", "cuda.yaml", "--quiet")
    #expect(cuda.code == 3 && cuda.errors.contains("is 'unavailable'"), "\(cuda.errors)")
    #expect(try program.read(".cache/runexp/calibration.json") == before)
  }

  @Test("the built-in experiment is valid")
  func builtIn() throws {
    let experiment = try PlannedExperiment.load(
      text: Calibrator.experiment, name: "calibration.yaml", reader: .standard)
    #expect(experiment.cells.count == 3)
  }
}
