// TwoSamples: two sets of values without pairs, and the tests for them.

internal import Foundation

/// Values of two sides whose seeds are not the same.
package struct TwoSamples: Equatable, Sendable {
  /// Most arrangements of which all are counted.
  private static let most = 200_000

  package let base: Sample
  package let new: Sample

  package init(base: [Double], new: [Double]) {
    self.base = Sample(base)
    self.new = Sample(new)
  }

  /// Welch's 95 % t interval of the difference of the means; nil with fewer than two values on a side.
  ///
  /// Welch, The generalization of Student's problem when several different population variances are involved, 1947.
  package var interval: Interval? {
    guard let difference, let welch else { return nil }
    let half = StudentT(degreesOfFreedom: welch.freedom).quantile(0.975) * welch.error
    return Interval(low: difference - half, high: difference + half)
  }

  package var difference: Double? {
    guard let before = base.mean, let after = new.mean else { return nil }
    return after - before
  }

  /// The two-sided p of the exact permutation test of the means, or of Welch's t test where there are too many
  /// arrangements; nil with no values on a side.
  package var p: Double? {
    guard let difference, base.n > 0, new.n > 0 else { return nil }
    if isExact { return exactP }
    guard let welch else { return nil }
    return StudentT(degreesOfFreedom: welch.freedom).twoSided(difference / welch.error)
  }

  /// The smallest p that so many values can give: two of all arrangements are the most extreme.
  package static func minimumP(_ base: Int, _ new: Int) -> Double {
    guard base > 0, new > 0 else { return 1 }
    let extremes = base == new ? 2.0 : 1.0
    return min(1, extremes / arrangements(base, new))
  }

  /// Whether the p is exact.
  package var isExact: Bool { arrangements <= Double(Self.most) }

  private var arrangements: Double { Self.arrangements(base.n, new.n) }

  private static func arrangements(_ base: Int, _ new: Int) -> Double {
    exp(lgamma(Double(base + new + 1)) - lgamma(Double(base + 1)) - lgamma(Double(new + 1)))
      .rounded()
  }

  // How many of the ways to deal the values to the two sides put the means at least as far apart.
  private var exactP: Double {
    let values = base.values + new.values
    let total = values.reduce(0, +)
    let (few, many) = (Double(base.n), Double(new.n))
    func distance(_ sum: Double) -> Double { abs((total - sum) / many - sum / few) }
    let seen = distance(base.values.reduce(0, +))
    let slack = 1e-12 * (values.reduce(0) { $0 + abs($1) } / min(few, many))
    var extreme = 0
    var all = 0
    func deal(_ next: Int, _ left: Int, _ sum: Double) {
      if left == 0 {
        all += 1
        if distance(sum) >= seen - slack { extreme += 1 }
        return
      }
      guard values.count - next >= left else { return }
      deal(next + 1, left - 1, sum + values[next])
      deal(next + 1, left, sum)
    }
    deal(0, base.n, 0)
    return Double(extreme) / Double(all)
  }

  private var welch: (error: Double, freedom: Double)? {
    guard let first = base.sd, let second = new.sd else { return nil }
    let (a, b) = (first * first / Double(base.n), second * second / Double(new.n))
    guard a + b > 0 else { return nil }
    let freedom =
      (a + b) * (a + b) / (a * a / Double(base.n - 1) + b * b / Double(new.n - 1))
    return ((a + b).squareRoot(), freedom)
  }
}
