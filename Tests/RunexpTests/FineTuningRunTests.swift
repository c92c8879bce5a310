// Trainings that begin from a stored model, as a user sees them: what was taken over is said while
// the run goes on, in its summary and in its rows.

import Config
import Foundation
import Testing

@Suite("runs that train a stored model")
struct FineTuningRunTests {
  /// A program beside a training of five steps, which has left its optimizer's state.
  private func program() throws -> Program {
    let program = try Program()
    _ = try TinyExperiment.onText(program)
    let model = "layers: 1, width: 16, attention: {heads: 4}"
    try program.write(
      experiment("first", model, steps: 5, "save_optimizer: true"), to: "first.yaml")
    let ran = try program.run("first.yaml", "--quiet")
    try #require(ran.code == 0, "\(ran.errors)")
    return program
  }

  private func experiment(_ name: String, _ model: String, steps: Int, _ more: String) -> String {
    """
    # Does it go on?
    name: \(name)
    device: cpu
    model: {\(model)}
    workload:
      type: train
      dataset: {name: ./text.txt}
      sequence: 32
      batch: 2
      steps: \(steps)
      sample: {tokens: 0}
      \(more)

    """
  }

  private func row(_ program: Program, _ name: String) throws -> JSON {
    let rows = try program.read("results/\(name)/latest/cells.jsonl")
    return try JSON(reading: rows)
  }

  /// The folder of the checkpoint that the first training has left.
  private func checkpoint(_ program: Program) throws -> String {
    let cell = try #require(row(program, "first")["cell"]?.text)
    return "results/first/latest/cells/\(cell)"
  }

  @Test(arguments: [
    ("resume", 8, "continues at step 5 of '"), ("weights", 3, "starts from the weights of '"),
  ])
  func `what is taken over is said`(start: String, steps: Int, said: String) throws {
    let program = try program()
    let from = try checkpoint(program)
    try program.write(
      experiment("second", "from: ./\(from)", steps: steps, "init_from: \(start)"),
      to: "second.yaml")
    let ran = try program.run("second.yaml")
    #expect(ran.code == 0)
    #expect(ran.errors.contains(": \(said)"), "\(ran.errors)")
    // A long path stands in a line of its own.
    let summary = ran.output.replacing("\n  ", with: " ")
    #expect(summary.contains("- \(said)"), "\(summary)")
    let row = try row(program, "second")
    #expect(row["ran.beginning"]?.text?.hasPrefix(said) == true, "\(row)")
    #expect(row["ran.beginning"]?.text?.hasSuffix("/checkpoint'") == true, "\(row)")
    // Over the same windows as the last evaluation of the training that left it.
    let first = try self.row(program, "first")
    #expect(row["initial_val_loss"]?.number != nil)
    #expect(row["initial_val_loss"] == first["val_loss"])
    #expect(ran.output.contains("initial_val_loss"), "\(ran.output)")
    #expect(first["initial_val_loss"]?.number == nil)
  }
}
