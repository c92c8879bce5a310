// Runs whose options follow from an axis: what `plan`, `show` and `diff` tell of them, and that
// such a run goes on and runs again as it was.

import Config
import Records
import Testing
import Workloads

@Suite("defaults that follow from an axis", .serialized)
struct DerivedDefaultRunTests {
  private static let run = "results/derived/latest"

  private func write(_ program: Program) throws {
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    try program.write(
      """
      # Does the rest follow?
      name: derived
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload:
        dataset: {name: ./text.txt}
        sequence: 16
        batch: 4
        evaluate_every: 0
        sample: {tokens: 0}
      matrix:
        workload.optimizer.lr: [3e-3, 1e-2]
        workload.steps: [20, 40]

      """, to: "derived.yaml")
  }

  private func lines(_ text: String) throws -> [JSON] {
    try text.split(separator: "\n").map { try JSON(reading: String($0)) }
  }

  private func schedules(_ lines: [JSON]) -> [[Double?]] {
    lines.map { line in
      let schedule = line["config"]?["workload"]?["schedule"]
      return [schedule?["min_lr"]?.number, schedule?["warmup"]?.number]
    }
  }

  @Test("such a run is resumed, and its resolved file has the same cells")
  func again() throws {
    let program = try Program()
    try write(program)
    #expect(try program.run("run", "derived.yaml", "-q").code == 0)
    let plan = try lines(program.read("\(Self.run)/plan.jsonl"))
    #expect(schedules(plan) == [[3e-4, 2], [3e-4, 4], [1e-3, 2], [1e-3, 4]])
    let rows = try program.read("\(Self.run)/cells.csv")

    let resumed = try program.run("resume", "derived", "-q")
    #expect(resumed.code == 0, "\(resumed.errors)")
    #expect(try program.read("\(Self.run)/cells.csv") == rows)

    let resolved = try program.read("\(Self.run)/resolved.yaml")
    #expect(resolved.contains("min_lr: null  # a tenth of lr\n"))
    try program.write(resolved, to: "again.yaml")
    let again = try program.run("run", "again.yaml", "-q", "--results", "again")
    #expect(again.code == 0, "\(again.errors)")
    let second = try lines(program.read("again/derived/latest/plan.jsonl"))
    #expect(second.map { $0["cell"] } == plan.map { $0["cell"] })
    #expect(second.map { $0["label"] } == plan.map { $0["label"] })
    #expect(second.map { $0["config"] } == plan.map { $0["config"] })
  }

  @Test("an expression, a plan, show and diff see the values")
  func seen() throws {
    let program = try Program()
    try write(program)
    let plan = try program.run(
      "plan", "derived.yaml", "--json", "--where",
      "workload.schedule.min_lr > 5e-4 and workload.schedule.warmup == 4")
    #expect(plan.code == 0, "\(plan.errors)")
    let kept = try lines(plan.output).filter { $0["excluded"] == .null }
    let schedule = "workload.schedule."
    #expect(kept.map { $0["derived"]?[schedule + "min_lr"]?.number } == [1e-3])
    #expect(kept.map { $0["derived"]?[schedule + "warmup"]?.number } == [4])

    let options = ["-q", "--set", "workload.steps=20", "--set", "workload.optimizer.lr="]
    for (rate, results) in [("3e-3", "a"), ("1e-2", "b")] {
      let words = ["run", "derived.yaml"] + options.dropLast() + [(options.last ?? "") + rate]
      let ran = try program.run(words + ["--results", results])
      #expect(ran.code == 0, "\(ran.errors)")
    }
    let cell = try #require(try lines(program.read("a/derived/latest/plan.jsonl")).first)
    let id = try #require(cell["cell"]?.text)
    let show = try program.run("show", "a/derived/latest", id)
    #expect(show.output.contains("min_lr: 0.0003\n"), "\(show.output)\(show.errors)")
    let file = try program.run("show", "a/derived/latest", id, "--config")
    #expect(file.output.contains("min_lr: null  # 0.0003, a tenth of lr\n"), "\(file.output)")

    let diff = try program.run("diff", "a/derived/latest", "b/derived/latest", "--format", "json")
    let keys = try #require(JSON(reading: diff.output)["changed_keys"]).elements
    #expect(
      keys.map { $0["key"]?.text } == ["workload.optimizer.lr", "workload.schedule.min_lr"])
    #expect(keys.map { $0["new"]?.number } == [1e-2, 1e-3])
    #expect(keys.map { $0["derived"] } == [.bool(false), .bool(true)])
  }
}
