// The fit of a power law: exact on exact powers, honest about scatter.

import Foundation
import Statistics
import Testing

@Suite struct PowerLawTests {
  private static let lengths = [512.0, 1024, 2048, 4096, 8192]

  @Test(arguments: [0.0, 0.5, 1, 2, 3]) func `an exact power gives its exponent and factor`(
    exponent: Double
  ) throws {
    let law = try #require(PowerLaw(Self.lengths.map { ($0, 3 * pow($0, exponent)) }))
    #expect(abs(law.exponent - exponent) < 1e-12)
    #expect(abs(law.factor / 3 - 1) < 1e-10)
    #expect(try #require(law.standardError) < 1e-12)
  }

  @Test func `the interval equals that of SciPy's linear regression of the logarithms`() throws {
    // scipy.stats.linregress(log(x), log(y)) gives slope and stderr; t.ppf(0.975, 3) the rest.
    let y = [1.1, 1.9, 4.3, 7.7, 16.4]
    let law = try #require(PowerLaw(Array(zip(Self.lengths, y)).map { (x: $0, y: $1) }))
    #expect(abs(law.exponent - 0.981509979921289) < 1e-12)
    #expect(abs(try #require(law.standardError) - 0.03253736752942477) < 1e-12)
    let interval = try #require(law.interval)
    #expect(abs(interval.low - 0.877961554843613) < 1e-9)
    #expect(abs(interval.high - 1.0850584049989649) < 1e-9)
  }

  @Test func `the interval covers the true exponent about as often as it says`() throws {
    var covered = 0
    for trial in 0..<400 {
      // Sums of twelve uniform numbers are near enough to normal.
      var state = UInt64(trial + 1) &* 0x9E37_79B9_7F4A_7C15
      func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / 9_007_199_254_740_992
      }
      let points = Self.lengths.map { x in
        (x: x, y: x * x * exp(0.05 * ((0..<12).reduce(-6.0) { sum, _ in sum + uniform() })))
      }
      let interval = try #require(PowerLaw(points)?.interval)
      if interval.low <= 2, 2 <= interval.high { covered += 1 }
    }
    #expect((364...394).contains(covered), "\(covered) of 400")
  }

  @Test func `three points have an exponent but no interval, and two have neither`() {
    let three = PowerLaw([(1, 1), (2, 4), (4, 16)])
    #expect(three.map { abs($0.exponent - 2) < 1e-12 } == true)
    #expect(three?.interval == nil)
    #expect(PowerLaw([(1, 1), (2, 4), (2, 5)]) == nil)
    #expect(PowerLaw([(1, 1), (2, 4)]) == nil)
  }

  @Test func `zero and negative values have no logarithm and so no fit`() {
    #expect(PowerLaw([(1, 0), (2, 4), (4, 16)]) == nil)
    #expect(PowerLaw([(1, 1), (-2, 4), (4, 16)]) == nil)
  }
}
