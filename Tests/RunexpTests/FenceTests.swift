// Cells that crash, starve, run for ever or diverge: each is a row with its status, and the others
// are not disturbed.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite("Cells are fenced off", .serialized)
struct FenceTests {
  @Test(
    "of 24 cells one aborts, one wants too much memory, one runs too long, one diverges: 20 good results"
  )
  func twentyFour() throws {
    let program = try Program()
    let good = (1...20).map { "  v\($0): {workload: {batch: \($0)}}" }.joined(separator: "\n")
    let yaml = try TinyExperiment.onText(program, steps: 3)
      .replacing("  modern: {}", with: good)
      .replacing(
        "  classic:\n    model: {norm: layernorm, attention: {type: mha, heads: 4}, position: none, ffn: gelu}",
        with: """
            crashes: {workload: {steps: 1000001}}
            starves: {model: {attention: {kernel: naive}}, workload: {type: attention, sequence: 16384}}
            lasts: {workload: {steps: 1000000}}
            wild:
              model: {layers: 2, norm: none, init_std: 1}
              workload: {steps: 60, optimizer: {lr: 100, clip: 0}, schedule: {type: constant, warmup: 0}}
          """)
    try program.write(yaml, to: "tiny.yaml")
    let running = try program.start(
      ["run", "tiny.yaml", "-q", "--memory", "512MiB", "--time", "2s"],
      environment: [
        "RUNEXP_FAILPOINTS": "append:*crashes*/steps.jsonl=pause@2",
        // A backtrace on a busy machine takes longer than the cap.
        "SWIFT_BACKTRACE": "enable=no",
      ])
    let crashing = try #require(running.pausedChildren().first)
    // Swift's crash handler survives the first signal that comes from outside, so it is sent until
    // the worker is gone.
    let crashed = wait {
      kill(crashing, SIGABRT)
      kill(crashing, SIGCONT)
      return !Running.isAlive(crashing)
    }
    #expect(crashed)
    var finished = try running.finish()
    #expect(finished.code == 3, "\(finished.errors)")
    // What is short may take longer than the cap on a busy machine; with enough time only the
    // endless cell does not end.
    var cap = 2
    while try timeouts(program) != ["lasts"], cap < 4096 {
      cap *= 4
      finished = try program.run(
        "resume", "tiny", "-q", "--retry", "timeout", "--time", "\(cap)s")
      #expect(finished.code == 3, "\(finished.errors)")
    }
    let rows = try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n").map {
      try JSON(reading: String($0))
    }
    #expect(rows.count == 24)
    var statuses: [String: String] = [:]
    for row in rows { statuses[row["variant"]?.text ?? ""] = row["status"]?.text }
    #expect(statuses["crashes"] == "killed")
    #expect(statuses["starves"] == "oom")
    #expect(statuses["lasts"] == "timeout")
    #expect(statuses["wild"] == "diverged")
    #expect(statuses.values.count { $0 == "ok" } == 20, "\(statuses)")
    #expect(rows.allSatisfy { $0["status"]?.text == "ok" || $0["reason"]?.text != nil })
    #expect(finished.output.contains("20 of 24 cells ok"))
    // The order of execution is recorded, and is not that of the file.
    let orders = try program.read("results/tiny/latest/plan.jsonl").split(separator: "\n").map {
      try JSON(reading: String($0))["order"]?.whole
    }
    #expect(Set(orders.compactMap { $0 }) == Set(0..<24))
    #expect(orders != (0..<24).map { $0 })
  }

  /// The variants that took too long.
  private func timeouts(_ program: Program) throws -> [String] {
    try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n")
      .map { try JSON(reading: String($0)) }.filter { $0["status"]?.text == "timeout" }
      .compactMap { $0["variant"]?.text }
  }

  @Test("memory that is predicted not to fit is refused before the cell starts")
  func predicted() throws {
    let program = try Program()
    let yaml = try TinyExperiment.onText(program).replacing("batch: 16", with: "batch: 4096")
    try program.write(yaml, to: "tiny.yaml")
    let finished = try program.run("run", "tiny.yaml", "-q", "--memory", "200MB")
    #expect(finished.code == 3)
    #expect(finished.output.contains("predicted to need"))
    for option in ["--memory", "--time", "--checkpoint"] {
      let negative = try program.run("run", "tiny.yaml", option, "-1")
      #expect(negative.code == 64 && negative.errors.contains("\(option) must be "))
      #expect(negative.errors.contains(", not '-1'"), "\(negative.errors)")
    }
    let bad = try program.run("run", "tiny.yaml", "--memory", "lots")
    #expect(bad.code == 64)
    #expect(bad.errors.contains("must be an amount such as 4GiB"))
  }

  @Test("a cap below what the program itself takes is a sentence and a row, at any size")
  func tinyCap() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 2), to: "tiny.yaml")
    for cap in ["1MiB", "5MiB", "20MiB", "40MiB"] {
      let finished = try program.run("run", "tiny.yaml", "--memory", cap)
      #expect(finished.code == 3)
      #expect(finished.output.contains("0 of 2 cells ok"))
      #expect(finished.output.contains("the program itself takes"), "\(cap): \(finished.output)")
      for word in ["crashed", "Backtrac", "Fatal error", "signal"] {
        #expect(!(finished.output + finished.errors).contains(word), "\(cap): \(finished.errors)")
      }
      let rows = try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n").map {
        try JSON(reading: String($0))
      }
      #expect(rows.map { $0["status"]?.text } == ["oom", "oom"])
    }
  }

  @Test("an inspection of 405B parameters at 65536 x 1M tokens takes little memory itself")
  func largestInspection() throws {
    let program = try Program()
    try program.write(
      """
      # How large?
      name: tiny
      device: cpu
      model:
        layers: 126
        width: 16384
        attention: {type: gqa, heads: 128, kv_heads: 8}
        ffn: {type: swiglu, hidden: 53248}
      variants:
        rope: {}
        sinusoidal: {model: {position: sinusoidal}}
        learned: {model: {position: learned}}
      workload: {type: inspect, vocabulary: 128256, batch: 65536, sequence: 1048576}
      """, to: "tiny.yaml")
    let finished = try program.run("run", "tiny.yaml", "-q")
    #expect(finished.code == 0, "\(finished.errors)")
    let rows = try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n").map {
      try JSON(reading: String($0))
    }
    #expect(rows.count == 3)
    for row in rows {
      #expect(row["training_bytes"]?.number ?? 0 > 9e18)
      #expect(row["peak_resident_bytes"]?.number ?? .infinity < 200 * 0x1p20)
    }
    #expect(try program.run("plan", "tiny.yaml").code == 0)
  }

  @Test("a warning is said once, and a prompt that the text lacks is a fault before anything runs")
  func saidBeforehand() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let setting = "workload.sample.prompt=\u{e9}"
    for command in ["check", "plan", "prepare", "run"] {
      let prompt = try program.run(command, "tiny.yaml", "--set", setting)
      #expect(prompt.code == 78, "\(command)")
      #expect(prompt.errors.contains(setting), "\(command): \(prompt.errors)")
      #expect(prompt.errors.contains("does not occur in the training text"))
      // Of all cells, once.
      #expect(prompt.errors.components(separatedBy: "error:").count == 2, "\(prompt.errors)")
      #expect(!program.exists("results"))
      // Nothing starts from it.
      if command == "run" { continue }
      let unused = try program.run(
        command, "tiny.yaml", "--set", setting, "--set", "workload.sample.tokens=0")
      #expect(unused.code == 0, "\(command): \(unused.errors)")
      try? FileManager.default.removeItem(atPath: program.file("results"))
    }
    try program.write(
      """
      # Which layer?
      seeds: [1, 2]
      model: {layers: 2, width: 16, position: none, attention: {type: mha, heads: 2, window: [4, none]}}
      workload: {type: attention, sequence: 16, seconds: 0}
      """, to: "layers.yaml")
    let warned = try program.run("run", "layers.yaml")
    #expect(warned.code == 0)
    #expect(warned.errors.components(separatedBy: "warning: the layers differ").count == 2)
    let both = try program.run("run", "layers.yaml", "--vary", "workload.layer=0,1")
    #expect(both.code == 0 && !both.errors.contains("the layers differ"), "\(both.errors)")
  }

  @Test("cells side by side share the threads, and those that measure time or are alone have all")
  func threads() throws {
    let program = try Program()
    try program.write(
      """
      # Who has how many?
      name: shares
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      matrix:
        workload:
          - {type: train, dataset: {name: synthetic-plays}, sequence: 16, batch: 2, steps: 1}
          - {type: attention, sequence: 16, seconds: 0}
      """, to: "shares.yaml")
    func shares(_ seeds: String, parallel: Int, threads: Int) throws -> [[Int?]] {
      let finished = try program.run(
        "run", "shares.yaml", "--seeds", seeds, "--parallel", "\(parallel)", "--threads",
        "\(threads)")
      #expect(finished.code == 0, "\(finished.errors)")
      #expect(finished.errors.contains("no more threads") == (threads < parallel), "\(seeds)")
      return try program.read("results/shares/latest/cells.jsonl").split(separator: "\n").map {
        let row = try JSON(reading: String($0))
        return ["ran.threads", "ran.concurrent_cells"].map { row[$0]?.whole }
      }
    }
    // One seed: each of the two cells is the only one of its kind.
    #expect(try shares("1", parallel: 2, threads: 4) == [[4, nil], [4, nil]])
    #expect(try shares("1..4", parallel: 4, threads: 2).contains([1, 2]))
    #expect(try !shares("1..4", parallel: 4, threads: 2).contains { $0[1] ?? 0 > 2 })
  }

  @Test("cells run side by side and give the same bits as one after the other")
  func sideBySide() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, seeds: "[1, 2]"), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q", "--results", "one").code == 0)
    let running = try program.start(
      ["run", "tiny.yaml", "-q", "--parallel", "2", "--threads", "2", "--set", "seeds=1"],
      environment: ["RUNEXP_FAILPOINTS": "append:steps.jsonl=pause@1"])
    let workers = running.pausedChildren(2)
    #expect(workers.count == 2)
    for worker in workers { kill(worker, SIGCONT) }
    #expect(try running.finish().code == 0)
    let two = try program.run(
      "run", "tiny.yaml", "-q", "--parallel", "2", "--threads", "2", "--results", "two")
    #expect(two.code == 0, "\(two.errors)")
    let alone = try losses(of: program, "one/tiny/latest")
    let together = try losses(of: program, "two/tiny/latest")
    #expect(alone.count == 4)
    #expect(alone == together)
    let row = try #require(program.read("two/tiny/latest/cells.jsonl").split(separator: "\n").first)
    #expect(try JSON(reading: String(row))["ran.concurrent_cells"]?.whole == 2)
  }

  private func losses(of program: Program, _ run: String) throws -> [String: [String]] {
    let cells = try FileManager.default.contentsOfDirectory(atPath: program.file("\(run)/cells"))
    return Dictionary(
      uniqueKeysWithValues: try cells.map { cell in
        (cell, try RunexpTests.losses(program.read("\(run)/cells/\(cell)/steps.jsonl")))
      })
  }
}
