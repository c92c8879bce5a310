// The difference of two means, of one pair as of several.

import Statistics
import Testing

@Suite struct MeanDifferenceTests {
  @Test(arguments: [
    (1.25, 0.75), (0.1, 0.3), (-0.0, 0.0), (0.0, 0.0), (1e308, -1e308), (-1e-310, 1e-310),
  ]) func `one pair has the mean of its difference, and neither an interval nor a test`(
    _ one: Double, _ other: Double
  ) {
    let pair = MeanDifference([one], [other], isPaired: true)
    let mean = pair.differences.mean
    #expect(pair.estimate?.bitPattern == mean?.bitPattern || mean?.isNaN == true)
    #expect(pair.estimate?.isNaN == mean?.isNaN)
    #expect(pair.interval == nil && pair.p == nil && pair.n == 1)
    let apart = MeanDifference([one], [other, 2, 3], isPaired: false)
    #expect(apart.interval == nil && apart.p == nil && apart.n == 1)
  }

  @Test func `no pair has nothing`() {
    let none = MeanDifference([], [], isPaired: true)
    #expect(none.estimate == nil && none.interval == nil && none.p == nil && none.n == 0)
  }

  @Test func `one seed on both sides is a pair, and two seeds are none`() {
    let pair = Comparison(subject: [(seed: 3, value: 2)], baseline: [(seed: 3, value: 1)])
    #expect(pair.isPaired && pair.difference == 1)
    let apart = Comparison(subject: [(seed: 3, value: 2)], baseline: [(seed: 4, value: 1)])
    #expect(!apart.isPaired && apart.difference == 1)
  }
}
