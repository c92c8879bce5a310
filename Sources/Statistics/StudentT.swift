// Student's t distribution, computed for any degrees of freedom instead of read from a table.
// Abramowitz and Stegun, Handbook of Mathematical Functions, 26.5 and 26.7.

internal import Foundation

/// Student's t distribution.
package struct StudentT: Sendable {
  package let degreesOfFreedom: Double

  /// - Parameter degreesOfFreedom: above zero; n - 1 for the mean of n values.
  package init(degreesOfFreedom: Double) {
    precondition(degreesOfFreedom > 0, "t distribution of \(degreesOfFreedom) degrees of freedom")
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// The probability of a value beyond |t| on either side: a test's two-sided p.
  package func twoSided(_ t: Double) -> Double {
    guard t.isFinite else { return 0 }
    let square = t * t
    // For a small |t| the argument nears 1 and loses digits; then the complement has them.
    if square < degreesOfFreedom {
      return 1
        - Beta.regularized(square / (degreesOfFreedom + square), 0.5, degreesOfFreedom / 2)
    }
    return Beta.regularized(
      degreesOfFreedom / (degreesOfFreedom + square), degreesOfFreedom / 2, 0.5)
  }

  /// The value below which a share `p` of the distribution lies.
  ///
  /// - Parameter p: above 0 and below 1.
  package func quantile(_ p: Double) -> Double {
    precondition(p > 0 && p < 1, "quantile of \(p)")
    if p == 0.5 { return 0 }
    if p == Self.usual, let known = Self.known(degreesOfFreedom) { return known }
    return found(p)
  }

  /// The quantile of every interval; a summary of many cells asks for it a million times.
  private static let usual = 0.975
  /// Of one degree of freedom, of two and so on.
  private static let usualQuantiles = (1...64).map {
    StudentT(degreesOfFreedom: Double($0)).found(usual)
  }

  private static func known(_ degreesOfFreedom: Double) -> Double? {
    guard let whole = Int(exactly: degreesOfFreedom), (1...usualQuantiles.count).contains(whole)
    else { return nil }
    return usualQuantiles[whole - 1]
  }

  private func found(_ p: Double) -> Double {
    let tails = 2 * min(p, 1 - p)
    var (low, high) = (0.0, 1.0)
    while twoSided(high) > tails { (low, high) = (high, 2 * high) }
    // Newton's method, kept within the bracket: a summary of many cells asks thousands of times.
    var t = low + (high - low) / 2
    for _ in 0..<200 {
      let excess = twoSided(t) - tails
      if excess > 0 { low = t } else { high = t }
      var next = t + excess / (2 * density(t))
      if !(next > low && next < high) { next = low + (high - low) / 2 }
      let isClose = abs(next - t) <= 1e-14 * t
      t = next
      if isClose { break }
    }
    return p < 0.5 ? -t : t
  }

  private func density(_ t: Double) -> Double {
    let n = degreesOfFreedom
    let factor = exp(lgamma((n + 1) / 2) - lgamma(n / 2)) / (n * .pi).squareRoot()
    return factor * exp(-(n + 1) / 2 * log1p(t * t / n))
  }
}

/// The incomplete beta function, by its continued fraction.
enum Beta {
  /// I_x(a, b), with x in 0...1 and a, b above 0.
  static func regularized(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    let logFront = logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)
    // The fraction converges fast on this side of the mean; the other side is its mirror.
    if x < (a + 1) / (a + b + 2) { return exp(logFront) * fraction(x, a, b) / a }
    return 1 - exp(logFront) * fraction(1 - x, b, a) / b
  }

  // Lentz's method: numerators alternate between two rules.
  private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func guarded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / guarded(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...10_000 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / guarded(1 + even * d)
      c = guarded(1 + even / c)
      result *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / guarded(1 + odd * d)
      c = guarded(1 + odd / c)
      let change = d * c
      result *= change
      if abs(change - 1) < 1e-16 { break }
    }
    return result
  }

  private static func logGamma(_ x: Double) -> Double {
    lgamma(x)
  }
}
