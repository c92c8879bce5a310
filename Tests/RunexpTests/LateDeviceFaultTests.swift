// Devices that are not there, lie, lack something or fail while they work, through the program: the
// reason is told, and the rest of the matrix runs.

import Config
import Foundation
import Testing

@Suite("a device that fails")
struct LateDeviceFaultTests {
  private let program: Program
  private let plugin: String

  init() throws {
    program = try Program()
    plugin = try LateDevice.plugin()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
  }

  /// Runs the tiny experiment late, and returns the exit code and the rows of its cells by variant.
  private func rows(
    _ more: [String] = [], _ environment: [String: String]
  ) throws -> (code: Int32, rows: [String: JSON]) {
    let run = try program.run(
      ["run", "tiny.yaml", "-q", "--set", "device=cuda", "--plugin", plugin] + more,
      environment: environment)
    var rows: [String: JSON] = [:]
    for line in try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n") {
      let row = try JSON(reading: String(line))
      rows[row["variant"]?.text ?? ""] = row
    }
    return (run.code, rows)
  }

  private func expect(
    _ row: JSON?, _ status: String, _ reason: String?, _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(row?["status"]?.text == status, sourceLocation: location)
    #expect(row?["reason"]?.text == reason, sourceLocation: location)
  }

  @Test("a fault on the device is the cell's reason, and the run goes on")
  func fault() throws {
    let (code, rows) = try rows([], ["RUNEXP_DELAYED_FAILURE": "300"])
    #expect(code == 3 && rows.count == 2)
    for row in rows.values {
      expect(row, "failed", "the device 'delayed' failed: it was told to fail")
    }
  }

  @Test(
    "a cell that the device has no memory for is out of memory, and the run goes on",
    arguments: [
      ("RUNEXP_DELAYED_ROOM", "the device 'delayed' is out of memory: no room for "),
      ("RUNEXP_DELAYED_MEMORY", "its tensors are predicted to need "),
    ])
  func shortage(fault: String, words: String) throws {
    let (code, rows) = try rows(
      ["--set", "variants.classic.model.width=256"], [fault: "12000000"])
    #expect(code == 3)
    let reason = try #require(rows["classic"]?["reason"]?.text)
    #expect(rows["classic"]?["status"]?.text == "oom" && reason.hasPrefix(words), "\(reason)")
    if fault == "RUNEXP_DELAYED_MEMORY" {
      #expect(
        reason.hasSuffix(" that the device 'delayed' has free; it was not started"), "\(reason)")
    }
    expect(rows["modern"], "ok", nil)
  }

  @Test("work for which the device has no memory is out of memory too")
  func shortageOfWork() throws {
    let (code, rows) = try rows(
      [],
      [
        "RUNEXP_DELAYED_FAILURE": "300",
        "RUNEXP_DELAYED_SENTENCE": "out of memory: none was left for a graph",
      ])
    #expect(code == 3 && rows.count == 2)
    for row in rows.values {
      expect(row, "oom", "the device 'delayed' is out of memory: none was left for a graph")
    }
  }

  @Test("a product that the device cannot do is the cell's reason")
  func refusal() throws {
    let (code, rows) = try rows(
      ["--set", "variants.classic.model.attention.bias=true"],
      ["RUNEXP_DELAYED_REFUSAL": "a bias"])
    #expect(code == 3)
    let reason = try #require(rows["classic"]?["reason"]?.text)
    #expect(
      reason.hasPrefix("the device 'delayed' cannot do a product [")
        && reason.hasSuffix("] with a bias"), "\(reason)")
    expect(rows["modern"], "ok", nil)
  }

  @Test("a device that is not there says why, and `auto` runs on the CPU for this reason")
  func absence() throws {
    let absent = ["RUNEXP_DELAYED_ABSENCE": "its driver is from 2019"]
    let reason = "the device 'delayed' cannot be used: its driver is from 2019"
    let (code, rows) = try rows([], absent)
    #expect(code == 3)
    for row in rows.values { #expect(row["reason"]?.text == reason) }
    let run = try program.run(
      ["run", "tiny.yaml", "-q", "--set", "device=auto"],
      environment: absent.merging(["RUNEXP_CUDA_PLUGIN": plugin]) { first, _ in first })
    #expect(run.code == 0, "\(run.errors)")
    for line in try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n") {
      let row = try JSON(reading: String(line))
      #expect(
        row["ran.device"]?.text == "cpu" && row["ran.device_reason"]?.text == reason, "\(line)")
    }
  }

  @Test("a plugin for another version of the program is refused", arguments: ["2", "1000"])
  func abi(version: String) throws {
    let run = try program.run(
      ["kernels", "--check", "--device", "cuda", "--plugin", plugin],
      environment: ["RUNEXP_DELAYED_ABI": version])
    #expect(run.code == 1)
    #expect(
      run.errors.contains("the plugin '\(plugin)' has no kernels of ABI version "), "\(run.errors)")
  }

  @Test("`kernels` leaves out what the device cannot compute, and says so")
  func check() throws {
    func check(_ only: String, _ environment: [String: String] = [:]) throws -> Finished {
      try program.run(
        ["kernels", "--check", "--only", only, "--device", "cuda", "--plugin", plugin],
        environment: environment)
    }
    let attention = try check("cached")
    #expect(attention.code == 0)
    #expect(
      attention.errors.contains(
        "not on this device: 30 cases of flash3_attention: any attention\n"), "\(attention.errors)")
    let linear = try check("linear", ["RUNEXP_DELAYED_REFUSAL": "a bias"])
    #expect(linear.code == 0, "\(linear.errors)")
    #expect(
      linear.errors.contains("not on this device: 12 cases of gemm, column_sum: a bias\n"),
      "\(linear.errors)")
    #expect(linear.output.contains("4 cases, all ok"), "\(linear.output)")
  }

  @Test("a plugin that is named and not there is an error, whatever the device")
  func mistyped() throws {
    let wrong = "./librunexp_cud.so"
    for device in ["auto", "cuda", "cpu"] {
      let run = try program.run(
        "run", "tiny.yaml", "-q", "--set", "device=\(device)", "--plugin", wrong)
      #expect(run.code == 1)
      #expect(run.errors.contains("there is no plugin '"))
      #expect(
        run.errors.contains("librunexp_cud.so', which --plugin names: No such"), "\(run.errors)")
    }
    let kernels = try program.run("kernels", "--check", "--only", "scale", "--plugin", wrong)
    #expect(kernels.code == 1 && kernels.errors.contains("there is no plugin '"))
    #expect(kernels.errors.contains("librunexp_cud.so', which --plugin names"))
    #expect(!program.exists("results"))
  }

  @Test("a plugin that the environment names must be there, where a GPU may be used")
  func environment() throws {
    let environment = ["RUNEXP_CUDA_PLUGIN": "/nowhere/librunexp_cud.so"]
    for device in ["auto", "cuda"] {
      let run = try program.run(
        ["run", "tiny.yaml", "-q", "--set", "device=\(device)"], environment: environment)
      #expect(run.code == 1)
      #expect(run.errors.contains("which RUNEXP_CUDA_PLUGIN names"), "\(run.errors)")
    }
    let cpu = try program.run(
      ["run", "tiny.yaml", "-q", "--set", "device=cpu"], environment: environment)
    #expect(cpu.code == 0, "\(cpu.errors)")
  }

  @Test("a GPU by its number must be there, and be used")
  func ordinal() throws {
    let late = ["--plugin", plugin, "--gpu", "7"]
    let run = try program.run(["run", "tiny.yaml", "-q", "--set", "device=cuda"] + late)
    #expect(run.code == 3)
    let summary = try program.read("results/tiny/latest/summary.md")
    #expect(summary.contains("no number 7"), "\(summary)")
    let cpu = try program.run(["run", "tiny.yaml", "-q", "--set", "device=cpu"] + late)
    #expect(
      cpu.code == 1 && cpu.errors.contains("--gpu 7 names a GPU, and everything runs on the CPU"))
    let doctor = try program.run(["doctor"] + late)
    #expect(doctor.output.contains("no number 7"), "\(doctor.output)")
  }
}
