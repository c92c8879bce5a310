// runexp sweep, the axes of the command line, and plan's predictions, as a user would type them.

import Config
import Experiments
import Foundation
import Records
import Tensors
import TestSupport
import Testing

@Suite("sweep and plan", .serialized)
struct SweepTests {
  @Test("sweep runs every combination of its words")
  func sweep() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 2), to: "tiny.yaml")
    let finished = try program.run(
      "sweep", "tiny.yaml", "workload.steps=1..2", "--where", "variant == 'modern'", "--seeds",
      "3..4",
      "-q")
    #expect(finished.code == 0, "\(finished.errors)")
    let rows = try program.read("results/tiny/latest/cells.csv").split(separator: "\n")
    #expect(rows.count == 9)
    #expect(rows.count { $0.contains("where variant == 'modern' is false") } == 4)
    let resolved = try program.run("check", "results/tiny/latest/resolved.yaml")
    #expect(resolved.output == "results/tiny/latest/resolved.yaml: ok, 4 cells, 4 excluded\n")
  }

  @Test("what Hydra takes away or adds is said in the words that do it here")
  func hydra() throws {
    let program = try Program()
    try program.write(TinyExperiment.yaml(), to: "tiny.yaml")
    for (word, advice) in [
      ("~model.norm", "model.norm=null asks for its default"),
      ("+model.layers=3", "did you mean 'model.layers'?"),
    ] {
      let finished = try program.run("check", "tiny.yaml", word)
      #expect(finished.code == 78 && finished.errors.contains(advice), "\(finished.errors)")
    }
  }

  @Test("run, plan and check take the same axes")
  func everywhere() throws {
    let program = try Program()
    try program.write(TinyExperiment.yaml(), to: "tiny.yaml")
    let options = [
      "--vary", "workload.sequence=16..64*2", "--zip", "model.layers=1,2", "--zip",
      "workload.batch=2,4",
      "--exclude", "variant=classic,workload.sequence=64", "--include",
      "variant=modern,workload.sequence=8",
    ]
    let check = try program.run(["check", "tiny.yaml"] + options)
    #expect(check.output == "tiny.yaml: ok, 11 cells, 2 excluded\n", "\(check.errors)")
    let plan = try program.run(["plan", "tiny.yaml", "--json"] + options)
    #expect(plan.output.split(separator: "\n").count == 13)
    let negative = try program.run("check", "tiny.yaml", "--where", "-7 % 3 == -1")
    #expect(negative.code == 0, "\(negative.errors)")
    let wrong = try program.run("check", "tiny.yaml", "--where", "variant = 'modern'")
    #expect(wrong.code == 78)
    #expect(
      wrong.errors.contains("error: '=' is written '==' here\nvariant = 'modern'\n        ^\n"))
  }

  @Test("plan predicts the memory that a training takes, and says what would not fit")
  func prediction() throws {
    let program = try Program()
    try program.write(TinyExperiment.onText(program, steps: 2), to: "tiny.yaml")
    #expect(try program.run("run", "tiny.yaml", "-q", "--threads", "2").code == 0)
    let measured = try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n")
      .map { try JSON(reading: String($0)) }
    let plan = try program.run("plan", "tiny.yaml", "--json", "--threads", "2")
    let cells = try plan.output.split(separator: "\n").map { try JSON(reading: String($0)) }
    #expect(cells.count == 2 && measured.count == 2)
    for cell in cells {
      let row = measured.first { $0["variant"]?.text == cell["variant"]?.text }
      #expect(
        cell["peak_bytes"]?.whole == (row?["peak_bytes"] ?? row?["metrics"]?["peak_bytes"])?.whole)
      #expect(cell["least_seconds"]?.number ?? 0 > 0)
      #expect(cell["fits"] == .bool(true))
    }
    let small = try program.run("plan", "tiny.yaml", "--memory", "100kB")
    #expect(small.code == 0)
    #expect(small.output.contains("would not fit"))
    #expect(small.output.contains("2 cells to run; "))
    #expect(try program.run("plan", "tiny.yaml", "--memory", "much").code == 64)
    for command in ["plan", "run"] {
      let unitless = try program.run(command, "tiny.yaml", "--memory", "4")
      #expect(unitless.code == 64)
      #expect(unitless.errors.contains("--memory needs a unit: '4' could be 4GiB or 4MB"))
    }
  }

  @Test("plan says that downloading is switched off only where it is")
  func planOffline() throws {
    let program = try Program()
    let yaml = TinyExperiment.yaml().replacing(
      "{name: synthetic-plays}", with: "{name: tiny-shakespeare, fallback: synthetic-plays}")
    try program.write(yaml, to: "tiny.yaml")
    // An empty home: the text is not there.
    let plan = try program.run(["plan", "tiny.yaml"], environment: ["RUNEXP_DATA": "none"])
    #expect(plan.code == 0, "\(plan.errors)")
    #expect(plan.errors.contains("not downloaded: a plan downloads nothing"), "\(plan.errors)")
    #expect(!plan.errors.contains("switched off") && !plan.errors.contains("fallback"))
    let offline = try program.run(
      ["plan", "tiny.yaml", "--offline"], environment: ["RUNEXP_DATA": "none"])
    #expect(offline.errors.contains("switched off (--offline"), "\(offline.errors)")
    #expect(offline.errors.contains("using the fallback"))
  }

  @Test("a measured peak in the cache is used")
  func cachedPeak() throws {
    let program = try Program()
    try program.write(TinyExperiment.yaml(), to: "tiny.yaml")
    let first = try program.run("plan", "tiny.yaml", "--threads", "1")
    #expect(first.errors.contains("measured now"))
    #expect(program.tree() == ["tiny.yaml"])
    let host = HostRecord.read(isa: Device.cpu(threads: 1).summary)
    try MeasuredHost(
      host, threads: 1, peakF32: 1e9, peakBF16: 1e9, bandwidth: 1e9,
      time: Timestamp(secondsSince1970: 0)
    )
    .save(cache: program.file("cache/runexp"))
    let plan = try program.run(
      ["plan", "tiny.yaml", "--threads", "1"],
      environment: ["XDG_CACHE_HOME": program.file("cache")])
    #expect(plan.errors.contains("1.00 GFLOP/s, from the cache"), "\(plan.errors)")
  }

  @Test("check of a mutated file ends with 0 or 78", .timeLimit(.minutes(30)))
  func fuzz() throws {
    let program = try Program()
    let environment = ProcessInfo.processInfo.environment
    let count = environment["RUNEXP_FUZZ"].flatMap { Int($0) }.map { max(300, $0 / 100) } ?? 60
    var mutator = ExperimentMutator(
      seed: 7, samples: [TinyExperiment.yaml(seeds: "1..2", more: Self.matrix)])
    var codes: [Int32: Int] = [:]
    for _ in 0..<count {
      let bytes = mutator.next()
      try Data(bytes).write(to: URL(filePath: program.file("x.yaml")))
      let finished = try program.run("check", "x.yaml")
      codes[finished.code, default: 0] += 1
      if finished.code != 0 { #expect(finished.errors.hasPrefix("x.yaml:"), "\(finished.errors)") }
      #expect([0, 78].contains(finished.code), "\(String(decoding: bytes, as: UTF8.self))")
    }
    #expect(codes.count == 2, "\(codes)")
  }

  private static let matrix = """
    matrix:
      workload.sequence: [16, 32..64*2]
      zip: {workload.steps: [1, 2], model.layers: 2..3}
      where: workload.sequence * model.layers <= 192 or variant == 'classic'
      include: [{workload.sequence: 128, seed: 5}]
    """
}
