// Exact permutation tests: if the sides did not differ, the values could as well have been dealt
// otherwise. They assume no distribution, but few values have few arrangements: 3 pairs can never
// give p < 0.05, 6 can.

internal import Foundation

/// How many arrangements of the values put the sides at least as far apart as they are.
package struct PermutationTest: Equatable, Sendable {
  /// Most pairs of which all 2^n sign patterns are counted.
  package static let mostPairs = 20
  /// Most ways to deal values to two sides of which all are counted.
  private static let mostDeals = 200_000.0

  /// The share of arrangements that are at least as extreme.
  package let p: Double
  /// The smallest p that so many values can give at all.
  package let minimumP: Double
  /// `sign-flip`, or `permutation`.
  package let name: String

  /// The sign-flip test: each seed's difference could as well have had the other sign.
  ///
  /// Nil of no differences, and of more than `mostPairs`.
  package init?(differences: [Double]) {
    let n = differences.count
    guard n > 0, n <= Self.mostPairs else { return nil }
    let seen = abs(differences.reduce(0, +))
    // Sums that are equal but for rounding are ties and count as equal.
    let slack = 1e-12 * differences.reduce(0) { $0 + abs($1) }
    // Flip one sign at a time, in Gray code's order: each pattern costs one addition.
    var sum = differences.reduce(0, +)
    var signs = [Double](repeating: 1, count: n)
    var extreme = 1
    for pattern in 1..<max(1, 1 << n) {
      let place = pattern.trailingZeroBitCount
      signs[place] = -signs[place]
      sum += 2 * signs[place] * differences[place]
      if abs(sum) >= seen - slack { extreme += 1 }
    }
    p = Double(extreme) / Double(1 << n)
    minimumP = Self.minimumP(pairs: n)
    name = "sign-flip"
  }

  /// The permutation test of the means of two sides without pairs.
  ///
  /// Nil with no values on a side, and where there are too many ways to deal the values.
  package init?(_ first: [Double], _ second: [Double]) {
    let deals = Self.deals(first.count, second.count)
    guard !first.isEmpty, !second.isEmpty, deals <= Self.mostDeals else { return nil }
    let values = first + second
    let total = values.reduce(0, +)
    let (few, many) = (Double(first.count), Double(second.count))
    func distance(_ sum: Double) -> Double { abs((total - sum) / many - sum / few) }
    let seen = distance(first.reduce(0, +))
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
    deal(0, first.count, 0)
    p = Double(extreme) / Double(all)
    minimumP = min(1, (first.count == second.count ? 2 : 1) / deals)
    name = "permutation"
  }

  /// The smallest two-sided p of n pairs: only two of 2^n patterns are the most extreme.
  package static func minimumP(pairs n: Int) -> Double {
    n <= 0 ? 1 : 2 / Double(sign: .plus, exponent: n, significand: 1)
  }

  private static func deals(_ first: Int, _ second: Int) -> Double {
    exp(lgamma(Double(first + second + 1)) - lgamma(Double(first + 1)) - lgamma(Double(second + 1)))
      .rounded()
  }
}
