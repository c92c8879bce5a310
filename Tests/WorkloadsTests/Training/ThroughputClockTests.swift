// Times of steps: their median, which is asked for after each of them.

import TestSupport
import Testing
import Workloads

@Suite struct ThroughputClockTests {
  @Test(
    arguments: [
      ([], nil), ([9], 9), ([9, 1], 1), ([9, 4, 2], 3), ([1, 7, 3, 5], 5), ([0, 2, 2, 1, 2], 2),
    ] as [([Double], Double?)])
  func `the first step is not counted where there are others`(
    seconds: [Double], median: Double?
  ) {
    var clock = ThroughputClock()
    for seconds in seconds { clock.add(seconds) }
    #expect(clock.median == median)
    #expect(clock.total == seconds.reduce(0, +))
  }

  @Test func `the median of a long run costs a step less than a tenth of a millisecond`() {
    let steps = 20_000
    let spent = threadSeconds {
      var clock = ThroughputClock()
      for step in 0..<steps {
        clock.add(Double(step * 7919 % 10_007))
        if clock.median == nil { return }
      }
    }
    #expect(spent < 1e-4 * Double(steps), "\(spent) s")
  }
}
