// What may be said of a comparison, case by case.

import Foundation
import Statistics
import TestSupport
import Testing

@Suite struct ComparisonTests {
  private func judged(_ comparisons: Comparison...) -> [Comparison] {
    var all = comparisons
    Comparison.judge(&all)
    return all
  }

  private func verdict(
    _ subject: [Double], _ baseline: [Double], _ question: Comparison.Question = .isBetter(.lower)
  ) -> Comparison.Verdict {
    judged(Comparison(subject: subject, baseline: baseline, question: question))[0].verdict
  }

  @Test func `three seeds show a difference far beyond their spread, and no smaller one`() {
    #expect(verdict([1.690, 1.695, 1.685], [2.00, 2.01, 1.99]) == .better)
    #expect(verdict([2.00, 2.01, 1.99], [1.690, 1.695, 1.685]) == .worse)
    #expect(
      verdict([2.00, 2.01, 1.99], [1.690, 1.695, 1.685], .isBetter(.higher)) == .better)
    guard case .noneLarger(let bound, false) = verdict([1.97, 1.99, 1.95], [2.00, 2.05, 1.95])
    else {
      Issue.record("a difference was found")
      return
    }
    // Student's t of 2 degrees of freedom is 4.30, the differences -0.03, -0.06, 0: the interval
    // ends at -0.1045.
    #expect(abs(bound - 0.10452) < 1e-4)
  }

  @Test func `two seeds say little, one nothing, and a difference without spread nothing`() {
    #expect(verdict([1.0, 1.3], [1.1, 1.2]) == .undecided(.fewSeeds(2)))
    #expect(verdict([1.0], [2.0]) == .undecided(.fewSeeds(1)))
    #expect(verdict([], []) == .undecided(.missing))
    #expect(verdict([1, 2, 3], [2, 3, 4]) == .undecided(.noSpread))
  }

  @Test func `equal bits are the same and count as no test`() {
    let all = judged(
      Comparison(subject: [1, 2, 3], baseline: [1, 2, 3], question: .isBetter(.lower)),
      Comparison(subject: [1, 2, 3.1], baseline: [2, 3.3, 4.5], question: .isBetter(.lower)))
    #expect(all[0].verdict == .same && all[0].holmP == nil)
    #expect(all[1].holmP == all[1].p)
  }

  @Test func `Holm's correction goes over the whole table, and only over what is asked`() {
    let clear = Comparison(
      subject: [1.0, 1.1, 1.2, 1.05], baseline: [2.0, 2.2, 2.1, 2.3], question: .isBetter(.lower))
    let near = Comparison(
      subject: [1.0, 1.1, 1.2, 1.05], baseline: [1.1, 1.15, 1.32, 1.12], question: .isBetter(.lower)
    )
    let described = Comparison(subject: [1, 2, 3, 4], baseline: [1.1, 1.9, 3.2, 4.3])
    #expect(judged(near)[0].verdict == .better)
    let three = judged(clear, near, near, near, near, near, described)
    #expect(three[0].verdict == .better)
    #expect(three[0].holmP == clear.p.map { 6 * $0 })
    // Its interval leaves out zero, so that "no difference" would contradict it.
    #expect(three[1].verdict == .undecided(.chance))
    #expect(three[6].holmP == nil && three[6].verdict == .described)
    #expect(three[6].interval != nil)
  }

  @Test func `counts need no test, and memory a difference that matters`() {
    func count(_ subject: Double, _ baseline: Double, _ threshold: Double = 0) -> Comparison.Verdict
    {
      verdict([subject], [baseline], .isCounted(.lower, threshold: threshold))
    }
    #expect(count(5, 5) == .same && count(4, 5) == .better && count(6, 5) == .worse)
    #expect(count(995, 1000, 0.01) == .negligible(0.01))
    #expect(count(985, 1000, 0.01) == .better)
    #expect(verdict([4], [5], .isCounted(nil)) == .differs)
  }

  @Test func `times of different runs need a floor, and must pass it`() {
    let (new, base) = ([1.0, 1.01, 0.99, 1.0], [1.1, 1.11, 1.08, 1.1])
    func timed(_ noise: Comparison.Noise) -> Comparison.Verdict {
      verdict(new, base, .isBetter(.lower, noise: noise))
    }
    #expect(timed(.inSeeds) == .better)
    #expect(timed(.betweenRuns(0.05)) == .better)
    #expect(timed(.betweenRuns(0.2)) == .undecided(.withinNoise(0.2)))
    #expect(timed(.unknownBetweenRuns) == .undecided(.notCalibrated))
    #expect(verdict(new, base, .barred(.otherText)) == .undecided(.otherText))
  }

  @Test func `the exact test is named where it contradicts the t test`() {
    // One seed far off the others, all of one sign: the t test sees a wide spread, the signs do
    // not.
    let skewed = Comparison(
      subject: [0, 0, 0, 0, 0, 0, 0], baseline: [0.01, 0.012, 0.011, 0.013, 0.01, 0.012, 2],
      question: .isBetter(.lower))
    #expect(skewed.testsDisagree)
    let alike = Comparison(
      subject: [0, 0, 0, 0, 0, 0, 0], baseline: [1, 1.2, 1.1, 1.3, 1, 1.2, 1.1],
      question: .isBetter(.lower))
    #expect(!alike.testsDisagree)
  }

  @Test func `the seeds that a difference needs are those that then find it four times in five`()
    throws
  {
    let seen = Comparison(
      subject: [1.0, 1.2, 1.4], baseline: [1.2, 1.5, 1.3], question: .isBetter(.lower))
    let needed = try #require(judged(seen)[0].seedsNeeded(tests: 2))
    let effect = try #require(seen.difference)
    let sd = try #require(seen.differences.sd)
    var random = Simulation(seed: 11)
    var found = 0
    for _ in 0..<400 {
      let differences = (0..<needed).map { _ in effect + sd * random.normal() }
      let again = Comparison(
        subject: differences, baseline: [Double](repeating: 0, count: needed),
        question: .isBetter(.lower))
      if let p = again.p, p < 0.025 { found += 1 }
    }
    // 320 expected, standard deviation 8.
    #expect((290...360).contains(found), "\(found) of 400 with \(needed) seeds")
    #expect(Comparison(subject: [1], baseline: [2]).seedsNeeded(tests: 1) == nil)
  }

  private func timed(
    _ subject: [Double], _ baseline: [Double], isPaired: Bool = true,
    noise: Comparison.Noise = .inSeeds
  ) -> Comparison {
    func mean(_ logs: [Double]) -> Double { exp(logs.reduce(0, +) / Double(logs.count)) }
    let rounds = MeanDifference(subject, baseline, isPaired: isPaired)
    return judged(
      Comparison(
        subject: [mean(subject)], baseline: [mean(baseline)], rounds: rounds,
        question: .isBetter(.lower, noise: noise)))[0]
  }

  @Test func `rounds of measurement tell from one seed, by their ratios`() throws {
    // The machine's pace changes by a factor of e between rounds, for both alike.
    let one = timed([0.0, 0.52, 1.01, 0.48], [1.0, 1.5, 2.0, 1.5])
    #expect(one.verdict == .better && one.n == 1 && one.test.n == 4 && one.hasRounds)
    let (ratio, interval) = (try #require(one.ratio), try #require(one.ratioInterval))
    #expect(interval.low < ratio && ratio < interval.high && interval.high < 0.4)
    let difference = try #require(one.interval)
    #expect(abs(difference.low - (interval.low - 1) * (one.baseline.mean ?? 0)) < 1e-12)
    #expect(timed([1.0, 1.5, 2.0, 1.5], [0.0, 0.52, 1.01, 0.48]).verdict == .worse)
    guard case .noneLarger = timed([1.0, 1.5, 2.1, 1.4], [1.02, 1.4, 2.0, 1.5]).verdict else {
      Issue.record("a difference was found")
      return
    }
    #expect(one.seedsNeeded(tests: 1) == nil)
  }

  @Test func `rounds that show no spread are no evidence, and two are too few`() {
    #expect(timed([0], [1]).verdict == .undecided(.fewSeeds(1)))
    #expect(!timed([0, 1], [1, 2]).hasRounds)
    #expect(timed([0, 1.2], [0.1, 1.1]).verdict == .undecided(.fewRounds(2)))
  }

  @Test func `rounds of two runs are two samples, and the noise between runs has its say`() {
    let (new, base) = ([0.0, 0.01, -0.01, 0.02], [0.2, 0.21, 0.19, 0.2])
    #expect(
      timed(new, base, isPaired: false, noise: .betweenRuns(0.1)).verdict == .better)
    #expect(
      timed(new, base, isPaired: false, noise: .betweenRuns(0.3)).verdict
        == .undecided(.withinNoise(0.3)))
    #expect(
      timed(new, base, isPaired: false, noise: .unknownBetweenRuns).verdict
        == .undecided(.notCalibrated))
  }

  @Test
  func
    `what is compared by ratio says how much of the baseline is ruled out, or that too little is`()
    throws
  {
    func verdict(_ subject: [Double], _ baseline: [Double]) -> Comparison.Verdict {
      judged(
        Comparison(
          subject: subject, baseline: baseline, isRatio: true, question: .isBetter(.lower)))[0]
        .verdict
    }
    // Times that grow tenfold from seed to seed, the ratio always about 0.5.
    #expect(verdict([0.5, 5.1, 49], [1, 10, 100]) == .better)
    guard case .noneLarger(let share, true) = verdict([1, 2.1, 3], [1.02, 2, 3.1]) else {
      Issue.record("no share")
      return
    }
    #expect(share > 0.05 && share < 0.2)
    guard case .undecided(.wide(let ratios)) = verdict([1, 4, 1], [3, 1, 2]) else {
      Issue.record("not wide")
      return
    }
    #expect(ratios.low < 0.5 && ratios.high > 2)
    // Either way round the same is ruled out.
    guard case .noneLarger(let other, true) = verdict([1.02, 2, 3.1], [1, 2.1, 3]) else {
      Issue.record("no share")
      return
    }
    #expect(abs(share - other) < 1e-12)
  }

  @Test
  func `a bound is kept by the largest value, and breaking it shows where the baseline keeps it`() {
    func bounded(_ subject: [Double], _ limit: Double?) -> Comparison {
      Comparison(
        subject: subject, baseline: [1, 2], isPaired: false,
        question: .keepsBound(subject: limit, baseline: 3))
    }
    #expect(bounded([1, 3], 3).verdict == .within(3) && !bounded([1, 3], 3).breaksBound)
    #expect(bounded([1, 4], 3).verdict == .beyond(3) && bounded([1, 4], 3).breaksBound)
    #expect(bounded([1], nil).verdict == .unbounded && bounded([1], nil).breaksBound)
    #expect(judged(bounded([1, 4], 3))[0].holmP == nil)
  }

  @Test func `a test that was judged before keeps its p, whichever way round it is asked`() {
    let first = Comparison(
      subject: [1, 2, 3, 4], baseline: [1.5, 2.4, 3.6, 4.5], question: .isBetter(.lower))
    var table =
      [first]
      + (0..<3).map { place in
        Comparison(
          subject: [1, 2, 3, 4], baseline: [2, 1, 4, 3.2 + Double(place)],
          question: .isBetter(.lower))
      }
    Comparison.judge(&table)
    var turned = [
      Comparison(
        subject: [1.5, 2.4, 3.6, 4.5], baseline: [1, 2, 3, 4], question: .isBetter(.lower))
    ]
    #expect(Comparison.judge(&turned, among: table) == 4)
    #expect(turned[0].holmP == table[0].holmP && table[0].holmP ?? 0 > first.p ?? 1)
    #expect(Comparison.judge(&turned) == 1 && turned[0].holmP == first.p)
  }
}
