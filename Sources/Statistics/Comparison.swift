// Comparison: one quantity on two sides, and what may be said of the difference. Summary, pivot, diff and report all
// judge by this file; nothing else decides.
//
// The rule: values are paired by seed where the seeds pair, and a paired t test decides; elsewhere Welch's t test does.
// Holm's correction goes over all tests of the table that is shown. A count needs no test, only a difference that
// matters. The exact permutation test, which assumes no distribution, stands beside the t test and decides nothing.

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

  package let subject: Sample
  package let baseline: Sample
  /// Whether the values stand in pairs, one a seed.
  package let isPaired: Bool
  package let question: Question
  /// The p of the t test after Holm's correction over its table; nil where nothing was tested.
  package fileprivate(set) var holmP: Double?
  package fileprivate(set) var verdict: Verdict = .described

  /// - Parameter isPaired: whether both sides have one value a seed, in the same order.
  package init(
    subject: [Double], baseline: [Double], isPaired: Bool = true, question: Question = .none
  ) {
    precondition(!isPaired || subject.count == baseline.count, "pairs of unequal number")
    self.subject = Sample(subject)
    self.baseline = Sample(baseline)
    self.isPaired = isPaired
    self.question = question
    verdict = decided
  }

  /// Pairs values by seed where the seeds pair.
  package init(
    subject: [(seed: Int, value: Double)], baseline: [(seed: Int, value: Double)],
    question: Question = .none
  ) {
    let values = Dictionary(baseline, uniquingKeysWith: { first, _ in first })
    let pairs = subject.compactMap { one in values[one.seed].map { (one.value, $0) } }
    if Self.isPaired(shared: pairs.count, subject.count, baseline.count) {
      self.init(subject: pairs.map(\.0), baseline: pairs.map(\.1), question: question)
    } else {
      self.init(
        subject: subject.map(\.value), baseline: baseline.map(\.value), isPaired: false,
        question: question)
    }
  }

  /// Whether values of so many seeds are paired, rather than compared as two samples.
  ///
  /// Pairs say more than what is left without a partner, unless they are few and that is most of it.
  package static func isPaired(shared: Int, _ subject: Int, _ baseline: Int) -> Bool {
    shared > 0 && (shared == min(subject, baseline) || shared >= 6)
  }

  /// The number of pairs, or of values on the side that has fewer.
  package var n: Int { min(subject.n, baseline.n) }

  /// The mean of the subject less that of the baseline; nil where a side has no value.
  package var difference: Double? {
    if isPaired { return differences.mean }
    guard let above = subject.mean, let below = baseline.mean else { return nil }
    return above - below
  }

  /// Subject less baseline, by seed; of no values where they are not paired.
  package var differences: Sample {
    Sample(isPaired ? zip(subject.values, baseline.values).map { $0 - $1 } : [])
  }

  /// The 95 % t interval of the difference: Student's of pairs, else Welch's.
  ///
  /// Nil of fewer than two values on a side, and where all differences are one and the same number other than zero:
  /// a spread of zero seen in a few samples says nothing about the next sample.
  package var interval: Interval? {
    guard let difference, let error else { return nil }
    let half = StudentT(degreesOfFreedom: error.freedom).quantile(0.975) * error.value
    return Interval(low: difference - half, high: difference + half)
  }

  /// The two-sided p of the t test, not corrected; nil where `interval` is.
  package var p: Double? {
    guard let difference, let error else { return nil }
    if difference == 0 { return 1 }
    return StudentT(degreesOfFreedom: error.freedom).twoSided(difference / error.value)
  }

  // Welch, The generalization of Student's problem when several different population variances are involved, 1947.
  private var error: (value: Double, freedom: Double)? {
    if isPaired {
      let differences = differences
      guard let sd = differences.sd, !differences.isConstant || differences.mean == 0 else {
        return nil
      }
      return (sd / Double(n).squareRoot(), Double(n - 1))
    }
    guard let first = subject.sd, let second = baseline.sd else { return nil }
    let a = first * first / Double(subject.n)
    let b = second * second / Double(baseline.n)
    guard a + b > 0 else { return nil }
    let freedom =
      (a + b) * (a + b) / (a * a / Double(subject.n - 1) + b * b / Double(baseline.n - 1))
    return ((a + b).squareRoot(), freedom)
  }

  /// The ratio of the means, subject over baseline; nil of no values or a baseline of zero.
  package var ratio: Double? {
    guard let above = subject.mean, let below = baseline.mean, below != 0 else { return nil }
    return above / below
  }

  /// The 95 % t interval of the ratio, over the logarithms of each seed's ratio.
  ///
  /// It belongs to the geometric mean of the ratios; nil without pairs, where `interval` is, or where a value is not
  /// above zero.
  package var ratioInterval: Interval? {
    guard isPaired, interval != nil, (subject.values + baseline.values).allSatisfy({ $0 > 0 })
    else { return nil }
    let logs = Sample(zip(subject.values, baseline.values).map { log($0 / $1) })
    return logs.interval().map { Interval(low: exp($0.low), high: exp($0.high)) }
  }

  /// The exact test beside the t test: of sign flips where values are paired, else of permutations.
  ///
  /// Nil where there are too many arrangements to count, and where no arrangement could give p below the level.
  package var exactTest: PermutationTest? {
    let test =
      isPaired
      ? PermutationTest(differences: differences.values)
      : PermutationTest(subject.values, baseline.values)
    return test.flatMap { $0.minimumP < Self.level ? $0 : nil }
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

  private var isSameBits: Bool { isPaired && n > 0 && subject.values == baseline.values }

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
      guard n >= Self.fewSeeds, let interval else { return .undecided(.fewSeeds(n)) }
      return .noneLarger(
        than: max(abs(interval.low), abs(interval.high)) + noise.floor * abs(below))
    }
  }

  private func verdict(_ direction: Direction) -> Verdict {
    ((difference ?? 0) < 0) == (direction == .lower) ? .better : .worse
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
    case .undecided(.fewSeeds), .noneLarger: break
    default: return nil
    }
    guard let difference, difference != 0, let variance, variance > 0 else { return nil }
    // So many degrees of freedom are as good as a normal distribution.
    let normal = StudentT(degreesOfFreedom: 10_000)
    let tail = normal.quantile(1 - Self.level / Double(max(1, tests)) / 2)
    let reach = tail + normal.quantile(0.8)
    let power = reach * reach * variance / (difference * difference) + tail * tail / 2
    return max(
      Self.fewSeeds, power < Double(Self.mostSeeds) ? Int(power.rounded(.up)) : Self.mostSeeds + 1)
  }

  // Of the difference of two seeds: n of them give the mean's variance as this over n.
  private var variance: Double? {
    if isPaired { return differences.sd.map { $0 * $0 } }
    guard let first = subject.sd, let second = baseline.sd else { return nil }
    return first * first + second * second
  }
}
