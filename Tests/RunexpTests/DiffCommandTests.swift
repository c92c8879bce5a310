// `runexp diff` on runs that the program has made itself.

import Config
import Experiments
import Foundation
import Records
import Testing
import Workloads

@Suite("runexp diff", .serialized)
struct DiffCommandTests {
  // One variant that trains in moments; the runs go to folders of their own, so that names are
  // known.
  private func train(
    _ program: Program, _ results: String, seeds: String = "[1, 2, 3, 4, 5, 6]", _ more: String...
  ) throws {
    let sets = more.flatMap { ["--set", $0] }
    let finished = try program.run(
      ["run", "tiny.yaml", "--set", "seeds=\(seeds)", "--results", results, "-q"] + sets)
    #expect(finished.code == 0, "\(finished.errors)")
  }

  private func make() throws -> Program {
    let program = try Program()
    let text = SyntheticPlays(characters: 6000).bytes()
    try program.write(String(decoding: text, as: UTF8.self), to: "text.txt")
    try program.write(
      """
      name: tiny
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      workload:
        type: train
        dataset: {name: ./text.txt}
        sequence: 16
        batch: 4
        steps: 20
        evaluate_every: 20
        evaluation_windows: 4
        sample: {tokens: 8}

      """, to: "tiny.yaml")
    return program
  }

  @Test("paths and variants may hold colons")
  func colons() throws {
    let program = try make()
    let yaml = try program.read("tiny.yaml")
    try program.write(
      yaml + "variants: {one: {}, two: {model: {norm: layernorm}}}\n", to: "tiny.yaml")
    try train(program, "a:b", seeds: "[1]")
    try train(program, "a:b/c:one", seeds: "[1]")
    for (base, new, cells) in [
      ("a:b/tiny/latest", "a:b/c:one/tiny/latest", 2),
      ("a:b/tiny/latest:one", "a:b/tiny/latest:two", 1),
      ("./a:b/c:one/tiny/latest:one", "\(program.folder)/a:b/tiny/latest:two", 1),
    ] {
      let finished = try program.run("diff", base, new, "--json", "--threshold", "100")
      let json = try? JSON(reading: finished.output)
      #expect(json?["cells_compared"]?.whole == cells, "\(base) \(new): \(finished.errors)")
    }
    for (name, message) in [
      ("a:b/tiny/latest:three", "the run has no variant 'three'; there are one, two"),
      ("a:b/c:four/tiny/latest", "no run 'a:b/c:four/tiny/latest'"),
    ] {
      let missing = try program.run("diff", "a:b/tiny/latest", name)
      #expect(missing.code == 1)
      #expect(missing.errors.contains(message), "\(missing.errors)")
    }
  }

  @Test("COLUMNS says how wide tables are, on a pipe too; without it a row is one line there")
  func columns() throws {
    let program = try make()
    let yaml = try program.read("tiny.yaml")
    try program.write(
      yaml + "variants: {one: {}, two: {model: {norm: layernorm}}}\n", to: "tiny.yaml")
    try train(program, "results", seeds: "[1, 2]")
    func widest(_ arguments: [String], columns: String?) throws -> Int {
      let environment = columns.map { ["COLUMNS": $0] } ?? [:]
      let finished = try program.run(arguments, environment: environment)
      #expect(finished.code == 0, "\(finished.errors)")
      return finished.output.split(separator: "\n").map(\.count).max() ?? 0
    }
    for arguments in [
      ["diff", "latest:one", "latest:two", "--all", "--threshold", "1000"],
      ["summary", "latest", "--full", "--metric", "val_loss", "--metric", "tokens_per_s"],
      ["plan", "tiny.yaml"], ["list"],
    ] {
      #expect(try widest(arguments, columns: "60") <= 60, "\(arguments)")
    }
    let diff = ["diff", "latest:one", "latest:two", "--all", "--threshold", "1000"]
    #expect(try widest(diff, columns: nil) > 80)
    #expect(try widest(diff, columns: "none") > 80)
    // The whole summary is the same with either name.
    let full = try program.run("summary", "latest", "--full").output
    #expect(try program.run("summary", "latest", "--all").output == full)
    #expect(full.contains("Every metric") || full.contains("grad_norm_cv"))
  }

  @Test("of a run and itself no p is said to come of a test")
  func itself() throws {
    let program = try make()
    let yaml = try program.read("tiny.yaml")
    try program.write(
      yaml + "variants: {one: {}, two: {model: {norm: layernorm}}}\n", to: "tiny.yaml")
    try train(program, "results", seeds: "[1, 2, 3]")
    let words = ["diff", "latest:one", "latest:one"]
    // The run's summary has tests, of the variants; the table has none.
    let document = try JSON(reading: program.run(words + ["--json"]).output)
    #expect((document["tests"]?.whole ?? 0) > 0)
    let finished = try program.run(words)
    #expect(finished.code == 0 && finished.output.contains("cells compared"), "\(finished.errors)")
    #expect(!finished.output.contains("two-sided"), "\(finished.output)")
  }

  @Test("a cell is shown by the run's name and its own in one word")
  func cellInAWord() throws {
    let program = try make()
    try train(program, "results", seeds: "[1, 2]")
    for name in ["tiny/seed=2", "latest/seed=2", "seed=2"] {
      let shown = try program.run("show", name)
      #expect(shown.output.hasPrefix("seed=2: ok"), "\(shown)")
    }
    let none = try program.run("show", "tiny/seed=7")
    #expect(none.code == 1 && none.errors.contains("no run 'tiny/seed=7'"), "\(none.errors)")
    let prepared = try program.run("prepare", "tiny.yaml", "--json")
    let json = try JSON(reading: prepared.output)
    #expect(json["cells"]?.whole == 1 && json["excluded"]?.whole == 0)
    #expect(program.exists("results/tiny/\(json["run"]?.text ?? "")/plan.jsonl"))
  }

  @Test("a run and its repetition: the losses are the same bits, no time is claimed, exit 0")
  func repetition() throws {
    let program = try make()
    try train(program, "a")
    try train(program, "b")
    let finished = try program.run("diff", "a/tiny/latest", "b/tiny/latest", "--format", "json")
    #expect(finished.code == 0, "\(finished.errors)")
    let json = try JSON(reading: finished.output)
    let verdicts = (json["metrics"]?.elements ?? []).map {
      ($0["metric"]?.text ?? "", $0["verdict"]?.text ?? "")
    }
    #expect(verdicts.first { $0.0 == "val_loss" }?.1 == "same")
    #expect(verdicts.first { $0.0 == "tokens_per_s" }?.1 == "undecided")
    #expect(verdicts.allSatisfy { ["same", "undecided"].contains($0.1) }, "\(verdicts)")
    #expect(json["changed_keys"] == .array([]))
    #expect(json["confounded"] == .null)
    #expect(json["cells_compared"]?.whole == 6)
    let text = try program.run("diff", "a/tiny/latest", "b/tiny/latest").output
    #expect(text.contains("No configuration key differs"))
    #expect(text.contains("6 of 6 cells compared"))
    let csv = try program.run("diff", "a/tiny/latest", "b/tiny/latest", "--format", "csv").output
    #expect(csv.split(separator: "\n").count == verdicts.count + 1)
  }

  @Test(
    "a learning rate of nothing is one key and a worse loss, which exits with 2; the other way round with 0"
  )
  func regression() throws {
    let program = try make()
    try train(program, "a")
    try train(program, "b", "workload.optimizer.lr=1e-7", "workload.schedule.type=constant")
    try train(program, "c", "workload.schedule.type=constant")
    let words = ["diff", "c/tiny/latest", "b/tiny/latest", "--metric", "val_loss"]
    let worse = try program.run(words)
    #expect(worse.code == 2, "\(worse.output)\(worse.errors)")
    #expect(worse.output.contains("workload.optimizer.lr"))
    #expect(worse.output.contains("1 configuration key differs"))
    #expect(!worse.output.contains("confounded"))
    #expect(worse.output.contains("by paired t;"))
    #expect(try program.run(words + ["--threshold", "90%"]).code == 0)
    #expect(
      try program.run("diff", "b/tiny/latest", "c/tiny/latest", "--metric", "val_loss").code == 0)
    let three = try program.run(
      "run", "tiny.yaml", "--set", "seeds=[1, 2, 3]", "--set", "workload.optimizer.lr=1e-7",
      "--results", "d", "-q")
    #expect(three.code == 0)
    let few = try program.run("diff", "a/tiny/latest", "d/tiny/latest", "--metric", "val_loss")
    #expect(few.code == 2, "so large a difference is beyond the scatter of three seeds")
  }

  @Test("calibrated on its own cells, diff states the age of the calibration")
  func calibrated() throws {
    let program = try make()
    try train(program, "a", seeds: "[1]")
    #expect(try program.run("calibrate", "tiny.yaml", "--runs", "3", "-q").code == 0)
    try train(program, "b", seeds: "[1]")
    let text = try program.run("diff", "a/tiny/latest", "b/tiny/latest").output
    #expect(text.contains("calibrated "), "\(text)")
    #expect(!text.contains("not calibrated"))
  }

  @Test("what cannot be done is said with a code of its own")
  func refusals() throws {
    let program = try make()
    try train(program, "a", seeds: "[1]")
    try train(program, "b", seeds: "[1]", "workload={type: attention, sequence: 16, seconds: 0}")
    let other = try program.run("diff", "a/tiny/latest", "b/tiny/latest")
    #expect(other.code == 5, "\(other.output)\(other.errors)")
    #expect(other.output.contains("not comparable: the workloads differ: train and attention"))
    #expect(try program.run("diff", "a/tiny/latest", "nowhere").code == 1)
    #expect(try program.run("diff", "a", "b", "--threshold", "much").code == 64)
    #expect(try program.run("diff", "a", "b", "--metric", "val_los").code == 64)
    #expect(try program.run("diff", "a", "b", "--format", "xml").code == 64)
  }
}
