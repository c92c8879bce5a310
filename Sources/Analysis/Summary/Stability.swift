// Whether a variant trains more stably than its baseline. Two measures must have moved, and none
// the other way: loss spikes, the spread of the gradient's norm, diverged runs, and, where the
// learning rate is swept, the sensitivity to it.

import Config
import Records
import Statistics

/// How many runs of a variant diverged.
struct Divergence: Equatable {
  let count: Int
  let of: Int

  /// Runs that ended otherwise (oom, killed) say nothing about stability.
  init(_ variant: String, in rows: [CellRow]) {
    let rows = rows.filter { $0.variant == variant }
    count = rows.count { $0.status == .diverged }
    of = count + rows.count { $0.status == .ok }
  }

  /// `2 of 3`.
  var text: String { "\(count) of \(of)" }
}

/// The answer to "more stable?", by the verdicts on its measures.
struct StabilityAnswer {
  struct Measure {
    let name: String
    let comparison: VariantComparison
    /// What is said of it by itself.
    let words: String

    init(_ name: String, _ metric: Metric, _ comparison: VariantComparison) {
      self.name = name
      self.comparison = comparison
      words = "\(name) \(metric.text(comparison.verdict))"
    }
  }

  let measures: [Measure]
  let subject: Divergence
  let baseline: Divergence
  /// The names of measures whose verdicts stand in another answer, which are not repeated where
  /// nothing moved.
  var told: Set<String> = []

  var words: (TrainingQuestions.Answer, String) {
    if measures.isEmpty, subject.count + baseline.count == 0 {
      return (.notMeasured, "not measured")
    }
    func moved(_ verdict: Comparison.Verdict) -> [String] {
      measures.filter { $0.comparison.verdict == verdict }.map(\.name)
    }
    // That all runs of one variant diverged and none of the other is seen in more than one measure:
    // nothing else of them was.
    var (better, worse) = (moved(.better), moved(.worse))
    if subject.of >= 2, baseline.of >= 2 {
      if subject.count == 0, baseline.count == baseline.of {
        return (.yes, "yes: all others diverged")
      }
      if baseline.count == 0, subject.count == subject.of {
        return (.no, "no: all of its runs diverged")
      }
      if subject.count == 0, baseline.count >= 2 { better.append("diverged runs") }
      if baseline.count == 0, subject.count >= 2 { worse.append("diverged runs") }
    }
    let names = (better + worse).joined(separator: " and ")
    switch (better.count, worse.count) {
    case (2..., 0): return (.yes, "yes: \(names) moved")
    case (0, 2...): return (.no, "no, less: \(names) moved")
    case (1..., 1...):
      return (
        .mixed,
        "mixed: better in \(better.joined(separator: " and ")), worse in "
          + worse.joined(separator: " and ")
      )
    case (1, 0), (0, 1):
      return (
        .cannotTell,
        "cannot tell: only \(names) moved, for the \(worse.isEmpty ? "better" : "worse"); "
          + "two measures must"
      )
    default:
      let n = measures.map(\.comparison.values.n).max() ?? 0
      return n < Comparison.fewSeeds ? (.cannotTell, Comparison.Reason.fewSeeds(n).text) : open
    }
  }

  // Nothing moved: either each measure rules something out, or one is in doubt.
  private var open: (TrainingQuestions.Answer, String) {
    let isDoubtful = measures.contains { $0.comparison.verdict.reason != nil }
    let texts = measures.filter { !told.contains($0.name) }.map(\.words)
    return (
      isDoubtful ? .cannotTell : .notFound,
      (isDoubtful ? "cannot tell" : "no difference found")
        + (texts.isEmpty ? "" : ": " + texts.joined(separator: ", "))
    )
  }
}

/// The stability of a variant over a grid of learning rates, beside its baseline's.
struct SweptStability: Equatable {
  struct Measure: Equatable {
    let metric: Metric
    /// Of each seed's mean over the rates at which no run of either side failed.
    var comparison: VariantComparison
  }

  var measures: [Measure]
  let subject: Divergence
  let baseline: Divergence
}

extension Summary {
  /// One for each comparison of sensitivities, not judged yet.
  ///
  /// - Parameter grids: the blocks that differ in nothing but the rate.
  func unjudgedStabilities(
    over grids: [[SummaryBlock]], along axis: String
  ) -> [SweptStability] {
    let grids = Dictionary(
      grids.map { ($0[0].axes.filter { $0.key != axis }, $0) },
      uniquingKeysWith: { first, _ in first })
    let found = rateComparisons.mappedByThreads(part: 16) { one, _ -> SweptStability? in
      let grid = grids[one.others] ?? []
      let (subject, baseline) = (one.variants.subject, one.variants.baseline)
      let rows = grid.flatMap(\.rows)
      let whole = grid.map { block in
        block.rows.filter { [subject, baseline].contains($0.variant) }
      }.filter { rows in rows.allSatisfy { $0.status == .ok } }.flatMap { $0 }
      return SweptStability(
        measures: TrainingQuestions.stability.compactMap { metric in
          let sides = [subject, baseline].map { Self.means(of: metric, $0, in: whole) }
          if sides.contains(where: \.isEmpty) { return nil }
          return SweptStability.Measure(
            metric: metric,
            comparison: VariantComparison(
              subject, baseline, seeds: sides[0].map(\.seed),
              Comparison(
                subject: sides[0], baseline: sides[1],
                question: metric.question(isPrimary: true, isConstant: false))))
        }, subject: Divergence(subject, in: rows), baseline: Divergence(baseline, in: rows))
    }
    return found.compactMap(\.self)
  }

  /// Each seed's mean over its cells.
  private static func means(
    of metric: Metric, _ variant: String, in rows: [CellRow]
  ) -> [(seed: Int, value: Double)] {
    let rows = rows.filter { $0.variant == variant }
    return rows.map(\.seed).unique.compactMap { seed in
      Sample(rows.filter { $0.seed == seed }.compactMap { $0.value(metric) }).mean.map {
        (seed, $0)
      }
    }
  }

  /// The answers over a grid of learning rates, in which the sensitivity to the rate is a measure
  /// as well.
  var stabilityAnswers: [ListItem] {
    let pairs = Array(zip(rateComparisons, stabilities))
    let lines = pairs.mappedByThreads { pair, _ -> (place: String, words: String) in
      let (one, stability) = pair
      let sensitivity = StabilityAnswer.Measure("sensitivity", .valLoss, one.variants)
      let answer = StabilityAnswer(
        measures: [sensitivity]
          + stability.measures.map {
            StabilityAnswer.Measure($0.metric.name, $0.metric, $0.comparison)
          }, subject: stability.subject, baseline: stability.baseline, told: [sensitivity.name])
      let place = axes.label(variant: one.variants.subject, at: one.others)
      return (place: "\(place) against \(one.variants.baseline)", words: answer.words.1)
    }
    let words = lines.map(\.words).unique
    if lines.count > 1, words.count == 1 {
      return [ListItem(lead: "More stable?", words[0], below: [])]
    }
    return lines.isEmpty
      ? []
      : [ListItem(lead: "More stable?", "", below: lines.map { "\($0.place): \($0.words)" })]
  }
}
