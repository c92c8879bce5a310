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
}
