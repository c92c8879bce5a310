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

// The exact paired sign-flip permutation test: if the variants did not differ, each seed's
// difference could as well have had the other sign. It assumes no distribution, but with few
// seeds there are few sign patterns: 3 seeds can never give p < 0.05, 6 can.

/// The sign-flip test of paired differences.
package struct SignFlip: Equatable, Sendable {
  /// Most pairs of which all 2^n sign patterns are counted.
  package static let most = 20

  /// The share of sign patterns whose mean is at least as far from zero as the one seen.
  package let p: Double
  /// The smallest p that so many pairs can give at all.
  package let minimumP: Double

  /// Tests differences; nil of none, or of more than `most`, where a t test serves as well.
  package init?(_ differences: [Double]) {
    let n = differences.count
    guard n > 0, n <= Self.most else { return nil }
    let seen = abs(differences.reduce(0, +))
    // Sums that are equal but for rounding are ties and count as equal.
    let slack = 1e-12 * differences.reduce(0) { $0 + abs($1) }
    var extreme = 0
    for pattern in 0..<(1 << n) {
      var sum = 0.0
      for (index, difference) in differences.enumerated() {
        sum += pattern >> index & 1 == 0 ? difference : -difference
      }
      if abs(sum) >= seen - slack { extreme += 1 }
    }
    p = Double(extreme) / Double(1 << n)
    minimumP = Self.minimumP(pairs: n)
  }

  /// The smallest two-sided p of n pairs: only two of 2^n patterns are the most extreme.
  package static func minimumP(pairs n: Int) -> Double {
    n <= 0 ? 1 : 2 / Double(sign: .plus, exponent: n, significand: 1)
  }

  /// The fewest pairs whose smallest p is below a level: 6 for 0.05.
  package static func pairsNeeded(below level: Double) -> Int {
    precondition(level > 0, "level of \(level)")
    var n = 1
    while minimumP(pairs: n) >= level { n += 1 }
    return n
  }
}
