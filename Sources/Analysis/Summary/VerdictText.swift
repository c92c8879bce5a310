// What is asked of a metric, and the words of the answer: in one place, so that summary, pivot, diff and report say the
// same of the same numbers.

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

  /// What is asked of two sides of it.
  ///
  /// - Parameters:
  ///   - isPrimary: whether it gets a verdict where that takes a test; others are described.
  ///   - isConstant: whether all values of each side are the same.
  func question(
    isPrimary: Bool, isConstant: Bool, noise: Comparison.Noise = .inSeeds
  ) -> Comparison.Question {
    if isExact, isConstant {
      if case .bytes = format { return .isCounted(direction, threshold: Self.memoryThreshold) }
      return .isCounted(direction)
    }
    guard isPrimary, bound == nil, let direction else { return .none }
    return .isBetter(direction, noise: noise)
  }

  /// What may be said of the subject: `better`, `no difference larger than 0.0310`, `too few seeds to say`.
  package func text(_ verdict: Comparison.Verdict) -> String {
    switch verdict {
    case .better: "better"
    case .worse: "worse"
    case .same: "the same"
    case .negligible(let share): "the same within \(Self.percent(share))"
    case .differs: "differs"
    case .noneLarger(let bound): "no difference larger than \(text(bound))"
    case .undecided(let reason): reason.text
    case .described: ""
    }
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
    case .noSpread: "cannot say: no spread between seeds to judge by"
    case .withinNoise(let floor): "within the noise of this host, \(Metric.percent(floor))"
    case .notCalibrated: "cannot say: times not calibrated"
    case .otherText: "cannot say: another text"
    case .chance: "may be chance among so many tests"
    case .missing: "no seed finished in both"
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
    case .undecided: "undecided"
    case .described: "described"
    }
  }

  /// The largest difference that was not ruled out, where none was found.
  package var bound: Double? {
    if case .noneLarger(let bound) = self { bound } else { nil }
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

  /// The exact test where it contradicts the t test: `the sign-flip test gives p = 0.063, the t test 0.031`.
  func disagreement(_ metric: Metric) -> String? {
    guard holmP != nil, testsDisagree, let exact = exactTest, let p else { return nil }
    return
      "\(metric.name): the \(exact.name) test gives p = \(SummaryNotes.p(exact.p)), the t test "
      + "\(SummaryNotes.p(p)), before correction: a distribution far from normal?"
  }
}
