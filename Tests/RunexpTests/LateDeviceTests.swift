// A device that works late, through the program: training and generation give the CPU's numbers,
// and a fault on the device is the cell's reason.

import Config
import Foundation
import Testing

@Suite("a device that works late")
struct LateDeviceTests {
  private let program: Program
  private let plugin: String

  init() throws {
    program = try Program()
    let folder = URL(filePath: try Program.path()).deletingLastPathComponent()
    plugin = folder.appending(path: "libDelayedPlugin.so").path
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
  }

  @Test("training and sampling give the same bits as on the CPU")
  func sameBits() throws {
    for (name, more) in [("here", []), ("late", ["--set", "device=cuda", "--plugin", plugin])] {
      let run = try program.run(
        ["run", "tiny.yaml", "-q", "--threads", "2", "--set", "name=\(name)"] + more)
      #expect(run.code == 0, "\(run.errors)")
    }
    let files = program.tree("results/here").filter { $0.hasSuffix("steps.jsonl") }
    #expect(!files.isEmpty)
    func all(_ name: String, _ file: String) throws -> [String] {
      let cells = program.tree("results/\(name)").filter { $0.hasSuffix(file) }.sorted()
      return try cells.map { try program.read("results/\(name)/\($0)") }
    }
    #expect(try all("late", "steps.jsonl").map(losses) == all("here", "steps.jsonl").map(losses))
    #expect(try all("late", "sample.txt") == all("here", "sample.txt"))
    let result = try #require(all("late", "result.json").first)
    #expect(try JSON(reading: result)["ran"]?["device"] == "delayed")
  }

  @Test("a fault on the device is the cell's reason, and the run goes on")
  func fault() throws {
    let run = try program.run(
      ["run", "tiny.yaml", "-q", "--set", "device=cuda", "--plugin", plugin],
      environment: ["RUNEXP_DELAYED_FAILURE": "300"])
    #expect(run.code == 3, "\(run.errors)")
    let summary = try program.read("results/tiny/latest/summary.md")
    #expect(
      summary.contains("the device 'delayed' failed: it was told to fail"), "\(summary)")
  }

  @Test("a plugin that is named and not there is an error, whatever the device")
  func mistyped() throws {
    let run = try program.run(
      "run", "tiny.yaml", "-q", "--set", "device=auto", "--plugin", "./librunexp_cud.so")
    #expect(run.code == 1)
    let summary = run.errors
    #expect(
      summary.contains("there is no plugin '")
        && summary.contains("librunexp_cud.so', which --plugin names: No such"),
      "\(summary)")
  }
}
