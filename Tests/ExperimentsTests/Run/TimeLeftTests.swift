// The work that a training says there is, by which the time left is told: all of it is done in the
// end, be it steps or evaluations.

import TestSupport
import Testing
import Workloads

@Suite("the work of a training") struct TimeLeftTests {
  /// - Parameters:
  ///   - options: further lines of the workload.
  ///   - place: the folder of an earlier cell, to go on with.
  private func cell(
    _ options: String, model: String = "layers: 1, width: 16, attention: {type: mha, heads: 2}",
    interruptAfter: Int = .max, in place: TemporaryFolder? = nil
  ) throws -> TrainCell {
    try TrainCell(
      """
      # How long?
      device: cpu
      model: {\(model)}
      workload:
        type: train
        dataset: {name: ./text.txt}
        sequence: 16
        batch: 4
        evaluation_windows: 5
        \(options.replacing("\n", with: "\n  "))
      """, interruptAfter: interruptAfter, in: place)
  }

  /// The work of the last evaluation, in steps.
  ///
  /// Of 4000 characters a tenth is held out, 24 windows of 16. They are read forwards alone; a step
  /// reads four, forwards and backwards, which is three times the work.
  private let full = 24.0 / 12
  /// The same of an evaluation on the way.
  private let some = 5.0 / 12

  @Test(arguments: [(0, 0), (1, 9), (2, 4), (3, 3), (9, 1), (10, 0), (11, 0)])
  func `it is its steps and all evaluations`(every: Int, onTheWay: Int) throws {
    let cell = try cell("steps: 10\nevaluate_every: \(every)\nsample: {tokens: 0}")
    try cell.run()
    let expected = 10 + Double(onTheWay) * some + full
    #expect(abs(cell.work - expected) < 1e-9, "\(cell.work)")
    #expect(abs(cell.later) < 1e-9, "\(cell.later)")
  }

  @Test(arguments: [1, 4, 5, 9]) func `who goes on has what was left`(after: Int) throws {
    let options = "steps: 10\nevaluate_every: 2\nsample: {tokens: 0}"
    let first = try cell(options, interruptAfter: after)
    #expect(throws: Interrupted.self) { try first.run() }
    let second = try cell(options, in: first.folder)
    try second.run()
    #expect(second.work > 0 && abs(second.work - first.later) < 1e-9, "\(second.work)")
    #expect(abs(second.later) < 1e-9, "\(second.later)")
  }

  @Test func `a stored model is evaluated before the first step, and a sample written`() throws {
    let first = try cell("steps: 2\nsample: {tokens: 0}")
    try first.run()
    let cell = try cell(
      "steps: 2\nevaluate_every: 5\nsample: {tokens: 20}", model: "from: \(first.folder.path)")
    try cell.run()
    // Sixteen windows of up to 16 tokens, of which there are half in the mean, and four whole ones.
    #expect(cell.later > 0.95 && cell.later < 1, "\(cell.later)")
    #expect(abs(cell.work - (2 + 2 * full + cell.later)) < 1e-9, "\(cell.work)")
  }
}
