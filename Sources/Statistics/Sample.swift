// Descriptive statistics of a few values: one per seed.
// Nothing is made up: a spread or an interval of one value does not exist and is nil.

/// A few values of one quantity and their summary.
package struct Sample: Equatable, Sendable {
  package let values: [Double]

  package init(_ values: [Double]) {
    self.values = values
  }

  /// The number of values.
  package var n: Int { values.count }

  /// The arithmetic mean; nil of no values.
  package var mean: Double? {
    guard let first = values.first else { return nil }
    // About the first value, so that equal values have exactly themselves as mean.
    return first + values.reduce(0) { $0 + ($1 - first) } / Double(n)
  }

  /// The standard deviation with n - 1 in the denominator; nil of fewer than two values.
  package var sd: Double? {
    guard n >= 2, let mean else { return nil }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(n - 1)).squareRoot()
  }

  /// The middle value, or the mean of the middle two; nil of no values.
  package var median: Double? {
    guard n > 0 else { return nil }
    let sorted = values.sorted()
    let middle = sorted[n / 2]
    return n % 2 == 1 ? middle : sorted[n / 2 - 1] + (middle - sorted[n / 2 - 1]) / 2
  }

  /// Whether all values are the same number.
  package var isConstant: Bool { values.allSatisfy { $0 == values.first } }

  /// The t interval of the mean; nil of fewer than two values.
  ///
  /// - Parameter confidence: its coverage, as 0.95.
  package func interval(confidence: Double = 0.95) -> Interval? {
    guard let mean, let sd else { return nil }
    let t = StudentT(degreesOfFreedom: Double(n - 1)).quantile((1 + confidence) / 2)
    let half = t * sd / Double(n).squareRoot()
    return Interval(low: mean - half, high: mean + half)
  }
}

/// A confidence interval.
package struct Interval: Equatable, Sendable {
  package let low: Double
  package let high: Double

  package init(low: Double, high: Double) {
    self.low = low
    self.high = high
  }

  /// Whether the whole interval lies on one side of zero.
  package var excludesZero: Bool { low > 0 || high < 0 }
}
