// What could not be told, and how many seeds would tell it: of the first question that stays open,
// and of no difference that is too small to matter.

internal import Foundation
import Records
import Statistics

extension Summary {
  /// How many seeds would tell what could not be told, and about how long they would take; nil
  /// where none would.
  var seedsNote: String? {
    let rates = rateSensitivities.filter { !$0.ties.isEmpty }
    // No comparison has more seeds than this, and of few of them no more is asked.
    let most = blocks.lazy.map(\.mostCells).max() ?? 0
    var open: [(metric: Metric, comparison: VariantComparison)] = []
    var n = rates.lazy.map(\.seeds.count).max() ?? 0
    for one in openComparisons {
      n = max(n, one.comparison.values.n)
      if most >= Comparison.fewSeeds { open.append(one) } else if n >= most { break }
    }
    if n == 0 { return nil }
    if n < Comparison.fewSeeds {
      let time = duration(ofSeeds: Comparison.fewSeeds - n).map { ", about \($0) more" } ?? ""
      return "\(Comparison.fewSeeds) seeds can show a large difference\(time): the same command "
        + "with --into latest --set seeds=1..\(Comparison.fewSeeds)"
    }
    // A sweep asks for the best rate first.
    let best = rates.compactMap { one in one.seedsToTell.map { (one, $0) } }
      .min { $0.1 < $1.1 }
    if let (one, seeds) = best {
      let of = variants.count > 1 ? " of \(one.variant)" : ""
      return note(seeds, beside: n, "tell the best learning rate\(of) from its nearest rival")
    }
    // Of the metric that the workload names first.
    let needed = open.filter { $0.metric == open[0].metric }.compactMap { one in
      one.comparison.values.seedsNeeded(tests: tests).map { (one, $0) }
    }
    guard let (one, seeds) = needed.min(by: { $0.1 < $1.1 }) else { return nil }
    let difference =
      one.metric.comparesByRatio
      ? one.comparison.values.ratioText + " x"
      : one.metric.difference(one.comparison.values.difference ?? 0)
    return note(
      seeds, beside: n, "show \(difference) in \(one.metric.name) of \(one.comparison.subject)")
  }

  /// What could not be told of the primary metrics, one by one.
  private var openComparisons: some Sequence<(metric: Metric, comparison: VariantComparison)> {
    primary.lazy.filter { !isAnswered($0) }.flatMap { metric in
      let ofAxes = axisComparisons.lazy.filter { $0.metric == metric }.map(\.values)
      let all = [
        AnySequence(blocks.lazy.flatMap { $0.line(metric)?.comparisons ?? [] }),
        AnySequence(ofAxes),
      ]
      return all.lazy.joined().filter { one in
        one.verdict.isOpen && !one.values.hasRounds && metric.matters(one.values)
      }.map { (metric: metric, comparison: $0) }
    }
  }

  /// Whether the question about a training that rests on a metric has its answer.
  private func isAnswered(_ metric: Metric) -> Bool {
    [Metric.valLoss, .accuracy].contains(metric)
      && trainingQuestions?.questions.contains {
        $0.key == "as_good" && [.yes, .no, .same].contains($0.answer)
      } == true
  }

  /// Nil where there are so many seeds already.
  private func note(_ seeds: Int, beside n: Int, _ what: String) -> String? {
    if seeds <= n { return nil }
    if seeds > Comparison.mostSeeds {
      return "more than \(Comparison.mostSeeds) seeds would be needed to \(what)"
    }
    let time = duration(ofSeeds: seeds - n).map { ", about \($0) more" } ?? ""
    return "about \(seeds) seeds would \(what)\(time): the same command with --into latest "
      + "--set seeds=1..\(seeds)"
  }

  /// `4 min`: what the cells of one seed took, times a number of seeds.
  private func duration(ofSeeds count: Int) -> String? {
    let rows = rows.filter { $0.status == .ok }
    let seconds = rows.compactMap { $0.value(.seconds) }.reduce(0, +)
    let seeds = Set(rows.map(\.seed)).count
    guard seeds > 0, seconds > 0 else { return nil }
    let time = seconds / Double(seeds) * Double(count)
    return switch time {
    case ..<90: String(format: "%.0f s", max(1, time))
    case ..<5400: String(format: "%.0f min", time / 60)
    default: String(format: "%.1f h", time / 3600)
    }
  }
}

extension Metric {
  /// Whether a difference is worth more seeds: 1 % of a time or rate, 0.1 % of anything else, and a
  /// thousandth of a nat of what is a change of loss itself.
  fileprivate func matters(_ comparison: Comparison) -> Bool {
    guard let difference = comparison.difference else { return false }
    if isDifference { return abs(difference) >= 0.001 }
    if comparesByRatio { return comparison.ratio.map { abs(log($0)) >= 0.01 } ?? true }
    return abs(difference) >= 0.001 * abs(comparison.baseline.mean ?? 0)
  }
}
