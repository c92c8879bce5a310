// Summaries of several runs as one, for tables and charts that show them side by side. Nothing is
// judged anew: each run's verdicts are those among its own tests, and no run is held against
// another, which is what RunDiff does.

import Records

extension Summary {
  /// The summaries one after the other.
  ///
  /// - Parameters:
  ///   - experiment: what they are called together.
  ///   - summaries: one or more, each with the run among the axes of its rows.
  init(sideBySide summaries: [Summary], experiment: String) {
    let rows = summaries.flatMap(\.rows)
    self.experiment = experiment
    question = nil
    variants = summaries.flatMap(\.variants).unique
    // Each block has the baselines of its own run.
    baselines = summaries.first?.baselines ?? Baselines(of: [])
    axes = AxisNames(rows)
    coverage = Coverage(rows)
    self.rows = rows
    facts = rows.factKeys
    measured = rows.measured
    commonReason = Self.commonReason(of: rows, coverage)
    blocks = summaries.flatMap(\.blocks)
    headline = summaries.flatMap(\.headline).unique
    primary = summaries.flatMap(\.primary).unique
    scalingMetrics = summaries.flatMap(\.scalingMetrics).unique
    isTraining = summaries.allSatisfy(\.isTraining)
    tests = summaries.map(\.tests).max() ?? 0
    rateSensitivities = summaries.flatMap(\.rateSensitivities)
    rateComparisons = summaries.flatMap(\.rateComparisons)
    stabilities = summaries.flatMap(\.stabilities)
    axisComparisons = summaries.flatMap(\.axisComparisons)
    readBlocks()
  }
}
