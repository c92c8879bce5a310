// One metric over the variants: estimates, comparisons with the baseline, and what may be claimed.
// Only cells that ended well count; what follows from the architecture is taken from any cell.

package import Records
package import Statistics

/// A line of the summary.
package struct SummaryLine: Sendable {
  package let metric: Metric
  /// One a variant, in their order; of no values where the variant has none.
  package let estimates: [Estimate]
  /// One for each variant that has a baseline, in their order.
  package private(set) var comparisons: [Comparison]

  init(_ metric: Metric, rows: [CellRow], variants: [String], baselines: Baselines) {
    self.metric = metric
    let estimates = variants.map { Estimate(metric, of: $0, in: rows) }
    self.estimates = estimates
    comparisons = estimates.compactMap { subject in
      let baseline = baselines.baseline(of: subject.variant)
      return estimates.first { $0.variant == baseline }.map {
        Comparison(metric, subject, against: $0)
      }
    }
  }

  /// The comparison of a variant with its baseline.
  package func comparison(_ variant: String) -> Comparison? {
    comparisons.first { $0.subject == variant }
  }

  /// The estimate of a variant.
  package func estimate(_ variant: String) -> Estimate? {
    estimates.first { $0.variant == variant }
  }

  /// Adds Holm's adjusted p over all comparisons of a block.
  static func correct(_ lines: [SummaryLine]) -> [SummaryLine] {
    var lines = lines
    var tested: [(line: Int, comparison: Int, p: Double)] = []
    for (index, line) in lines.enumerated() where line.metric.better != .none {
      for (position, comparison) in line.comparisons.enumerated() {
        if let p = comparison.p { tested.append((index, position, p)) }
      }
    }
    for (test, p) in zip(tested, Holm.adjust(tested.map(\.p))) {
      lines[test.line].comparisons[test.comparison].holmP = p
    }
    return lines
  }
}

/// What the seeds of one variant say about one metric.
package struct Estimate: Equatable, Sendable {
  package let variant: String
  package let seeds: [Int]
  /// One value a seed.
  package let sample: Sample

  init(_ metric: Metric, of variant: String, in rows: [CellRow]) {
    self.variant = variant
    let counted = rows.filter {
      $0.variant == variant && $0.metrics[metric] != nil
        && ($0.status == .ok || metric.certainty == .analytic)
    }
    seeds = counted.map(\.seed)
    sample = Sample(counted.compactMap { $0.metrics[metric] })
  }

  package var n: Int { sample.n }

  func value(seed: Int) -> Double? {
    seeds.firstIndex(of: seed).map { sample.values[$0] }
  }
}

/// One variant held against the baseline in one metric.
package struct Comparison: Equatable, Sendable {
  /// What may be claimed.
  package enum Outcome: Equatable, Sendable {
    /// The named variant is better: the interval excludes zero, or exact values differ.
    case better(String)
    /// Exact values are equal.
    case same
    /// The interval includes zero: no difference was found, which is not to say there is none.
    case notFound
    /// Fewer than two seeds, or two that do not vary: one sample shows no spread.
    case cannotTell
    /// The metric is no merit, or a value is missing.
    case none
  }

  package let subject: String
  package let baseline: String
  /// The seeds that both have a value of; empty for an exact metric, which needs no pairs.
  package let seeds: [Int]
  package let pairs: PairedComparison
  /// Whether the comparison is of exact values, without statistics.
  package let isExact: Bool
  package let outcome: Outcome
  /// The paired t test's p, adjusted for all comparisons of the block; nil without an interval.
  package fileprivate(set) var holmP: Double?

  init(_ metric: Metric, _ subject: Estimate, against baseline: Estimate) {
    self.subject = subject.variant
    self.baseline = baseline.variant
    isExact = metric.isExact && subject.sample.isConstant && baseline.sample.isConstant
    if isExact, let above = subject.sample.values.first, let below = baseline.sample.values.first {
      seeds = []
      pairs = PairedComparison(subject: [above], baseline: [below])
    } else {
      seeds = subject.seeds.filter { baseline.seeds.contains($0) }
      pairs = PairedComparison(
        subject: seeds.compactMap { subject.value(seed: $0) },
        baseline: seeds.compactMap { baseline.value(seed: $0) })
    }
    outcome = Self.outcome(metric, self.subject, self.baseline, pairs, isExact: isExact)
  }

  /// The p of the paired t test, not adjusted; nil for exact values and without an interval.
  package var p: Double? { isExact ? nil : pairs.tTestP }

  private static func outcome(
    _ metric: Metric, _ subject: String, _ baseline: String, _ pairs: PairedComparison,
    isExact: Bool
  ) -> Outcome {
    guard metric.better != .none, let difference = pairs.difference else { return .none }
    let winner = (difference < 0) == (metric.better == .lower) ? subject : baseline
    if isExact { return difference == 0 ? .same : .better(winner) }
    guard let interval = pairs.interval else { return .cannotTell }
    return interval.excludesZero ? .better(winner) : .notFound
  }
}
