// MetricChange: one metric at one point, on both sides, and what may be said of the difference.

internal import Foundation
package import Records
package import Statistics

/// A metric's values on both sides at one variant and point.
package struct MetricChange: Sendable {
  /// What may be said.
  package enum Verdict: Equatable, Sendable {
    /// Exact values are equal, or sampled ones are the same bits.
    case same
    case better, worse
    /// Exact values of a metric that is no merit differ.
    case differs
    /// Nothing can be said, and why.
    case unclear(String)
  }

  /// How the p came about.
  package enum Test: String, Sendable {
    case signFlip = "sign-flip"
    case pairedT = "paired t"
    case permutation
    case welch = "Welch t"
  }

  package let point: String
  package let metric: Metric
  package let base: Sample
  package let new: Sample
  /// Whether the values are paired by seed.
  package let isPaired: Bool
  package let difference: Double
  /// The 95 % interval of the difference; nil for exact metrics and single values.
  package let interval: Interval?
  /// The p of the test; nil for exact metrics, single values and metrics that are no merit.
  package let p: Double?
  package let test: Test?
  /// The smallest p that so many seeds can give.
  package let minimumP: Double
  /// p after Holm's correction over the table.
  package internal(set) var holmP: Double?
  package internal(set) var verdict: Verdict = .unclear("")

  /// Whether the two sides read different texts.
  let hasOtherText: Bool
  /// The difference of logarithms that equal runs of these cells stay within; nil where it is not known.
  private let floor: Double?

  /// - Parameter floor: the noise of a metric between equal runs of such cells; nil where it is not known.
  /// - Returns: nil where a side has no value.
  init?(_ metric: Metric, of match: DiffMatch, floor: (Metric, [CellRow]) -> Double?) {
    let base = match.base.map(\.row)
    let new = match.new.map(\.row)
    func values(_ rows: [CellRow]) -> [(seed: Int, value: Double)] {
      rows.compactMap { row in
        guard row.status == .ok || metric.certainty == .analytic else { return nil }
        return row.metrics[metric].map { (row.seed, $0) }
      }
    }
    var before = values(base)
    var after = values(new)
    let seeds = before.map(\.seed).filter { seed in after.contains { $0.seed == seed } }
    isPaired = DiffMatch.isPaired(shared: seeds.count, before.count, after.count)
    if isPaired {
      before = seeds.compactMap { seed in before.first { $0.seed == seed } }
      after = seeds.compactMap { seed in after.first { $0.seed == seed } }
    }
    guard !before.isEmpty, !after.isEmpty else { return nil }
    point = match.label
    self.metric = metric
    hasOtherText = match.hasOtherText
    self.floor = metric.isTiming ? floor(metric, base + new) : nil
    self.base = Sample(before.map(\.value))
    self.new = Sample(after.map(\.value))
    let pairs = PairedComparison(
      subject: isPaired ? self.new.values : [], baseline: isPaired ? self.base.values : [])
    let apart = TwoSamples(base: self.base.values, new: self.new.values)
    difference = (self.new.mean ?? 0) - (self.base.mean ?? 0)
    let isExact = metric.isExact && self.base.isConstant && self.new.isConstant
    let isTested = !metric.isExact && metric.better != .none && before.count + after.count > 2
    interval = isExact ? nil : isPaired ? pairs.interval : apart.interval
    minimumP =
      isPaired
      ? SignFlip.minimumP(pairs: before.count) : TwoSamples.minimumP(before.count, after.count)
    if !isTested {
      (p, test) = (nil, nil)
    } else if isPaired {
      (p, test) = pairs.signFlip.map { ($0.p, .signFlip) } ?? (pairs.tTestP, .pairedT)
    } else {
      (p, test) = (apart.p, apart.isExact ? .permutation : .welch)
    }
  }

  /// The difference as a share of the base's mean; nil where that is zero.
  package var change: Double? {
    guard let mean = base.mean, mean != 0 else { return nil }
    return difference / abs(mean)
  }

  /// The interval as shares of the base's mean.
  package var changeInterval: Interval? {
    guard let mean = base.mean, mean != 0, let interval else { return nil }
    return Interval(low: interval.low / abs(mean), high: interval.high / abs(mean))
  }

  var isSameBits: Bool {
    isPaired || metric.isExact ? base.values == new.values : false
  }

  /// Decides what may be said.
  ///
  /// - Parameter tests: how many tests the table holds.
  mutating func decide(tests: Int) {
    verdict = decision(tests: tests)
  }

  private func decision(tests: Int) -> Verdict {
    if hasOtherText, metric.isOfText { return .unclear("another text") }
    let isExact = metric.isExact && base.isConstant && new.isConstant
    if isExact ? base.values[0] == new.values[0] : isSameBits { return .same }
    let direction: Verdict =
      metric.better == .none
      ? .differs : (difference < 0) == (metric.better == .lower) ? .better : .worse
    if metric.isExact { return direction }
    guard metric.better != .none else { return .unclear("no merit in itself") }
    guard let holmP else { return .unclear("1 seed") }
    if holmP >= 0.05 {
      let n = min(base.n, new.n)
      return minimumP * Double(tests) >= 0.05
        ? .unclear("\(n) seeds are too few") : .unclear("no difference found")
    }
    return metric.isTiming ? timing(direction) : direction
  }

  // The seeds of a run share the machine's state, so their scatter says nothing of two runs: without the noise
  // between runs, two equal ones would differ in almost half of the tables.
  private func timing(_ direction: Verdict) -> Verdict {
    guard let floor else { return .unclear("times not calibrated") }
    guard let before = base.mean, let after = new.mean, before > 0, after > 0,
      abs(log(after / before)) > floor
    else { return .unclear("within the noise of this host, \(Self.percent(floor))") }
    return direction
  }

  static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }
}

extension Metric {
  /// Whether it depends on which text was read: all that varies with the seed, and not with the clock.
  var isOfText: Bool { certainty == .sampled && isRepeatable }
}

// How many seeds it would take to show a change that was seen but not shown.

extension MetricChange {
  /// More seeds than this are not worth naming.
  package static let mostSeeds = 100

  /// The seeds that would show a change as large as the one seen, four times in five, in a table of so many tests.
  ///
  /// The t test's power, by the normal approximation with Guenther's correction, and never fewer than can give a
  /// small enough p at all. The spread is that of the values seen: of few seeds it is a rough guess.
  ///
  /// - Returns: nil where no spread was seen, and where there is nothing to show.
  package func seedsNeeded(tests: Int) -> Int? {
    guard let holmP, holmP >= 0.05, !hasOtherText, difference != 0, let variance, variance > 0
    else { return nil }
    let level = 0.05 / Double(max(1, tests))
    // So many degrees of freedom are as good as a normal distribution.
    let normal = StudentT(degreesOfFreedom: 10_000)
    let tail = normal.quantile(1 - level / 2)
    let reach = tail + normal.quantile(0.8)
    let power = reach * reach * variance / (difference * difference) + tail * tail / 2
    var least = 2
    while minimumP(seeds: least) >= level { least += 1 }
    return max(least, power < Double(Self.mostSeeds) ? Int(power.rounded(.up)) : Self.mostSeeds + 1)
  }

  // Of the difference of two seeds: n of them give the mean's variance as this over n.
  private var variance: Double? {
    if isPaired {
      return PairedComparison(subject: new.values, baseline: base.values).differences.sd
        .map { $0 * $0 }
    }
    guard let first = base.sd, let second = new.sd else { return nil }
    return first * first + second * second
  }

  private func minimumP(seeds: Int) -> Double {
    isPaired ? SignFlip.minimumP(pairs: seeds) : TwoSamples.minimumP(seeds, seeds)
  }

  /// For people: `24`, or `> 100`.
  func seedsText(tests: Int) -> String? {
    seedsNeeded(tests: tests).map { $0 > Self.mostSeeds ? "> \(Self.mostSeeds)" : "\($0)" }
  }
}
