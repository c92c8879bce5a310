// Comparison: one quantity on two sides, and what may be said of the difference. Summary, pivot,
// diff and report all judge by this file; nothing else decides.
//
// The rule: values are paired by seed where the seeds pair, and a paired t test decides; elsewhere
// Welch's t test does. Times and rates are compared by ratio: the test is of the logarithms of the
// seeds' values, or of the rounds that they were measured in. Holm's correction goes over all tests
// of the table that is shown. A count needs no test, only a difference that matters, and a bound is
// kept or it is not. The exact permutation test, which assumes no distribution, stands beside the t
// test and decides nothing.

internal import Foundation

/// Two sides of one quantity: the subject, held against the baseline.
package struct Comparison: Equatable, Sendable {
  /// The level of every claim, after Holm's correction.
  package static let level = 0.05
  /// Fewer seeds than this say little: where they show nothing, that is all that is said.
  package static let fewSeeds = 3

  /// The values of both sides, one a seed.
  private let values: MeanDifference
  /// Logarithms of what is compared by ratio: of each seed's value, or of each round of
  /// measurement.
  private let logarithms: MeanDifference?
  /// Whether the test rests on rounds of measurement.
  package let hasRounds: Bool
  package let question: Question
  /// The p of the t test after Holm's correction over its table; nil where nothing was tested.
  package fileprivate(set) var holmP: Double?
  package fileprivate(set) var verdict: Verdict = .described

  /// - Parameters:
  ///   - isPaired: whether both sides have one value per seed, in the same order.
  ///   - isRatio: whether the sides are compared by their ratio, as times are.
  ///   - rounds: the logarithms of both sides in rounds of measurement, which show the spread
  ///     within a seed.
  package init(
    subject: [Double], baseline: [Double], isPaired: Bool = true, isRatio: Bool = false,
    rounds: MeanDifference? = nil, question: Question = .none
  ) {
    values = MeanDifference(subject, baseline, isPaired: isPaired)
    let rounds = rounds?.interval == nil ? nil : rounds
    hasRounds = rounds != nil
    logarithms = rounds ?? (isRatio ? values.logarithms : nil)
    self.question = question
    verdict = decided
  }

  /// Pairs values by seed where the seeds pair.
  package init(
    subject: [(seed: Int, value: Double)], baseline: [(seed: Int, value: Double)],
    isRatio: Bool = false, rounds: MeanDifference? = nil, question: Question = .none
  ) {
    let pairs = Self.pairs(subject, baseline)
    if Self.isPaired(shared: pairs.count, subject.count, baseline.count) {
      self.init(
        subject: pairs.map(\.0), baseline: pairs.map(\.1), isRatio: isRatio, rounds: rounds,
        question: question)
    } else {
      self.init(
        subject: subject.map(\.value), baseline: baseline.map(\.value), isPaired: false,
        isRatio: isRatio, rounds: rounds, question: question)
    }
  }

  /// The values of the seeds that both sides have.
  private static func pairs(
    _ subject: [(seed: Int, value: Double)], _ baseline: [(seed: Int, value: Double)]
  ) -> [(Double, Double)] {
    // A summary of many cells of one seed asks for a million of them.
    if subject.count == 1, baseline.count == 1 {
      return subject[0].seed == baseline[0].seed ? [(subject[0].value, baseline[0].value)] : []
    }
    let values = Dictionary(baseline, uniquingKeysWith: { first, _ in first })
    return subject.compactMap { one in values[one.seed].map { (one.value, $0) } }
  }

  /// Whether values of so many seeds are paired, rather than compared as two samples.
  ///
  /// Pairs say more than what is left without a partner, unless they are few and that is most of
  /// it.
  package static func isPaired(shared: Int, _ subject: Int, _ baseline: Int) -> Bool {
    shared > 0 && (shared == min(subject, baseline) || shared >= 6)
  }

  package var subject: Sample { values.subject }
  package var baseline: Sample { values.baseline }
  /// Whether the seeds' values stand in pairs.
  package var isPaired: Bool { values.isPaired }
  /// The number of pairs of seeds, or of seeds on the side that has fewer.
  package var n: Int { values.n }
  /// What the test rests on: the values of the seeds, or the logarithms of what is compared by
  /// ratio.
  package var test: MeanDifference { logarithms ?? values }
  /// The mean of the subject less that of the baseline; nil where a side has no value.
  package var difference: Double? { values.estimate }
  /// Subject less baseline, by seed; of no values where they are not paired.
  package var differences: Sample { values.differences }
  /// The two-sided p of the t test, not corrected; nil where `interval` is.
  package var p: Double? { test.p }

  /// The 95 % t interval of the difference.
  ///
  /// Of what is compared by ratio it is that of the ratio, times the baseline's mean. Nil where no
  /// spread was seen.
  package var interval: Interval? {
    guard logarithms != nil else { return values.interval }
    guard let ratioInterval, let below = baseline.mean else { return nil }
    return Interval(low: (ratioInterval.low - 1) * below, high: (ratioInterval.high - 1) * below)
  }

  /// Subject over baseline: the ratio of the means; of what is compared by ratio, the geometric
  /// mean of the ratios.
  ///
  /// Nil of no values or a baseline of zero.
  package var ratio: Double? {
    if let logs = logarithms?.estimate { return exp(logs) }
    guard let above = subject.mean, let below = baseline.mean, below != 0 else { return nil }
    return above / below
  }

  /// The 95 % t interval of the ratio, over the logarithms of each seed's ratio, or of each
  /// round's.
  ///
  /// It belongs to the geometric mean of the ratios; nil where `interval` is, or where a value is
  /// not above zero.
  package var ratioInterval: Interval? {
    let logs = logarithms ?? (isPaired && values.interval != nil ? values.logarithms : nil)
    return logs?.interval.map { Interval(low: exp($0.low), high: exp($0.high)) }
  }

  /// The exact test beside the t test: of sign flips where values are paired, else of permutations.
  ///
  /// Nil where there are too many arrangements to count, and where no arrangement could give p
  /// below the level.
  package var exactTest: PermutationTest? {
    test.permutationTest.flatMap { $0.minimumP < Self.level ? $0 : nil }
  }

  /// Whether the exact test and the t test, neither of them corrected, lie on two sides of the
  /// level.
  package var testsDisagree: Bool {
    guard let p, let exact = exactTest?.p else { return false }
    return (p < Self.level) != (exact < Self.level)
  }
}

// MARK: Verdicts

extension Comparison {
  /// Whether a test of it is one of those that Holm's correction counts.
  private var isTested: Bool {
    if case .isBetter = question, !isSameBits { return p != nil }
    return false
  }

  private var isSameBits: Bool {
    !hasRounds && isPaired && n > 0 && subject.values == baseline.values
  }

  /// Whether both test the same values, perhaps with the sides exchanged.
  private func isSameTest(as other: Self) -> Bool {
    let sides = [test, other.test].map { [$0.subject, $0.baseline] }
    return test.isPaired == other.test.isPaired
      && (sides[0] == sides[1] || sides[0] == sides[1].reversed())
  }

  /// Judges the comparisons of one table together, with Holm's correction over those that are
  /// tested.
  ///
  /// - Parameter others: what was judged before and is part of the same table: a test that is
  ///   among them keeps its p.
  /// - Returns: the number of tests that the correction went over.
  @discardableResult
  package static func judge(_ comparisons: inout [Comparison], among others: [Comparison] = [])
    -> Int
  {
    let known = others.filter { $0.holmP != nil }
    var fresh: [Int] = []
    for place in comparisons.indices where comparisons[place].isTested {
      let same = known.first { $0.isSameTest(as: comparisons[place]) }
      comparisons[place].holmP = same?.holmP
      if same == nil { fresh.append(place) }
    }
    let all = fresh.compactMap { comparisons[$0].p } + known.compactMap(\.p)
    for (place, p) in zip(fresh, Holm.adjust(all)) { comparisons[place].holmP = p }
    for place in comparisons.indices { comparisons[place].verdict = comparisons[place].decided }
    return all.count
  }

  private var decided: Verdict {
    if case .barred(let reason) = question { return .undecided(reason) }
    guard let difference, let below = baseline.mean else { return .undecided(.missing) }
    switch question {
    case .none, .barred: return isSameBits ? .same : .described
    case .keepsBound(let bound, _): return .of(subject.values, within: bound)
    case .isCounted(let direction, let threshold):
      if difference == 0 { return .same }
      if abs(difference) < threshold * abs(below) { return .negligible(threshold) }
      return direction.map(verdict) ?? .differs
    case .isBetter(let direction, let noise):
      if isSameBits { return .same }
      if noise == .unknownBetweenRuns { return .undecided(.notCalibrated) }
      if case .betweenRuns(let floor) = noise {
        guard let ratio, ratio > 0, abs(log(ratio)) > floor else {
          return .undecided(.withinNoise(floor))
        }
      }
      guard p != nil else { return .undecided(n < 2 ? .fewSeeds(n) : .noSpread) }
      if let holmP, holmP < Self.level { return verdict(direction) }
      guard test.n >= Self.fewSeeds, let interval else {
        return .undecided(hasRounds && test.n >= 2 ? .fewRounds(test.n) : .fewSeeds(n))
      }
      // Its interval leaves out zero: "no difference" beside it would contradict the figure.
      if let p, p < Self.level { return .undecided(.chance) }
      return logarithms == nil
        ? .noneLarger(than: max(abs(interval.low), abs(interval.high))) : openRatio(noise.floor)
    }
  }

  // No difference was found in a ratio. That it is less than half as much again is worth saying.
  private func openRatio(_ floor: Double) -> Verdict {
    guard let logs = logarithms?.interval else { return .undecided(.noSpread) }
    let share = exp(max(abs(logs.low), abs(logs.high)) + floor) - 1
    return share <= 0.5
      ? .noneLarger(than: share, isShare: true)
      : .undecided(.wide(Interval(low: exp(logs.low - floor), high: exp(logs.high + floor))))
  }

  /// Whether the subject breaks a bound that the baseline keeps.
  package var breaksBound: Bool {
    guard case .keepsBound(let mine, let theirs) = question,
      case .within = Verdict.of(baseline.values, within: theirs)
    else { return false }
    if case .within = Verdict.of(subject.values, within: mine) { return false }
    return true
  }

  private func verdict(_ direction: Direction) -> Verdict {
    ((test.estimate ?? difference ?? 0) < 0) == (direction == .lower) ? .better : .worse
  }
}

// MARK: Power

extension Comparison {
  /// More seeds than this are not worth naming.
  package static let mostSeeds = 100

  /// The seeds that would show a difference as large as the one seen, four times in five, in a
  /// table of so many tests.
  ///
  /// The t test's power, by the normal approximation with Guenther's correction. The spread is that
  /// of the values seen: of few seeds it is a rough guess.
  ///
  /// - Returns: nil where the test found it, where no spread was seen, where there is nothing to
  ///   show, and where seeds do not help; `mostSeeds` and one for more than are worth naming.
  package func seedsNeeded(tests: Int) -> Int? {
    guard verdict.isOpen, !hasRounds, let difference = test.estimate, difference != 0,
      let variance = test.variance, variance > 0
    else { return nil }
    // So many degrees of freedom are as good as a normal distribution.
    let normal = StudentT(degreesOfFreedom: 10_000)
    let tail = normal.quantile(1 - Self.level / Double(max(1, tests)) / 2)
    let reach = tail + normal.quantile(0.8)
    let power = reach * reach * variance / (difference * difference) + tail * tail / 2
    return max(
      Self.fewSeeds, power < Double(Self.mostSeeds) ? Int(power.rounded(.up)) : Self.mostSeeds + 1)
  }
}
