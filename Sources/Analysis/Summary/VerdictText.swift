// What is asked of a metric, and the words of the answer: in one place, so that summary, pivot,
// diff and report say the same of the same numbers.

internal import Foundation
package import Records
package import Statistics

extension Metric {
  /// How far counts of bytes may lie apart before one is called less than the other, as a share.
  package static let memoryThreshold = 0.01

  /// Which way is better; nil of what is no merit.
  package var direction: Comparison.Direction? {
    switch better {
    case .lower: .lower
    case .higher: .higher
    case .none: nil
    }
  }

  /// Whether sides are compared by their ratio: times and rates, but no shares in per cent.
  var comparesByRatio: Bool {
    if case .percent = format { return false }
    return isTiming
  }

  /// Whether a ratio of two values says something: not of what is a share or a difference already,
  /// nor of a bound and what is held against it.
  var isRatioTold: Bool {
    if case .percent = format { return false }
    return bound == nil && !isDifference && !Self.bounds.contains(self)
  }

  /// What others may be at most.
  private static let bounds = Set(all.compactMap { $0.bound?.most })

  /// The bound that rows put to it, the smallest of them; nil where they have none.
  func limit(in rows: [CellRow]) -> Double? {
    bound.flatMap { bound in
      rows.filter { $0.status == .ok }.compactMap { $0.metrics[bound.most] }.min()
    }
  }

  /// What is asked of two sides of it.
  ///
  /// - Parameters:
  ///   - isPrimary: whether it gets a verdict where that takes a test; others are described.
  ///   - isConstant: whether all values of each side are the same.
  ///   - limits: the bounds of subject and baseline.
  ///   - tokenizers: of both sides.
  func question(
    isPrimary: Bool, isConstant: Bool, noise: Comparison.Noise = .inSeeds,
    limits: [Double?] = [nil, nil], tokenizers: Set<String> = []
  ) -> Comparison.Question {
    if !compares(over: tokenizers) { return .barred(.otherTokenizer) }
    if bound != nil { return .keepsBound(subject: limits[0], baseline: limits[1]) }
    if isExact, isConstant {
      if case .bytes = format { return .isCounted(direction, threshold: Self.memoryThreshold) }
      return .isCounted(direction)
    }
    guard isPrimary, let direction else { return .none }
    return .isBetter(direction, noise: noise)
  }

  /// What may be said of the subject: `better`, `no difference larger than 0.0310`, `too few seeds
  /// to say`.
  package func text(_ verdict: Comparison.Verdict) -> String {
    switch verdict {
    case .better: "better"
    case .worse: "worse"
    case .same: "the same"
    case .negligible(let share): "the same within \(Self.percent(share))"
    case .differs: "differs"
    case .noneLarger(let bound, let isShare):
      "no difference larger than \(isShare ? Self.percentUp(bound) : distance(bound))"
    case .within(let bound): "within its bound of \(text(bound))"
    case .beyond(let bound): "beyond its bound of \(text(bound))"
    case .unbounded: "with no bound to keep"
    case .undecided(let reason): reason.text
    case .described: ""
    }
  }

  /// A share as per cent, rounded up to a tenth: a bound must hold as it is printed.
  static func percentUp(_ share: Double) -> String {
    percent((1000 * share).rounded(.up) / 1000)
  }

  /// A share as per cent: `1 %`, `2.5 %`.
  static func percent(_ share: Double) -> String {
    let percent = share * 100
    return String(format: percent == percent.rounded() ? "%.0f %%" : "%.1f %%", percent)
  }
}

extension Comparison.Reason {
  package var text: String {
    switch self {
    case .fewSeeds(let n): n == 1 ? "1 seed is too few to say" : "\(n) seeds are too few to say"
    case .fewRounds(let n): "\(n) rounds are too few to say"
    case .noSpread: "cannot say: no spread between seeds to judge by"
    case .withinNoise(let floor):
      // A floor is a difference of logarithms.
      "within the noise of this host, "
        + (exp(floor) <= 2
          ? Metric.percentUp(exp(floor) - 1) : "up to \(Comparison.ratioText(exp(floor))) x")
    case .notCalibrated: "cannot say: times not calibrated"
    case .otherText: "cannot say: another text"
    case .otherImages: "cannot say: other images"
    case .otherTokenizer: "cannot say: other tokens"
    case .wide(let ratios):
      "cannot say: anything from \(Comparison.ratioText(ratios.low)) to "
        + "\(Comparison.ratioText(ratios.high)) x is possible"
    case .chance: "may be chance among so many tests"
    case .missing: "no seed finished in both"
    case .valueless(let why): "cannot say: \(why)"
    }
  }
}

extension Comparison.Verdict {
  /// One word for programs.
  package var word: String {
    switch self {
    case .better: "better"
    case .worse: "worse"
    case .same: "same"
    case .negligible: "negligible"
    case .differs: "differs"
    case .noneLarger: "none_larger"
    case .within: "within"
    case .beyond: "beyond"
    case .unbounded: "unbounded"
    case .undecided: "undecided"
    case .described: "described"
    }
  }

  /// The largest difference that was not ruled out, where none was found, or the bound that was to
  /// be kept.
  package var bound: Double? {
    switch self {
    case .noneLarger(let bound, _), .within(let bound), .beyond(let bound): bound
    default: nil
    }
  }

  /// Why nothing can be said.
  package var reason: String? {
    if case .undecided(let reason) = self { reason.text } else { nil }
  }
}

extension Comparison {
  /// `paired t`, or `Welch t`, of seeds or `over rounds`; nil where nothing was tested.
  package var testName: String? {
    if holmP == nil { return nil }
    return (test.isPaired ? "paired t" : "Welch t") + (hasRounds ? " over rounds" : "")
  }

  /// The exact test where it contradicts the t test: `the sign-flip test gives p = 0.063, the t
  /// test 0.031`.
  func disagreement(_ metric: Metric) -> String? {
    guard holmP != nil, testsDisagree, let exact = exactTest, let p else { return nil }
    return
      "\(metric.name): the \(exact.name) test gives p = \(SummaryNotes.p(exact.p)), the t test "
      + "\(SummaryNotes.p(p)), before correction: a distribution far from normal?"
  }
}
