// MeanDifference: the difference of two means, its interval and its t test: Student's where the
// values stand in pairs, Welch's where they do not.

internal import Foundation

/// Two samples of one quantity, the first less the second.
package struct MeanDifference: Equatable, Sendable {
  package let subject: Sample
  package let baseline: Sample
  /// Whether the values stand in pairs, in the same order.
  package let isPaired: Bool

  package init(_ subject: [Double], _ baseline: [Double], isPaired: Bool) {
    precondition(!isPaired || subject.count == baseline.count, "pairs of unequal number")
    self.subject = Sample(subject)
    self.baseline = Sample(baseline)
    self.isPaired = isPaired
  }

  /// The number of pairs, or of values on the side that has fewer.
  package var n: Int { min(subject.n, baseline.n) }

  /// The difference by pair; of no values where there are no pairs.
  package var differences: Sample {
    Sample(isPaired ? zip(subject.values, baseline.values).map { $0 - $1 } : [])
  }

  /// The difference of the means; nil where a side has no value.
  package var estimate: Double? {
    if isPaired {
      // Of one seed, which is asked for most often, without a list of its difference.
      if n == 1, let difference = onlyDifference { return difference }
      return differences.mean
    }
    guard let above = subject.mean, let below = baseline.mean else { return nil }
    return above - below
  }

  /// The difference of the first pair as a mean, which is never a negative zero; nil where it is
  /// not finite.
  private var onlyDifference: Double? {
    let difference = subject.values[0] - baseline.values[0]
    return difference.isFinite ? difference + 0 : nil
  }

  /// The same of the logarithms; nil where a value is not above zero.
  package var logarithms: Self? {
    guard (subject.values + baseline.values).allSatisfy({ $0 > 0 }) else { return nil }
    return Self(subject.values.map { log($0) }, baseline.values.map { log($0) }, isPaired: isPaired)
  }

  /// The 95 % t interval.
  ///
  /// Nil of fewer than two values on a side, and where all differences are one and the same number
  /// other than zero: a spread of zero seen in a few samples says nothing about the next sample.
  package var interval: Interval? {
    guard let error, let estimate else { return nil }
    let half = StudentT(degreesOfFreedom: error.freedom).quantile(0.975) * error.value
    return Interval(low: estimate - half, high: estimate + half)
  }

  /// The two-sided p of the t test; nil where `interval` is.
  package var p: Double? {
    guard let error, let estimate else { return nil }
    if estimate == 0 { return 1 }
    return StudentT(degreesOfFreedom: error.freedom).twoSided(estimate / error.value)
  }

  /// The variance of the difference of one value a side: of n, the mean's is this over n.
  package var variance: Double? {
    if isPaired { return differences.sd.map { $0 * $0 } }
    guard let first = subject.sd, let second = baseline.sd else { return nil }
    return first * first + second * second
  }

  /// The exact test beside it: of sign flips where values are paired, else of permutations.
  ///
  /// Nil where there are too many arrangements to count.
  package var permutationTest: PermutationTest? {
    isPaired
      ? PermutationTest(differences: differences.values)
      : PermutationTest(subject.values, baseline.values)
  }

  // Welch, The generalization of Student's problem when several different population variances are
  // involved, 1947.
  private var error: (value: Double, freedom: Double)? {
    if n < 2 { return nil }
    if isPaired {
      let differences = differences
      guard let sd = differences.sd, !differences.isConstant || differences.mean == 0 else {
        return nil
      }
      return (sd / Double(n).squareRoot(), Double(n - 1))
    }
    guard let first = subject.sd, let second = baseline.sd else { return nil }
    let a = first * first / Double(subject.n)
    let b = second * second / Double(baseline.n)
    guard a + b > 0 else { return nil }
    let freedom =
      (a + b) * (a + b) / (a * a / Double(subject.n - 1) + b * b / Double(baseline.n - 1))
    return ((a + b).squareRoot(), freedom)
  }
}
