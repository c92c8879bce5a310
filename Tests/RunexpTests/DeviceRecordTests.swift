// What a run on a GPU leaves behind: which it was, and that two of them are not compared silently.

import Config
import Foundation
import Records
import Testing

@Suite("the record of a GPU")
struct DeviceRecordTests {
  private let program: Program
  private let plugin: String

  init() throws {
    program = try Program()
    plugin = try LateDevice.plugin()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
  }

  private func run(_ words: [String], on name: String) throws -> Finished {
    try program.run(words, environment: ["RUNEXP_DELAYED_NAME": "\(name), its own products"])
  }

  private func begin(on name: String, _ more: [String] = []) throws -> Finished {
    try run(
      ["run", "tiny.yaml", "-q", "--set", "device=auto", "--plugin", plugin] + more, on: name)
  }

  @Test("run.json, the rows, the summary, `show` and the report name it")
  func named() throws {
    let finished = try begin(on: "GPU A (one, of two)", ["--report"])
    #expect(finished.code == 0, "\(finished.errors)")
    let summary = "GPU A (one, of two), its own products"
    let record = try JSON(reading: program.read("results/tiny/latest/run.json"))
    let devices = try #require(record["devices"]?.elements)
    #expect(devices.count == 1)
    let device = devices[0]
    #expect(device["requested"] == "auto" && device["reason"] == "a GPU is there")
    #expect(device["device"] == "delayed" && device["name"] == "GPU A (one, of two)")
    #expect(device["summary"]?.text == summary && device["ordinal"] == 0)
    #expect((device["memory_bytes"]?.whole ?? 0) > 0)
    #expect(record["plugin"]?["path"]?.text == plugin)
    #expect(record["plugin"]?["sha256"]?.text == (try SHA256.hex(file: plugin)))
    for line in try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n") {
      let row = try JSON(reading: String(line))
      #expect(row["ran.gpu"] == "GPU A (one, of two)" && row["ran.gpu_ordinal"] == 0)
      #expect(row["ran.device_summary"]?.text == summary && row["ran.device_requested"] == "auto")
    }
    let told = "ran on \(summary), "
    #expect(try program.read("results/tiny/latest/summary.md").contains(told))
    #expect(try program.read("results/tiny/latest/report.html").contains(told))
    let show = try program.run("show", "latest")
    #expect(show.output.contains("  device   \(summary), "), "\(show.output)")
  }

  @Test("a run that goes on stays on its GPU, unless another is accepted")
  func resumed() throws {
    let killed = try program.run(
      [
        "run", "tiny.yaml", "-q", "--set", "device=cuda", "--plugin", plugin,
        "--set", "variants.classic.workload.steps=12",
      ],
      environment: [
        "RUNEXP_DELAYED_NAME": "GPU A, late", "RUNEXP_FAILPOINTS": "append:steps.jsonl=kill@9",
      ])
    #expect(killed.code == 3, "\(killed.errors)")
    let other = try run(["resume", "tiny", "-q"], on: "GPU B")
    #expect(other.code == 5, "\(other.errors)")
    #expect(other.errors.contains("another device: GPU B instead of GPU A"), "\(other.errors)")
    let accepted = try run(["resume", "tiny", "-q", "--accept-changes"], on: "GPU B")
    #expect(accepted.code == 0, "\(accepted.errors)")
    let record = try JSON(reading: program.read("results/tiny/latest/run.json"))
    #expect(record["devices"]?.elements.map { $0["name"]?.text } == ["GPU A", "GPU B"])
    let summary = try program.read("results/tiny/latest/summary.md")
    #expect(summary.contains("modern GPU A, classic GPU B"), "\(summary)")
    #expect(summary.contains("ran on GPU A, late, ") && summary.contains("; on GPU B, "))
  }

  @Test("a run of the same GPU goes on")
  func same() throws {
    let killed = try program.run(
      [
        "run", "tiny.yaml", "-q", "--set", "device=cuda", "--plugin", plugin,
        "--set", "variants.classic.workload.steps=12",
      ],
      environment: [
        "RUNEXP_DELAYED_NAME": "GPU A, driver 1",
        "RUNEXP_FAILPOINTS": "append:steps.jsonl=kill@9",
      ])
    #expect(killed.code == 3, "\(killed.errors)")
    // What stands after the name may change: a driver, how products are computed.
    let resumed = try run(["resume", "tiny", "-q"], on: "GPU A")
    #expect(resumed.code == 0, "\(resumed.errors)")
  }

  @Test("`diff` names the GPUs of two runs, where they differ")
  func diffed() throws {
    for name in ["GPU A", "GPU B"] {
      let finished = try begin(on: name, ["--set", "name=\(name.suffix(1).lowercased())x"])
      #expect(finished.code == 0, "\(finished.errors)")
    }
    let diff = try program.run("diff", "ax", "bx")
    #expect(diff.output.contains("the GPU differs: GPU A, GPU B"), "\(diff.output)")
  }

  @Test("a fault on the device ends its cell, and the next has a fresh process")
  func fault() throws {
    // The one with more steps comes first, and the call that fails after the last of the other.
    let finished = try program.run(
      [
        "run", "tiny.yaml", "-q", "--set", "device=cuda", "--plugin", plugin,
        "--set", "variants.classic.workload.steps=120", "--order-seed", "2",
      ], environment: ["RUNEXP_DELAYED_FAILURE": "4000"])
    #expect(finished.code == 3, "\(finished.errors)")
    var rows: [String: JSON] = [:]
    for line in try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n") {
      let row = try JSON(reading: String(line))
      rows[row["variant"]?.text ?? ""] = row
    }
    #expect(rows["modern"]?["status"] == "ok", "\(rows["modern"]?.line ?? "")")
    #expect(rows["classic"]?["status"] == "failed")
    #expect(rows["classic"]?["reason"] == "the device 'delayed' failed: it was told to fail")
  }
}
