// The answers of a run, first of all that is said of it: what keeps its bound, the questions of a training of two
// variants, and for each primary metric which variants are better or worse and where. All rest on the verdicts of the
// summary's comparisons; nothing is judged here.

import Config
internal import Foundation
import Records
package import Statistics

extension Summary {
  /// The answers, one an item, with the figures behind them below; empty where nothing is asked.
  package var answers: [ListItem] { answers(naming: .max) }

  /// The answers, in which so many variants at most are named that have one verdict.
  func answers(naming limit: Int) -> [ListItem] {
    expectationItems + boundAnswers + fitAnswers
      + (trainingQuestions?.items ?? rateAnswers + verdictAnswers(naming: limit))
      + growthAnswers
  }

  /// The questions of a training of two variants at one point; nil elsewhere.
  package var trainingQuestions: TrainingQuestions? {
    asksVerdict && blocks.count == 1 ? TrainingQuestions(blocks[0]) : nil
  }

  /// Whether inspected models fit into the memory that a process may use here.
  private var fitAnswers: [ListItem] {
    let uses = [("inference", Metric.inferenceBytes), ("training", .trainingBytes)]
    let lines = uses.compactMap { use, metric -> String? in
      let rows = blocks.flatMap(\.rows).filter { $0.fact("\(use)_fits") != nil }
      let texts = [(true, "yes"), (false, "no")].compactMap { fits, word -> String? in
        let some = rows.filter { $0.fact("\(use)_fits") == .bool(fits) }
        if some.isEmpty { return nil }
        let names = some.map { row in
          let name = axes.label(variant: variants.count > 1 ? row.variant : nil, at: row.axes)
          return [name, row.metrics[metric].map { "(\(metric.text($0)))" } ?? ""]
            .filter { !$0.isEmpty }.joined(separator: " ")
        }
        return "\(word): \(names.unique.joined(separator: ", "))"
      }
      return texts.isEmpty ? nil : "\(use): \(texts.joined(separator: "; "))"
    }
    return lines.isEmpty
      ? [] : [ListItem(lead: "Does it fit into memory here?", "", below: lines)]
  }

  /// The verdicts on each primary metric against each baseline, those alike together.
  private func verdictAnswers(naming limit: Int) -> [ListItem] {
    primary.flatMap { metric -> [ListItem] in
      let all = blocks.flatMap { block in
        (block.line(metric)?.comparisons ?? []).map { Placed(axes: block.axes, comparison: $0) }
      }.filter { $0.comparison.values.difference != nil && $0.comparison.verdict != .described }
      return all.map(\.comparison.baseline).unique.map { baseline in
        answer(
          metric, baseline, all.filter { $0.comparison.baseline == baseline }, naming: limit)
      }
    }
  }

  /// A comparison at a point of the axes.
  private struct Placed {
    let axes: [CellRow.Entry]
    let comparison: VariantComparison
  }

  private func answer(
    _ metric: Metric, _ baseline: String, _ all: [Placed], naming limit: Int
  ) -> ListItem {
    let groups = Dictionary(grouping: all) { metric.group($0.comparison.verdict) }
    let lines = groups.keys.sorted().map { group in
      let some = groups[group] ?? []
      let variants = some.map(\.comparison.subject).unique
      let words = metric.words(group, some.map(\.comparison))
      if group.isEven, variants.count > 2, some.count == all.count { return "\(words): all" }
      let texts = variants.prefix(limit).map { subject in
        text(
          metric, group, some.filter { $0.comparison.subject == subject },
          of: all.count { $0.comparison.subject == subject })
      }
      let more = variants.count > limit ? " and \(variants.count - limit) more" : ""
      return "\(words): \(texts.joined(separator: ", "))\(more)"
    }
    let lead = "\(metric.name) against \(baseline):"
    return lines.count == 1
      ? ListItem(lead: lead, lines[0], below: []) : ListItem(lead: lead, "", below: lines)
  }

  /// `flash1 0.52 to 0.21 x at sequence 512, 1024`: one variant where it got one verdict.
  private func text(
    _ metric: Metric, _ group: VerdictGroup, _ some: [Placed], of count: Int
  ) -> String {
    let figure = group.isEven ? "" : metric.figure(some.map(\.comparison))
    let variant = some[0].comparison.subject
    let words = [variant] + (figure.isEmpty ? [] : [figure])
    return (words + (some.count == count ? [] : ["at \(places(some.map(\.axes), of: count))"]))
      .joined(separator: " ")
  }

  /// `sequence 512, 1024`, or `3 of 8 points` where the names would be a list.
  private func places(_ points: [[CellRow.Entry]], of count: Int) -> String {
    if axes.keys.count == 1, points.count <= 4 {
      return axes.names[0] + " " + points.map { axes.texts($0)[0] }.joined(separator: ", ")
    }
    return points.count == 1
      ? axes.label(variant: nil, at: points[0]) : "\(points.count) of \(count) points"
  }
}

/// What verdicts have in common that are told of together.
private struct VerdictGroup: Hashable, Comparable {
  /// The order in which groups are told.
  let place: Int
  let words: String
  /// Whether no difference was found, so that a ratio would say nothing.
  let isEven: Bool

  static func < (left: Self, right: Self) -> Bool {
    (left.place, left.words) < (right.place, right.words)
  }
}

extension Metric {
  /// Whether a ratio of two values says something: not of what is a share already, nor of a bound
  /// and what is held against it.
  var isRatioTold: Bool {
    if case .percent = format { return false }
    return bound == nil && !Metric.all.contains { $0.bound?.most == self }
  }

  fileprivate func group(_ verdict: Comparison.Verdict) -> VerdictGroup {
    let place =
      switch verdict {
      case .better: 0
      case .worse: 1
      case .differs: 2
      case .noneLarger: 3
      case .negligible, .same: 4
      case .undecided: 5
      case .described: 6
      }
    switch verdict {
    case .noneLarger:
      return VerdictGroup(place: place, words: "no difference found", isEven: true)
    case .same, .negligible:
      return VerdictGroup(place: place, words: text(verdict), isEven: true)
    default: return VerdictGroup(place: place, words: text(verdict), isEven: false)
    }
  }

  /// The words of a group; where no difference was found, with the largest that is ruled out for all of it.
  fileprivate func words(_ group: VerdictGroup, _ comparisons: [VariantComparison]) -> String {
    if comparisons.allSatisfy({ $0.verdict.bound == nil }) { return group.words }
    let bounds = comparisons.compactMap { comparison in
      comparison.verdict.bound.map { (comparison, $0) }
    }
    guard let (comparison, bound) = bounds.max(by: { $0.1 < $1.1 }) else { return group.words }
    return text(.noneLarger(than: bound), of: comparison.values.baseline.mean)
  }

  /// The words of a verdict; of a time, the bound is a share of the baseline's, which says more than seconds.
  func text(_ verdict: Comparison.Verdict, of baseline: Double?) -> String {
    guard case .noneLarger(let bound) = verdict, isTiming, let baseline, baseline != 0 else {
      return text(verdict)
    }
    return
      "no difference larger than \(Self.percent((1000 * bound / abs(baseline)).rounded(.up) / 1000))"
  }

  /// The differences behind a verdict: one with its interval, several as a range.
  fileprivate func figure(_ comparisons: [VariantComparison]) -> String {
    let isRatio = isRatioTold && (isTiming || comparisons[0].isExact)
    guard comparisons.count > 1 else {
      guard isRatio else { return text(comparisons[0].values) }
      let interval = comparisons[0].values.ratioInterval.map {
        " [\(Comparison.ratioText($0.low)), \(Comparison.ratioText($0.high))]"
      }
      return comparisons[0].values.ratioText + " x" + (interval ?? "")
    }
    let values = comparisons.compactMap { isRatio ? $0.values.ratio : $0.values.difference }
    guard let low = values.min(), let high = values.max() else { return "" }
    let ends = [low, high].map { isRatio ? Comparison.ratioText($0) : difference($0) }.unique
    return ends.joined(separator: " to ") + (isRatio ? " x" : "")
  }
}

// What could not be told, and what it would take.

extension Summary {
  /// How many seeds would tell what could not be told, and about how long they would take; nil where none would.
  var seedsNote: String? {
    let open = primary.flatMap { metric in
      blocks.flatMap { $0.line(metric)?.comparisons ?? [] }.map { (metric: metric, comparison: $0) }
    }.filter { $0.comparison.verdict.isOpen && !$0.comparison.values.hasRounds }
    let n = open.map(\.comparison.values.n).max() ?? 0
    if n == 0 { return nil }
    if n < Comparison.fewSeeds {
      let time = duration(ofSeeds: Comparison.fewSeeds - n).map { ", about \($0) more" } ?? ""
      return "\(Comparison.fewSeeds) seeds can show a large difference\(time): the same command "
        + "with --into latest --set seeds=1..\(Comparison.fewSeeds)"
    }
    // Of the metric that the workload names first.
    let needed = open.filter { $0.metric == open[0].metric }.compactMap { one in
      one.comparison.values.seedsNeeded(tests: tests).map { (one, $0) }
    }
    guard let (one, seeds) = needed.min(by: { $0.1 < $1.1 }), seeds > n else { return nil }
    let difference = one.metric.difference(one.comparison.values.difference ?? 0)
    let place = "\(difference) in \(one.metric.name) of \(one.comparison.subject)"
    if seeds > Comparison.mostSeeds {
      return "more than \(Comparison.mostSeeds) seeds would be needed to show \(place)"
    }
    let time = duration(ofSeeds: seeds - n).map { ", about \($0) more" } ?? ""
    return "about \(seeds) seeds would show \(place)\(time): the same command with --into latest "
      + "--set seeds=1..\(seeds)"
  }

  /// `4 min`: what the cells of one seed took, times a number of seeds.
  private func duration(ofSeeds count: Int) -> String? {
    let rows = blocks.flatMap(\.rows).filter { $0.status == .ok }
    let seconds = rows.compactMap { $0.metrics[.seconds] }.reduce(0, +)
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

extension Comparison.Verdict {
  /// Whether more seeds might tell more.
  fileprivate var isOpen: Bool {
    switch self {
    case .undecided(.fewSeeds), .undecided(.chance), .noneLarger: true
    default: false
    }
  }
}
