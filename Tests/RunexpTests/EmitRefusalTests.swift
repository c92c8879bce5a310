// `runexp emit`: what it refuses before anything is written.

import Foundation
import Testing

@Suite("refusals of runexp emit", .serialized) struct EmitRefusalTests {
  private let program: Program
  private let needs = ["--time", "30m", "--mem", "300MiB", "--cpus", "2"]
  private let image = ["--image", "runexp:1", "--claim", "results", "--mount", "/results"]

  init() throws { program = try Program() }

  private func prepare() throws -> String {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let finished = try program.run("prepare", "tiny.yaml")
    try #require(finished.code == 0, "\(finished.errors)")
    return finished.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test func `a run that another build prepared is, for its tasks would be`() throws {
    let run = try prepare()
    let record = try program.read("\(run)/run.json")
    let match = try #require(record.firstMatch(of: #/"sha256": "([0-9a-f]{64})"/#))
    let other = record.replacing(String(match.1), with: String(repeating: "0", count: 64))
    try program.write(other, to: "\(run)/run.json")
    for words in [["slurm", run], ["kubernetes", run] + image] {
      let refused = try program.run(["emit"] + words + needs)
      #expect(refused.code == 5 && refused.output.isEmpty, "\(words): \(refused.errors)")
      #expect(
        refused.errors.hasPrefix("error: this run was prepared by another build of the program, "),
        "\(refused.errors)")
    }
    #expect(!program.exists("\(run)/slurm") && !program.exists("\(run)/kubernetes"))
    try program.write(record, to: "\(run)/run.json")
    #expect(try program.run(["emit", "slurm", run] + needs).code == 0)
  }

  @Test(arguments: ["failed", "timeout,oom"])
  func `cells that ended so are of a run, not of a file`(statuses: String) throws {
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let words = ["emit", "slurm", "tiny.yaml"] + needs
    let refused = try program.run(words + ["--cells", statuses])
    #expect(refused.code == 64 && refused.output.isEmpty, "\(refused.errors)")
    #expect(
      refused.errors.hasPrefix(
        "error: --cells \(statuses) is of a run, and 'tiny.yaml' is an experiment file; name the "
          + "run, such as 'latest'"), "\(refused.errors)")
    #expect(!program.exists("results"))
    #expect(try program.run(words + ["--cells", "pending,\(statuses)"]).code == 0)
  }

  @Test func `all that cannot be predicted is asked for at once, before there is a run`() throws {
    let yaml = """
      name: flash
      device: cuda
      precision: bf16
      model: {layers: 1, width: 128, attention: {type: mha, heads: 2, kernel: flash3}}
      workload: {type: attention, sequence: 64}

      """
    try program.write(yaml, to: "flash.yaml")
    func refused(_ options: String...) throws -> String {
      let refused = try program.run(
        ["emit", "slurm", "flash.yaml"] + options, environment: ["CUDA_VISIBLE_DEVICES": ""])
      #expect(refused.code == 64 && refused.output.isEmpty, "\(refused.errors)")
      #expect(!program.exists("results"))
      return refused.errors
    }
    let asked = "must say how much a task is to have\n"
    #expect(
      try refused().hasSuffix(" cannot be predicted; --mem and --time \(asked)"),
      "both are missing")
    #expect(try refused("--mem", "1GiB").hasSuffix(" cannot be predicted; --time \(asked)"))
    #expect(try refused("--time", "5m").hasSuffix(" cannot be predicted; --mem \(asked)"))
  }
}
