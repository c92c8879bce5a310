// In which form diff tells a change, and that it says of the cells of one run what the run's
// summary says.

import Analysis
import Config
import Records
import Statistics
import Testing

@Suite struct DiffClaimTests {
  private let cases: DiffCases

  init() throws { cases = try DiffCases() }

  private func diff(
    _ metric: Metric, _ base: [Double], _ new: [Double], bounds: [Double?] = [nil, nil]
  ) throws -> RunDiff {
    let sides = try zip([base, new], bounds).map { values, bound in
      try cases.side(
        DiffCases.seeds(metric, values).map { cell in
          var cell = cell
          if let bound { cell.metrics.append((.relativeErrorBound, bound)) }
          return cell
        })
    }
    var options = RunDiff.Options()
    options.metrics = [metric]
    options.floor = { _, _ in 0.01 }
    return RunDiff(sides[0], sides[1], options)
  }

  @Test func `what has a bound is within it or beyond it, and no share of next to nothing is told`()
    throws
  {
    let kept = [2.4e-8, 2.2e-8, 2.5e-8]
    let broken = try diff(.relativeError, kept, [0.5, 0.6, 0.55], bounds: [3.6e-7, 3.6e-7])
    #expect(broken.changes[0].verdict == .beyond(3.6e-7) && broken.exitCode == 2)
    let text = broken.page.text
    #expect(text.contains("beyond its bound of 3.6e-07") && text.contains("+5.5e-01 ["), "\(text)")
    let row = text.split(separator: "\n").first { $0.hasPrefix("relative_error ") }
    #expect(row?.contains("%") == false, "\(text)")
    let none = try diff(.relativeError, kept, [0.5, 0.6, 0.55], bounds: [3.6e-7, nil])
    #expect(none.page.text.contains("with no bound to keep") && none.exitCode == 2)
    let within = try diff(.relativeError, kept, [3e-8, 3e-7, 2e-8], bounds: [3.6e-7, 3.6e-7])
    #expect(within.changes[0].verdict == .within(3.6e-7) && within.exitCode == 0)
    // What the base did not keep either is no regression.
    #expect(try diff(.relativeError, [0.5], [0.6], bounds: [3.6e-7, 3.6e-7]).exitCode == 0)
  }

  @Test(arguments: [
    (Metric.decodeLossChange, [1e-5, 2e-5, -1e-5], [1e-3, 1.1e-3, 1.2e-3], "+1.1e-03 ["),
    (.gradNormMean, [1e-9, 2e-9, 1e-9], [1.1, 1.2, 1.3], "+1.200 ["),
    (.gradNormMean, [-1, 1.1, 0.2], [1.1, 1.2, 1.3], "+1.100 ["),
    (.unseenAnglePercent, [10], [12.5], "+2.5 points"),
    (.peakPercent, [50, 51, 52], [40, 41.5, 42], "-9.8 points ["),
    (.valLoss, [2, 2.01, 2.02], [1, 1.01, 1.03], "-49.6 % ["),
    (.stepSeconds, [1, 1.01, 1.02], [2, 2.03, 2.05], "2.007 x ["),
  ])
  func `a change is told as a ratio, a share, points or an amount, by what it is of`(
    metric: Metric, base: [Double], new: [Double], text: String
  ) throws {
    let page = try diff(metric, base, new).page.text
    #expect(page.contains(text), "\(page)")
  }

  @Test func `variants of one run get the verdict of the run's summary, whichever way round`()
    throws
  {
    // Beside four others what differs a little may be chance; alone it would be found.
    let losses: [(String, [Double])] = [
      ("a", [1.50, 1.52, 1.49, 1.51]), ("b", [1.53, 1.535, 1.53, 1.57]),
      ("c", [1.51, 1.50, 1.52, 1.49]), ("d", [1.49, 1.53, 1.52, 1.50]),
      ("e", [1.52, 1.50, 1.50, 1.51]),
    ]
    let run = try cases.side(losses.flatMap { DiffCases.seeds(.valLoss, $1, variant: $0) }).run
    let said = try #require(run.summary.blocks[0].line(.valLoss)?.comparison("b"))
    #expect(said.verdict == .undecided(.chance))
    for (base, new) in [("a", "b"), ("b", "a")] {
      let diff = RunDiff(DiffSide(run, variant: base), DiffSide(run, variant: new))
      #expect(diff.changes[0].verdict == said.verdict)
      #expect(diff.changes[0].values.holmP == said.values.holmP)
      #expect(diff.page.text.contains("corrected over the 4 tests of the run's summary"))
    }
    // What the summary does not ask is one more test among its own.
    let other = RunDiff(DiffSide(run, variant: "c"), DiffSide(run, variant: "b"))
    #expect(other.tests == 5)
    // Two runs of the same values are a table of their own.
    let runs = RunDiff(
      try cases.side(DiffCases.seeds(.valLoss, losses[0].1)),
      try cases.side(DiffCases.seeds(.valLoss, losses[1].1)))
    #expect(runs.changes[0].verdict == .worse && runs.tests == 1)
  }
}
