// Two variants compared seed by seed: the same seed draws the same data and initial values, so the
// difference within a seed is what the variant does, and the noise that seeds share cancels.

internal import Foundation

/// Paired values of two variants, one pair a seed.
package struct PairedComparison: Equatable, Sendable {
  /// Values of the variant asked about, by seed.
  package let subject: [Double]
  /// Values of the variant it is held against, in the same order.
  package let baseline: [Double]

  /// Pairs up values; both lists have one value a seed, in the same order.
  package init(subject: [Double], baseline: [Double]) {
    precondition(subject.count == baseline.count, "pairs of unequal number")
    self.subject = subject
    self.baseline = baseline
  }

  /// The number of pairs.
  package var n: Int { subject.count }

  /// Subject minus baseline, by seed.
  package var differences: Sample {
    Sample(zip(subject, baseline).map { $0 - $1 })
  }

  /// The mean difference; nil of no pairs.
  package var difference: Double? { differences.mean }

  /// The 95 % t interval of the mean difference.
  ///
  /// Nil of fewer than two pairs, and where two or more differences are one and the same number
  /// other than zero: a spread of zero seen in a few samples says nothing about the next sample.
  package var interval: Interval? {
    let differences = differences
    if differences.isConstant, differences.mean != 0 { return nil }
    return differences.interval()
  }

  /// The ratio of the means, subject over baseline; nil of no pairs or a baseline of zero.
  package var ratio: Double? {
    guard let above = Sample(subject).mean, let below = Sample(baseline).mean, below != 0 else {
      return nil
    }
    return above / below
  }

  /// The 95 % t interval of the ratio, over the logarithms of each seed's ratio.
  ///
  /// It belongs to the geometric mean of the ratios; nil where `interval` is, or where a value is
  /// not above zero.
  package var ratioInterval: Interval? {
    guard interval != nil, (subject + baseline).allSatisfy({ $0 > 0 }) else { return nil }
    let logs = Sample(zip(subject, baseline).map { log($0 / $1) })
    return logs.interval().map { Interval(low: exp($0.low), high: exp($0.high)) }
  }

  /// The two-sided p of the paired t test; nil where `interval` is.
  package var tTestP: Double? {
    guard interval != nil, let mean = difference, let sd = differences.sd else { return nil }
    if mean == 0 { return 1 }
    let t = mean / (sd / Double(n).squareRoot())
    return StudentT(degreesOfFreedom: Double(n - 1)).twoSided(t)
  }

  /// The exact sign-flip test of the differences.
  package var signFlip: SignFlip? { SignFlip(differences.values) }
}
