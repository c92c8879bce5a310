// The answers of a run, first of all that is said of it: what keeps its bound, the questions of a
// training of two variants, and for each primary metric which variants are better or worse and
// where. All rest on the verdicts of the summary's comparisons; nothing is judged here.

import Config
internal import Foundation
import Records
package import Statistics

extension Summary {
  /// The answers, one an item, with the figures behind them below; empty where nothing is asked.
  package var answers: [ListItem] {
    let isLarge = blocks.count > Self.mostPoints
    return answers(naming: [isLarge ? 8 : .max])[0].map {
      $0.first(isLarge ? Self.fewLines : DocumentBlock.most, all: "summary.csv")
    }
  }

  /// So many lines are shown of an answer that has one for each of many points.
  private static var fewLines: Int { 20 }

  /// An answer that names so many variants at most of those that have one verdict.
  ///
  /// Nil where nothing is said. What does not depend on that number is worked out before.
  typealias Answer = @Sendable (_ limit: Int) -> ListItem?

  /// The answers, once for each number of variants that are named at most that have one verdict.
  func answers(naming limits: [Int]) -> [[ListItem]] {
    let first = standInItems + expectationItems + boundAnswers + inspectedAnswers
    let (figures, rates) = (figureAnswers, rateAnswers)
    // A question of quality is answered before what the quality costs.
    let asksOfQuality = asksOfQuality
    let levels = asksOfQuality ? levelAnswers : []
    let questions = asksOfQuality ? nil : trainingQuestions?.items
    let parts = asksOfQuality ? [primary.prefix(1), primary.dropFirst()] : [primary[...]]
    let verdicts = parts.map { verdictAnswers(Array($0)) + axisAnswers(Array($0)) }
    let growth = growthAnswers
    return limits.map { limit in
      func items(_ answers: [Answer]) -> [ListItem] { answers.compactMap { $0(limit) } }
      let asked =
        asksOfQuality
        ? levels + rates + items(verdicts[0]) + figures + items(verdicts[1])
        : figures + (questions ?? rates + items(verdicts[0]))
      return first + asked + items(growth)
    }
  }

  /// What is to be known before any figure.
  var standInItems: [ListItem] {
    facts.isDisjoint(with: StandIns.facts) ? [] : [StandIns(rows).answer].compactMap(\.self)
  }

  /// The questions of a training of two variants at one point; nil elsewhere.
  package var trainingQuestions: TrainingQuestions? {
    asksVerdict && blocks.count == 1 ? TrainingQuestions(blocks[0]) : nil
  }

  /// The verdicts on primary metrics against each baseline, those alike together.
  private func verdictAnswers(_ metrics: [Metric]) -> [Answer] {
    let asked = metrics.filter { $0.bound == nil }
    // Of each point the comparisons of each metric: there are more points than metrics to share out.
    let placed = blocks.mappedByThreads { block, _ in
      asked.map { metric in
        (block.line(metric)?.comparisons ?? []).map {
          Placed(variant: nil, axes: block.axes, comparison: $0)
        }
      }
    }
    return Array(zip(asked.indices, asked)).mappedByThreads(part: 1) { one, _ -> [Answer] in
      let (place, metric) = one
      let all = placed.flatMap { $0[place] }
      return variants.compactMap(baselines.baseline).unique.map { baseline in
        let some = all.filter { $0.comparison.baseline == baseline }
        let lacking = lacking(metric, baseline)
        let isRanked = metric == primary.first && blocks.count == 1
        return
          (isRanked ? ranked(metric, some.map(\.comparison), lacking) : nil)
          ?? answer(metric, "against \(baseline)", some, lacking: lacking)
      }
    }.flatMap(\.self)
  }

  /// The verdicts on what the values of an axis change, by metric.
  private func axisAnswers(_ metrics: [Metric]) -> [Answer] {
    axes.keys.flatMap { axis in
      metrics.map { metric in
        let all = axisComparisons.filter { $0.axis == axis && $0.metric == metric }.map {
          Placed(
            variant: variants.count > 1 ? $0.variant : nil, axes: $0.others, comparison: $0.values)
        }
        return answer(
          metric, "by \(axes.name(axis)), against \(all.first?.comparison.baseline ?? "")", all,
          lacking: [], of: "of its values")
      }
    }
  }

  /// Variants with finished cells that have no value of a metric, with the reason where one is
  /// known.
  private func lacking(_ metric: Metric, _ baseline: String) -> [String] {
    let rows = rows.lazy.filter { $0.status == .ok }
    if !rows.contains(where: { $0.value(metric) != nil }) { return [] }
    return variants.filter { $0 == baseline || baselines.baseline(of: $0) == baseline }
      .compactMap { variant in
        let own = rows.filter { $0.variant == variant }
        guard let one = own.first, !own.contains(where: { $0.value(metric) != nil }) else {
          return nil
        }
        let reason = metric.absenceFact.flatMap { one.fact($0)?.text }
        return variant + (reason.map { " (\($0))" } ?? "")
      }
  }

  /// So many variants of a ranking are always named.
  private static var fewestRanked: Int { 6 }

  /// Several variants at one point, a line each, the largest difference first.
  ///
  /// Nil of fewer than three, of counts, and where the same is said of all.
  private func ranked(
    _ metric: Metric, _ comparisons: [VariantComparison], _ lacking: [String]
  ) -> Answer? {
    let all = comparisons.filter { $0.values.difference != nil && $0.verdict != .described }
      .sorted { abs($0.values.test.estimate ?? 0) > abs($1.values.test.estimate ?? 0) }
    guard all.count > 2, !all.contains(where: \.isExact),
      all.map({ metric.text($0.verdict) }).unique.count > 1
    else { return nil }
    let texts = all.map { "\($0.subject) \(metric.figure([$0])): \(metric.text($0.verdict))" }
    let largest = all.first { $0.winner != nil }
    return { limit in
      let shown = texts.prefix(max(limit, Self.fewestRanked))
      var lines = Array(shown)
      if shown.count < all.count { lines.append("and \(all.count - shown.count) more") }
      if !lacking.isEmpty { lines.append("no value: \(lacking.joined(separator: ", "))") }
      return ListItem(
        lead: "\(metric.name) against \(all[0].baseline):",
        largest.map {
          "the largest difference \($0 == all[0] ? "" : "that can be told ")is that of \($0.subject)"
        }
          ?? "no difference can be told", below: lines)
    }
  }

  /// A comparison at a point of the axes; there may be many, which are sorted as references.
  private final class Placed: Sendable {
    /// Nil where variants are what is compared.
    let variant: String?
    let axes: [CellRow.Entry]
    let comparison: VariantComparison

    init(variant: String?, axes: [CellRow.Entry], comparison: VariantComparison) {
      (self.variant, self.axes, self.comparison) = (variant, axes, comparison)
    }
  }

  private func answer(
    _ metric: Metric, _ against: String, _ comparisons: [Placed], lacking: [String],
    of noun: String = "of the variants"
  ) -> Answer {
    let all = comparisons.filter {
      $0.comparison.values.difference != nil && $0.comparison.verdict != .described
    }
    // Mostly it is the same over and over.
    var last: (verdict: Comparison.Verdict, group: VerdictGroup)?
    let groups = Dictionary(grouping: all) { one in
      let verdict = one.comparison.verdict
      if let last, last.verdict == verdict { return last.group }
      let group = metric.group(verdict)
      last = (verdict, group)
      return group
    }
    let counts = Dictionary(all.map { ($0.comparison.subject, 1) }, uniquingKeysWith: +)
    let lines = groups.keys.sorted().map { group -> @Sendable (_ limit: Int) -> String in
      let some = groups[group] ?? []
      let subjects = some.map(\.comparison.subject).unique
      let words = words(metric, group, some)
      if group.isBare, subjects.count > 2, some.count == all.count {
        return { _ in "\(words): each of the \(subjects.count)" }
      }
      let own = Dictionary(grouping: some, by: \.comparison.subject)
      // A place is said of every subject, or of none.
      let isPlaced = subjects.contains { own[$0]?.count != counts[$0] }
      let texts = subjects.map { subject in
        text(metric, group, own[subject] ?? [], of: counts[subject] ?? 0, isPlaced: isPlaced)
      }
      return { limit in
        let more = texts.count > limit ? "; \(texts.count - limit) more \(noun)" : ""
        return "\(words): \(texts.prefix(limit).joined(separator: isPlaced ? "; " : ", "))\(more)"
      }
    }
    let lead = "\(metric.name) \(against):"
    return { limit in
      var lines = lines.map { $0(limit) }
      if !lacking.isEmpty { lines.append("no value: \(lacking.joined(separator: ", "))") }
      return lines.count > 1
        ? ListItem(lead: lead, "", below: lines)
        : lines.first.map { ListItem(lead: lead, $0, below: []) }
    }
  }

  /// The words of a group; where no difference was found, with the largest that is ruled out for
  /// all of it, and where that is.
  private func words(_ metric: Metric, _ group: VerdictGroup, _ some: [Placed]) -> String {
    let bounds = some.compactMap { one -> (place: Placed, bound: Double)? in
      if case .noneLarger(let bound, _) = one.comparison.verdict { (one, bound) } else { nil }
    }
    guard let largest = bounds.max(by: { $0.bound < $1.bound }) else { return group.words }
    let words = metric.text(largest.place.comparison.verdict)
    if Set(bounds.map(\.bound)).count == 1 { return words }
    let place = [largest.place.comparison.subject] + [label(largest.place)]
    return "\(words) (\(place.filter { !$0.isEmpty }.joined(separator: ", ")))"
  }

  private func label(_ one: Placed) -> String { axes.label(variant: one.variant, at: one.axes) }

  /// `flash1 0.52 to 0.21 x at sequence 512, 1024`: one variant where it got one verdict.
  private func text(
    _ metric: Metric, _ group: VerdictGroup, _ some: [Placed], of count: Int, isPlaced: Bool
  ) -> String {
    let figure = group.isBare ? "" : metric.figure(some.lazy.map { $0.comparison })
    let words = [some[0].comparison.subject] + (figure.isEmpty ? [] : [figure])
    let place = some.count == count ? (isPlaced ? ["everywhere"] : []) : [places(some, of: count)]
    return (words + place).joined(separator: " ")
  }

  /// `at sequence 512, 1024`, or `at 3 of 8 points` where the names would be a list.
  private func places(_ some: [Placed], of count: Int) -> String {
    let variants = some.compactMap(\.variant)
    if some[0].axes.isEmpty, !variants.isEmpty, some.count <= 4 {
      return "of " + variants.joined(separator: ", ")
    }
    if variants.isEmpty, some[0].axes.count == 1, some.count <= 4 {
      return "at \(axes.name(some[0].axes[0].key)) "
        + some.map { axes.text($0.axes[0].key, $0.axes[0].value) }.joined(separator: ", ")
    }
    return some.count == 1 ? "at \(label(some[0]))" : "at \(some.count) of \(count) points"
  }
}

/// What verdicts have in common that are told of together.
private struct VerdictGroup: Hashable, Comparable {
  /// The order in which groups are told.
  let place: Int
  let words: String
  /// Whether the figures say no more than the words.
  let isBare: Bool

  static func < (left: Self, right: Self) -> Bool {
    (left.place, left.words) < (right.place, right.words)
  }
}

extension Metric {
  fileprivate func group(_ verdict: Comparison.Verdict) -> VerdictGroup {
    let place =
      switch verdict {
      case .better: 0
      case .worse: 1
      case .differs: 2
      case .noneLarger: 3
      case .negligible, .same: 4
      case .undecided: 5
      case .described, .within, .beyond, .unbounded: 6
      }
    switch verdict {
    case .noneLarger:
      return VerdictGroup(place: place, words: "no difference found", isBare: true)
    case .same, .negligible:
      return VerdictGroup(place: place, words: text(verdict), isBare: true)
    case .undecided(.wide):
      let words = "cannot say: a difference of more than half is possible"
      return VerdictGroup(place: place, words: words, isBare: true)
    default: return VerdictGroup(place: place, words: text(verdict), isBare: false)
    }
  }

  /// The differences behind a verdict: one with its interval, several as a range.
  fileprivate func figure(_ comparisons: some Collection<VariantComparison>) -> String {
    guard let first = comparisons.first else { return "" }
    let isRatio = isRatioTold && (comparesByRatio || first.isExact)
    guard comparisons.count > 1 else {
      return isRatio ? first.values.ratioFigure : text(first.values)
    }
    let values = comparisons.compactMap { isRatio ? $0.values.ratio : $0.values.difference }
    guard let low = values.min(), let high = values.max() else { return "" }
    let ends = [low, high].map { isRatio ? Comparison.ratioText($0) : difference($0) }.unique
    return ends.joined(separator: " to ") + (isRatio ? " x" : "")
  }
}
