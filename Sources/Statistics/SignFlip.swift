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
