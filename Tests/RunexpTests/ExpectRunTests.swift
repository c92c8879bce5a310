// Runs that expect something of a metric: the last word of the program, its exit code, and that a
// bound runs no cell again.

import Config
import Foundation
import Testing

@Suite("runs that expect a bound", .serialized)
struct ExpectRunTests {
  private func write(_ program: Program, _ expect: String) throws {
    let text = try TinyExperiment.onText(program)
    try program.write(text + "expect: {\(expect)}\n", to: "tiny.yaml")
  }

  /// When each cell's result was written.
  private func results(_ program: Program) throws -> [String: Date] {
    let results = program.tree("results").filter { $0.hasSuffix("/result.json") }
    var dates: [String: Date] = [:]
    for name in results where !name.contains("latest") {
      let path = program.file("results/\(name)")
      dates[name] =
        try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    }
    return dates
  }

  @Test("a bound that is kept ends with 0, one that is missed with 3, in every command")
  func codes() throws {
    let program = try Program()
    try write(program, "val_loss: < 100")
    let met = try program.run("tiny.yaml", "-q")
    #expect(met.code == 0, "\(met.errors)")
    #expect(met.output.contains("Expected: val_loss < 100: met, nearest "), "\(met.output)")
    let before = try results(program)
    #expect(before.count == 2)

    try write(program, "val_loss: < 1.5, classic: {val_loss: < 100}")
    let missed = try program.run("run", "tiny.yaml", "-q", "--into", "latest")
    #expect(missed.code == 3, "\(missed.errors)")
    #expect(missed.output.contains("Expected: val_loss < 1.5: missed, "), "\(missed.output)")
    #expect(missed.output.contains("by 2 of 2 cells"))
    #expect(missed.output.contains("Expected: classic: val_loss < 100: met, "))
    #expect(try results(program) == before)

    for words in [["summary", "latest"], ["collect", "latest"], ["resume", "latest", "-q"]] {
      let finished = try program.run(words)
      #expect(finished.code == 3, "\(words): \(finished.errors)")
      #expect(finished.output.contains("Expected: val_loss < 1.5: missed, "), "\(words)")
    }
    #expect(try results(program) == before)
    let json = try JSON(reading: program.read("results/tiny/latest/summary.json"))
    #expect(json["expectations"]?.elements.map { $0["outcome"] } == ["missed", "met"])
    #expect(
      try JSON(reading: program.read("results/tiny/latest/run.json"))["exit"] == 3)

    let eased = try program.run(
      "run", "tiny.yaml", "-q", "--into", "latest", "--set", "expect.val_loss=< 99")
    #expect(eased.code == 0, "\(eased.errors)")
    #expect(try results(program) == before)
  }

  @Test("a metric that does not exist is a fault of the file")
  func fault() throws {
    let program = try Program()
    try write(program, "val_los: < 100")
    let finished = try program.run("check", "tiny.yaml")
    #expect(finished.code == 78 && finished.errors.contains("did you mean 'val_loss'?"))
  }
}
