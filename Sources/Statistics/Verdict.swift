// What is asked of two sides of a quantity, and what may be said of them. Comparison.swift decides.

extension Comparison {
  /// Which direction is an improvement.
  package enum Direction: Equatable, Sendable {
    case lower, higher
  }

  /// What is asked about the two sides.
  package enum Question: Equatable, Sendable {
    /// Whether the subject is better, which a test decides.
    case isBetter(Direction, noise: Noise = .inSeeds)
    /// Whether counts differ by more than a share of the baseline's; a nil direction is of what is
    /// no merit.
    case isCounted(Direction?, threshold: Double = 0)
    /// Whether the subject keeps a bound: the most that each side may be, nil where it has none to
    /// keep.
    case keepsBound(subject: Double?, baseline: Double?)
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

    var floor: Double {
      if case .betweenRuns(let floor) = self { floor } else { 0 }
    }
  }

  /// Why nothing can be said.
  package enum Reason: Equatable, Sendable {
    /// So many seeds: too few to say.
    case fewSeeds(Int)
    /// As `fewSeeds`, of the rounds of a time.
    case fewRounds(Int)
    /// Every seed has the very same difference: no spread to judge it by.
    case noSpread
    /// The difference is within what equal runs on this host differ by.
    case withinNoise(Double)
    /// How far equal runs lie apart on this host is not known.
    case notCalibrated
    /// The sides read different texts.
    case otherText
    /// The same of images.
    case otherImages
    /// A token is another part of the text on either side.
    case otherTokenizer
    /// By itself it would be a difference, but not among so many tests.
    case chance
    /// A ratio anywhere in this interval is possible, which rules out too little to be an answer.
    case wide(Interval)
    /// A side has no value, as nothing of it has ended well.
    case missing
    /// A side has ended well and has no value all the same, for the reason that is said.
    case valueless(String)
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
    /// No difference was found, and one larger than this is ruled out by the 95 % interval; of what
    /// is compared by ratio it is the share by which either side may exceed the other.
    case noneLarger(than: Double, isShare: Bool = false)
    /// The subject keeps its bound, or does not.
    case within(Double), beyond(Double)
    /// The subject has no bound to keep.
    case unbounded
    case undecided(Reason)
    /// No verdict was asked for.
    case described
  }
}

extension Comparison.Verdict {
  /// Whether values keep a bound: the largest of them counts.
  package static func of(_ values: [Double], within bound: Double?) -> Self {
    guard let largest = values.max() else { return .undecided(.missing) }
    guard let bound else { return .unbounded }
    return largest <= bound ? .within(bound) : .beyond(bound)
  }

  /// Whether more seeds might tell more.
  package var isOpen: Bool {
    switch self {
    case .undecided(.fewSeeds), .undecided(.fewRounds), .undecided(.chance), .undecided(.wide),
      .noneLarger:
      true
    default: false
    }
  }
}
