// Comparison: one quantity on two sides, and what may be said of the difference. Summary, pivot, diff and report all
// judge by this file; nothing else decides.
//
// The rule: values are paired by seed where the seeds pair, and a paired t test decides; elsewhere Welch's t test does.
// A time that was measured in rounds is judged by the logarithms of the rounds instead. Holm's
// correction goes over all tests of the table that is shown. A count needs no test, only a
// difference that matters. The exact permutation test, which assumes no distribution, stands beside
// the t test and decides nothing.

internal import Foundation

/// Two sides of one quantity: the subject, held against the baseline.
package struct Comparison: Equatable, Sendable {
  /// The level of every claim, after Holm's correction.
  package static let level = 0.05
  /// Fewer seeds than this say little: where they show nothing, that is all that is said.
  package static let fewSeeds = 3

  /// Which direction is an improvement.
  package enum Direction: Equatable, Sendable {
    case lower, higher
  }

  /// What is asked about the two sides.
  package enum Question: Equatable, Sendable {
    /// Whether the subject is better, which a test decides.
    case isBetter(Direction, noise: Noise = .inSeeds)
    /// Whether counts differ by more than a share of the baseline's; a nil direction is of what is no merit.
    case isCounted(Direction?, threshold: Double = 0)
    /// Nothing: the difference is described with its interval.
    case none
    /// Nothing may be said.
    case barred(Reason)
  }

  /// Where the noise of a sampled quantity shows.
  package enum Noise: Equatable, Sendable {
    /// In the scatter of the seeds.
    case inSeeds
    /// Between runs too: logarithms of equal runs differ by as much as this in 1 of 20 cases.
    case betweenRuns(Double)
    /// Between runs too, and nobody has measured how much.
    case unknownBetweenRuns

    fileprivate var floor: Double {
      if case .betweenRuns(let floor) = self { floor } else { 0 }
    }
  }

  /// Why nothing can be said.
  package enum Reason: Equatable, Sendable {
    /// So many seeds: too few to say.
    case fewSeeds(Int)
    /// Every seed has the very same difference: no spread to judge it by.
    case noSpread
    /// The difference is within what equal runs on this host differ by.
    case withinNoise(Double)
    /// How far equal runs lie apart on this host is not known.
    case notCalibrated
    /// The sides read different texts.
    case otherText
    /// By itself it would be a difference, but not among so many tests.
    case chance
    /// A side has no value.
    case missing
  }

  /// What may be said.
  package enum Verdict: Equatable, Sendable {
    /// The subject is better than the baseline, or worse.
    case better, worse
    /// Counts are equal, or all seeds gave the same bits.
    case same
    /// Counts differ by less than the share of the baseline's that matters.
    case negligible(Double)
    /// Counts differ in what is no merit.
    case differs
    /// No difference was found, and one larger than this is ruled out by the 95 % interval.
    case noneLarger(than: Double)
    case undecided(Reason)
    /// No verdict was asked for.
    case described
  }

  /// The values of both sides, one a seed.
  private let values: MeanDifference
  /// Logarithms of a time or rate in each round of measurement; nil where the seeds alone show the
  /// spread.
  private let rounds: MeanDifference?
  package let question: Question
  /// The p of the t test after Holm's correction over its table; nil where nothing was tested.
  package fileprivate(set) var holmP: Double?
  package fileprivate(set) var verdict: Verdict = .described

  /// - Parameters:
  ///   - isPaired: whether both sides have one value per seed, in the same order.
  ///   - rounds: the logarithms of both sides in rounds of measurement, which show the spread
  ///     within a seed.
  package init(
    subject: [Double], baseline: [Double], isPaired: Bool = true, rounds: MeanDifference? = nil,
    question: Question = .none
  ) {
    values = MeanDifference(subject, baseline, isPaired: isPaired)
    self.rounds = rounds?.interval == nil ? nil : rounds
    self.question = question
    verdict = decided
  }

  /// Pairs values by seed where the seeds pair.
  package init(
    subject: [(seed: Int, value: Double)], baseline: [(seed: Int, value: Double)],
    rounds: MeanDifference? = nil, question: Question = .none
  ) {
    let values = Dictionary(baseline, uniquingKeysWith: { first, _ in first })
    let pairs = subject.compactMap { one in values[one.seed].map { (one.value, $0) } }
    if Self.isPaired(shared: pairs.count, subject.count, baseline.count) {
      self.init(
        subject: pairs.map(\.0), baseline: pairs.map(\.1), rounds: rounds, question: question)
    } else {
      self.init(
        subject: subject.map(\.value), baseline: baseline.map(\.value), isPaired: false,
        rounds: rounds, question: question)
    }
  }

  /// Whether values of so many seeds are paired, rather than compared as two samples.
  ///
  /// Pairs say more than what is left without a partner, unless they are few and that is most of it.
  package static func isPaired(shared: Int, _ subject: Int, _ baseline: Int) -> Bool {
    shared > 0 && (shared == min(subject, baseline) || shared >= 6)
  }

  package var subject: Sample { values.subject }
  package var baseline: Sample { values.baseline }
  /// Whether the seeds' values stand in pairs.
  package var isPaired: Bool { values.isPaired }
  /// The number of pairs of seeds, or of seeds on the side that has fewer.
  package var n: Int { values.n }
  /// What the test rests on: the values of the seeds, or the rounds.
  package var test: MeanDifference { rounds ?? values }
  /// Whether the test rests on rounds of measurement.
  package var hasRounds: Bool { rounds != nil }
  /// The mean of the subject less that of the baseline; nil where a side has no value.
  package var difference: Double? { values.estimate }
  /// Subject less baseline, by seed; of no values where they are not paired.
  package var differences: Sample { values.differences }
  /// The two-sided p of the t test, not corrected; nil where `interval` is.
  package var p: Double? { test.p }

  /// The 95 % t interval of the difference.
  ///
  /// Of rounds it is that of the ratio, times the baseline's mean. Nil where no spread was seen.
  package var interval: Interval? {
    guard rounds != nil else { return values.interval }
    guard let ratioInterval, let below = baseline.mean else { return nil }
    return Interval(low: (ratioInterval.low - 1) * below, high: (ratioInterval.high - 1) * below)
  }

  /// The ratio of the means, subject over baseline; nil of no values or a baseline of zero.
  package var ratio: Double? {
    guard let above = subject.mean, let below = baseline.mean, below != 0 else { return nil }
    return above / below
  }

  /// The 95 % t interval of the ratio, over the logarithms of each seed's ratio, or of each
  /// round's.
  ///
  /// It belongs to the geometric mean of the ratios; nil without pairs of seeds, where `interval`
  /// is, or where a value is not above zero.
  package var ratioInterval: Interval? {
    if let logs = rounds?.interval { return Interval(low: exp(logs.low), high: exp(logs.high)) }
    guard isPaired, values.interval != nil,
      (subject.values + baseline.values).allSatisfy({ $0 > 0 })
    else { return nil }
    let logs = Sample(zip(subject.values, baseline.values).map { log($0 / $1) })
    return logs.interval().map { Interval(low: exp($0.low), high: exp($0.high)) }
  }

  /// The exact test beside the t test: of sign flips where values are paired, else of permutations.
  ///
  /// Nil where there are too many arrangements to count, and where no arrangement could give p below the level.
  package var exactTest: PermutationTest? {
    test.permutationTest.flatMap { $0.minimumP < Self.level ? $0 : nil }
  }

  /// Whether the exact test and the t test, neither of them corrected, lie on two sides of the level.
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
    rounds == nil && isPaired && n > 0 && subject.values == baseline.values
  }

  /// Judges the comparisons of one table together, with Holm's correction over those that are tested.
  package static func judge(_ comparisons: inout [Comparison]) {
    let tested = comparisons.indices.filter { comparisons[$0].isTested }
    let adjusted = Holm.adjust(tested.compactMap { comparisons[$0].p })
    for (place, p) in zip(tested, adjusted) { comparisons[place].holmP = p }
    for place in comparisons.indices { comparisons[place].verdict = comparisons[place].decided }
  }

  private var decided: Verdict {
    guard let difference, let below = baseline.mean else { return .undecided(.missing) }
    switch question {
    case .none: return isSameBits ? .same : .described
    case .barred(let reason): return .undecided(reason)
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
      guard test.n >= Self.fewSeeds, let interval else { return .undecided(.fewSeeds(n)) }
      // Its interval leaves out zero: "no difference" beside it would contradict the figure.
      if let p, p < Self.level { return .undecided(.chance) }
      return .noneLarger(
        than: max(abs(interval.low), abs(interval.high)) + noise.floor * abs(below))
    }
  }

  private func verdict(_ direction: Direction) -> Verdict {
    ((test.estimate ?? difference ?? 0) < 0) == (direction == .lower) ? .better : .worse
  }
}

// MARK: Power

extension Comparison {
  /// More seeds than this are not worth naming.
  package static let mostSeeds = 100

  /// The seeds that would show a difference as large as the one seen, four times in five, in a table of so many tests.
  ///
  /// The t test's power, by the normal approximation with Guenther's correction. The spread is that of the values
  /// seen: of few seeds it is a rough guess.
  ///
  /// - Returns: nil where the test found it, where no spread was seen, where there is nothing to show, and where seeds
  ///   do not help; `mostSeeds` and one for more than are worth naming.
  package func seedsNeeded(tests: Int) -> Int? {
    switch verdict {
    case .undecided(.fewSeeds), .undecided(.chance), .noneLarger: break
    default: return nil
    }
    guard rounds == nil, let difference, difference != 0, let variance = values.variance,
      variance > 0
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
