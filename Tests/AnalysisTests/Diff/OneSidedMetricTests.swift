// What diff says of metrics that one side alone has.

import Analysis
import Config
import Records
import Statistics
import Testing

@Suite struct OneSidedMetricTests {
  private let cases: DiffCases

  init() throws { cases = try DiffCases() }

  @Test func `a metric that one side lacks is named`() throws {
    func side(_ metrics: [[Metric]]) throws -> DiffSide {
      try cases.side(
        metrics.enumerated().map { index, own in
          DiffCases.Cell(
            axes: ["workload.sequence": .integer(64 << index)], metrics: own.map { ($0, 1) })
        })
    }
    let base = try side([[.valLoss, .peakBytes, .stepSeconds], [.valLoss, .stepSeconds]])
    let new = try side([[.valLoss, .gradNormMax], [.valLoss, .gradNormMax, .stepSeconds]])
    let diff = RunDiff(base, new)
    let text = diff.page.text
    #expect(
      text.contains(
        "only base has step_seconds (at 1 of 2 points), peak_bytes (at 1 of 2 points); "
          + "they are not compared"), "\(text)")
    // What the table does not show is not missed there.
    #expect(!text.contains("only new has") && !text.contains("grad_norm_max"), "\(text)")
    let json = diff.json["one_sided"]?.elements
    #expect(json?.first == ["metric": "step_seconds", "side": "base", "points": 1])
    var options = RunDiff.Options()
    options.showsAll = true
    let all = RunDiff(base, new, options).page.text
    #expect(all.contains("only new has grad_norm_max; it is not compared"), "\(all)")
    options.metrics = [.gradNormMax]
    let none = RunDiff(base, new, options)
    #expect(none.exitCode == 5)
    #expect(none.page.text.contains("only new has grad_norm_max; it is not compared"))
    options.metrics = [.valLoss, .accuracy]
    let neither = RunDiff(base, new, options)
    #expect(neither.page.text.contains("- neither base nor new has accuracy_percent\n"))
    #expect(neither.json["missing"] == ["accuracy_percent"])
    // A cell that did not end well says so; nothing is said of its metrics.
    let lost = try cases.side([
      DiffCases.Cell(axes: ["workload.sequence": 64], status: .oom, reason: "why"),
      DiffCases.Cell(
        axes: ["workload.sequence": 128], metrics: [(.valLoss, 1), (.stepSeconds, 1)]),
    ])
    #expect(RunDiff(base, lost).oneSided.isEmpty)
    #expect(RunDiff(base, base).oneSided.isEmpty)
  }
}
