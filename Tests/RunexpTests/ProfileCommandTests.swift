// `runexp profile` and `run --profile`, as a user sees them.

import Config
import Foundation
import Records
import Testing

@Suite("runexp profile")
struct ProfileCommandTests {
  private func program() throws -> Program {
    let program = try Program()
    try program.write(try TinyExperiment.onText(program), to: "tiny.yaml")
    return program
  }

  private func profiles(_ text: String) throws -> CellProfile {
    try #require(CellProfile(json: JSON(reading: text)))
  }

  @Test("it says where the time of a training step goes, and writes nothing but the trace")
  func training() throws {
    let program = try program()
    let before = program.tree()
    let finished = try program.run(
      "profile", "tiny.yaml", "--cell", "classic", "--steps", "3", "--threads", "2", "--trace",
      "step.json")
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(finished.output.hasPrefix("classic: training step on "))
    for word in [
      "of a training step of", "2 threads wait", "gemm", "layer_norm_backward", "adamw",
      "flash2_forward", "of bandwidth", "host, between kernels",
    ] { #expect(finished.output.contains(word), "\(word)") }
    let trace = try JSON(reading: program.read("step.json"))
    #expect((trace["traceEvents"]?.elements.count ?? 0) > 20)
    #expect(program.tree() == (before + ["step.json"]).sorted())
  }

  @Test("its figures add up")
  func figures() throws {
    let program = try program()
    let finished = try program.run(
      "profile", "tiny.yaml", "workload.batch=2", "--steps", "2", "--threads", "1", "--json")
    #expect(finished.code == 0, "\(finished.errors)")
    #expect(finished.errors.contains("the first of 2 cells"))
    let record = try profiles(finished.output)
    let profile = try #require(record.profiles.first)
    #expect(record.profiles.count == 1 && profile.steps == 2 && profile.threads == 1)
    #expect(profile.peak > 0 && profile.bandwidth > 0 && profile.unrecordedSeconds > 0)
    #expect(profile.operations.allSatisfy { $0.calls > 0 && $0.bytes > 0 })
    // Width 16, a vocabulary that the last product shows: 2 x 64 tokens.
    let phases = Set(profile.operations.map(\.phase))
    #expect(phases == ["forward", "backward", "optimizer"])
    #expect(profile.operations.contains { $0.size.hasPrefix("128 x 16 x 16") })
  }

  @Test("attentions, generations and trainings that extrapolate have steps, others do not")
  func workloads() throws {
    let program = try program()
    let model = "model: {layers: 1, width: 16, attention: {type: mha, heads: 4}}"
    func profile(_ workload: String) throws -> Finished {
      try program.write("name: one\ndevice: cpu\n\(model)\nworkload: \(workload)\n", to: "one.yaml")
      return try program.run("profile", "one.yaml", "--steps", "2", "--json")
    }
    let attention = try profile("{type: attention, sequence: 64}")
    #expect(
      try profiles(attention.output).profiles[0].operations.map(\.kind).allSatisfy {
        $0 == .attention
      }, "\(attention.errors)")
    let generation = try profile(
      "{type: generate, dataset: ./text.txt, prompt_tokens: 20, new_tokens: 1, cache: q8}")
    let steps = try profiles(generation.output).profiles
    #expect(steps.map(\.step) == ["prefill of 20 tokens", "decoding step"])
    #expect(steps.allSatisfy { $0.operations.contains { $0.operation == "cache_append" } })
    let deep = try profile(
      "{type: generate, dataset: ./text.txt, prompt_tokens: 20, depth: 13, new_tokens: 1}")
    let rest = try profiles(deep.output).profiles[0]
    #expect(rest.step == "prefill of 7 tokens", "\(deep.errors)")
    #expect(rest.operations.contains { $0.size.hasPrefix("7 x 16 x 16") })
    let inspected = try profile("{type: inspect}")
    #expect(inspected.code == 1 && inspected.output.isEmpty)
    #expect(
      inspected.errors
        == "error: the workload 'inspect' has no steps whose time could be looked into\n")
  }

  @Test("a run profiles its cells once they are measured, and the report shows it")
  func run() throws {
    let program = try program()
    #expect(try program.run("run", "tiny.yaml", "-q", "--results", "plain").code == 0)
    let finished = try program.run("run", "tiny.yaml", "-q", "--profile")
    #expect(finished.code == 0, "\(finished.errors)")
    /// The paths of the cells' files of one name.
    func files(_ results: String, _ name: String) -> [String] {
      program.tree("\(results)/tiny").filter { $0.hasSuffix("/\(name)") }
        .map { "\(results)/tiny/\($0)" }
    }
    // What was measured is the same.
    func losses(_ results: String) throws -> Set<[String]> {
      Set(
        try files(results, "steps.jsonl").map { try RunexpTests.losses(program.read($0)) })
    }
    #expect(try losses("plain") == losses("results") && losses("plain").count == 2)
    #expect(files("plain", "profile.json").isEmpty && files("results", "trace.json").count == 2)
    let profiled = files("results", "profile.json")
    #expect(profiled.count == 2)
    for file in profiled {
      let profile = try profiles(program.read(file)).profiles[0]
      // Shares add up.
      let sum = profile.operations.reduce(profile.hostSeconds) { $0 + $1.seconds }
      #expect(abs(sum - profile.seconds) < 1e-9 && profile.hostSeconds >= 0)
    }
    #expect(try program.run("report", "tiny").code == 0)
    let page = try program.read("results/tiny/latest/report.html")
    #expect(page.contains("Where the time goes") && page.contains("classic: training step"))
  }

  @Test("a device that works late is profiled by its own clock")
  func late() throws {
    let program = try program()
    let finished = try program.run([
      "profile", "tiny.yaml", "--steps", "2", "--json", "--device", "cuda", "--plugin",
      try LateDevice.plugin(),
    ])
    #expect(finished.code == 0, "\(finished.errors)")
    let profile = try profiles(finished.output).profiles[0]
    #expect(profile.operations.allSatisfy { $0.threadSeconds == nil && $0.seconds >= 0 })
  }

  @Test("what is wrong is said")
  func wrong() throws {
    let program = try program()
    let cell = try program.run("profile", "tiny.yaml", "--cell", "clasic")
    #expect(cell.code == 1)
    #expect(cell.errors == "error: no cell 'clasic': did you mean 'classic'?\n")
    let steps = try program.run("profile", "tiny.yaml", "--steps", "0")
    #expect(steps.code == 64 && steps.errors.contains("--steps must be from 1 to 10000, not 0"))
    let trace = try program.run("profile", "tiny.yaml", "--trace", "nowhere/step.json")
    #expect(trace.code == 64 && trace.errors.contains("there is no folder"), "\(trace.errors)")
    let folder = try program.run("profile", "tiny.yaml", "--trace", ".")
    #expect(folder.code == 64 && folder.errors.contains("is a folder"), "\(folder.errors)")
  }
}
