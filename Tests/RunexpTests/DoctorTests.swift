// `runexp doctor`: what it finds, what it keeps for predictions, and when it says that nothing can
// run.

import Config
import Experiments
import Foundation
import Records
import Testing

@Suite("runexp doctor", .serialized)
struct DoctorTests {
  private func states(_ finished: Finished) throws -> [String: String] {
    let checks = try JSON(reading: finished.output)["checks"]?.elements ?? []
    return Dictionary(
      checks.map { ($0["name"]?.text ?? "", $0["state"]?.text ?? "") }, uniquingKeysWith: { $1 })
  }

  @Test("a machine that can run experiments is found so, and its measured peaks are kept")
  func healthy() throws {
    let program = try Program()
    let cache = ["XDG_CACHE_HOME": program.file("cache")]
    let finished = try program.run(["doctor", "--json", "--threads", "1"], environment: cache)
    #expect(finished.code == 0, "\(finished.errors)")
    let states = try states(finished)
    for name in [
      "program", "processor", "threads", "clock", "memory", "load", "peak f32", "peak bf16",
      "bandwidth", "plugin", "GPU", "data", "libraries", "results", "calibration",
    ] { #expect(states[name] != nil && states[name] != "problem", "\(name)") }
    #expect(states["calibration"] == "note")

    let kept = try JSON(reading: program.read("cache/runexp/host.json"))
    #expect(kept["threads"]?.whole == 1)
    for key in ["peak_f32_flops_per_s", "peak_bf16_flops_per_s", "bandwidth_bytes_per_s"] {
      #expect(kept[key]?.number ?? 0 > 0, "\(key)")
    }
    for key in ["cpu", "isa", "logical_cores", "time"] { #expect(kept[key] != nil, "\(key)") }
    #expect(kept["isa"]?.text?.contains("thread") == false)
    #expect(MeasuredHost.load(cache: program.file("cache/runexp"))?.threads == 1)
    #expect(program.tree() == ["cache", "cache/runexp", "cache/runexp/host.json"])

    let text = try program.run(["doctor"], environment: cache)
    #expect(text.code == 0)
    #expect(text.output.contains("\nok       processor"))
    #expect(text.output.contains("-> 'runexp calibrate'"))
  }

  @Test("the environment may choose an instruction set, of those that the processor has")
  func instructionSet() throws {
    let program = try Program()
    let chosen = try program.run(["doctor", "--json"], environment: ["RUNEXP_ISA": "generic"])
    let checks = try JSON(reading: chosen.output)["checks"]?.elements ?? []
    let processor = checks.first { $0["name"]?.text == "processor" }?["values"]
    #expect(processor?["isa"]?.text?.contains("generic") == true, "\(chosen.output)")
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let run = try program.run(["run", "tiny.yaml", "-q"], environment: ["RUNEXP_ISA": "generic"])
    #expect(run.code == 0, "\(run.errors)")
    let record = program.tree().first { $0.hasSuffix("/run.json") } ?? ""
    let isa = try JSON(reading: program.read(record))["host"]?["isa"]?.text
    #expect(isa?.contains("generic") == true, "\(isa ?? "")")

    let refused = try program.run(["doctor"], environment: ["RUNEXP_ISA": "v9"])
    #expect(refused.code == 64)
    #expect(refused.errors.contains("RUNEXP_ISA must be one that this processor has, 'generic'"))
  }

  @Test(
    "what the process may use counts, and who says so: for the doctor, the record and the cells")
  func limits() throws {
    let program = try Program()
    let job = ["SLURM_CPUS_PER_TASK": "1", "SLURM_MEM_PER_NODE": "2048"]
    let doctor = try program.run(["doctor", "--json"], environment: job)
    let checks = try JSON(reading: doctor.output)["checks"]?.elements ?? []
    func values(_ name: String) -> JSON? { checks.first { $0["name"]?.text == name }?["values"] }
    #expect(values("threads")?["threads"] == 1 && values("threads")?["allowed_cpus"]?.number == 1)
    #expect(values("memory")?["allowed_bytes"]?.whole == 2048 << 20)
    #expect(values("memory")?["limited_by"]?.text == "SLURM_MEM_PER_NODE")

    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let finished = try program.run(["run", "tiny.yaml", "-q"], environment: job)
    #expect(finished.code == 0, "\(finished.errors)")
    let host = try JSON(reading: program.read("results/tiny/latest/run.json"))["host"]
    #expect(host?["memory_limited_by"]?.text == "SLURM_MEM_PER_NODE")
    #expect(host?["memory_limit_bytes"]?.whole == 2048 << 20)
    let rows = try program.read("results/tiny/latest/cells.jsonl").split(separator: "\n")
    for row in rows { #expect(try JSON(reading: String(row))["ran.threads"]?.whole == 1) }
    let plan = try program.run(["plan", "tiny.yaml"], environment: job)
    #expect(plan.output.contains("1.8 GiB") || plan.output.contains("1.80 GiB"), "\(plan.output)")
  }

  @Test("what keeps experiments from running is a problem, and the exit code is 1")
  func problems() throws {
    let program = try Program()
    try program.write("", to: "results")
    let results = try program.run("doctor", "--json")
    #expect(results.code == 1)
    #expect(try states(results)["results"] == "problem")
    let plugin = try program.run("doctor", "--json", "--plugin", "no.so", "--results", "elsewhere")
    #expect(plugin.code == 1)
    let states = try states(plugin)
    #expect(states["plugin"] == "problem" && states["results"] == "ok")
  }

  @Test("a damaged text in the cache is a note that names it")
  func damagedText() throws {
    let program = try Program()
    let folder = program.file("cache/runexp/tiny-shakespeare")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try program.write("First Citizen", to: "cache/runexp/tiny-shakespeare/input.txt")
    let finished = try program.run(
      ["doctor", "--offline"], environment: ["XDG_CACHE_HOME": program.file("cache")])
    #expect(finished.code == 0)
    #expect(finished.output.contains("tiny-shakespeare/input.txt' is not tiny-shakespeare"))
    #expect(finished.output.contains("tiny-shakespeare is nowhere else on this machine"))
    #expect(finished.output.contains("-> offline: put it into one of them"))
  }

  @Test("damaged images are a note that names the file and what is wrong with it")
  func damagedImages() throws {
    let program = try Program()
    let folder = program.file("data/fashion-mnist")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try program.write("no images", to: "data/fashion-mnist/train-images-idx3-ubyte")
    let finished = try program.run(["doctor", "--offline", "--data-dir", program.file("data")])
    #expect(finished.code == 0)
    #expect(
      finished.output.contains(
        "'\(folder)' (--data-dir) is passed over: could not read "
          + "'\(folder)/train-images-idx3-ubyte': it is no IDX file of bytes in 3 dimensions: "
          + "it begins with 6e 6f 20 69, not 00 00 08 03"))
    #expect(finished.output.contains("-> replace the file, or delete all four, "))
    #expect(!finished.output.contains("fashion-mnist is not on this machine"))
  }
}
