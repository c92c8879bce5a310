// `runexp emit`: what it warns of, and what it says that each task has.

import Config
import Foundation
import Testing

@Suite("warnings of runexp emit", .serialized) struct EmitWarningTests {
  private let program: Program
  private let image = ["--image", "runexp:1", "--claim", "results", "--mount", "/results"]

  init() throws { program = try Program() }

  private func emit(_ words: [String]) throws -> Finished {
    let finished = try program.run(["emit"] + words)
    try #require(finished.code == 0, "\(finished.errors)")
    return finished
  }

  /// Two variants whose answers are times, at several lengths.
  private func writeTimed() throws {
    try program.write(
      """
      name: timed
      device: cpu
      model: {layers: 1, width: 16, attention: {type: mha, heads: 2}}
      variants:
        full: {}
        window: {model: {attention: {window: 16}}}
      workload: {type: attention}
      matrix: {workload.sequence: [64, 128, 256]}

      """, to: "timed.yaml")
  }

  @Test func `pods have no node to themselves and no time, and that times suffer is said`() throws {
    try writeTimed()
    let needs = ["--time", "30m", "--mem", "300MiB", "--cpus", "2"]
    let timed = try emit(["kubernetes", "timed.yaml"] + image + needs)
    #expect(timed.errors.contains("each task has 2 CPUs, 300 MiB\n"), "\(timed.errors)")
    let warning = "these cells measure time, and pods share their nodes: such times do not compare"
    #expect(timed.errors.contains("warning: \(warning)\n"), "\(timed.errors)")
    try program.write(TinyExperiment.onText(program), to: "tiny.yaml")
    let train = try emit(["kubernetes", "tiny.yaml"] + image + needs)
    #expect(!train.errors.contains(warning), "\(train.errors)")
  }
}
