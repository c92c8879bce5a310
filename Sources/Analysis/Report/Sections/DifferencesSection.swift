// How far each variant is from its baseline, with the interval and the verdict that the summary
// gives.

internal import Foundation
import Records
import Statistics

/// A forest plot for each metric that gets a verdict and varies with seed or time.
struct DifferencesSection: ReportSection {
  static let id = "differences"
  static let title = "Differences"
  private let data: ReportData
  private static let mostRows = 40

  init(_ data: ReportData) { self.data = data }

  var absence: String {
    data.summary.variants.count < 2
      ? "there is one variant, so nothing to hold it against"
      : "no variant has two seeds in common with its baseline"
  }

  var content: HTML? {
    let all = data.summary.differences.filter { $0.comparison.values.interval != nil }
    if all.isEmpty { return nil }
    let told = all.filter { $0.fewSeeds == nil }
    let plots = all.map(\.metric).unique.compactMap { metric in
      plot(metric, told.filter { $0.metric == metric })
    }
    let few = self.few(all.filter { $0.fewSeeds != nil })
    if plots.isEmpty { return few }
    let caption =
      "A dot is the difference of the means, of times their ratio; its bar is the 95 % interval of Student's t, by seed "
      + "where seeds pair. The verdict is of the difference, corrected for the number of tests (Holm)."
    return plots.joined + .element("p", ["class": "caption"], HTML(caption)) + few
  }

  // Intervals that span everything are no picture.
  private func few(_ all: [Difference]) -> HTML {
    let sentences = all.map(\.metric).unique.map { metric in
      let differences = all.filter { $0.metric == metric }
      let seeds = differences.compactMap(\.fewSeeds).max() ?? 0
      let count = differences.count
      return "\(metric.name): \(seeds) \(seeds == 1 ? "seed is" : "seeds are") too few to say of "
        + (count == 1 ? "the one difference" : "any of \(count) differences")
        + " whether it is more than chance; \(Comparison.fewSeeds) or more can show a large one."
    }
    return sentences.map(paragraph).joined
  }

  private func plot(_ metric: Metric, _ all: [Difference]) -> HTML? {
    // As everywhere; and times of small and large sizes have their place on one scale.
    let areRatios = metric.comparesByRatio
    let rows = all.prefix(Self.mostRows).compactMap { row(metric, $0, isRatio: areRatios) }
    let better = metric.better == .lower ? "left is better" : "right is better"
    let left =
      all.count > rows.count
      ? HTML.element("p", ["class": "caption"], HTML("\(all.count - rows.count) more: summary.md"))
      : .nothing
    return ForestPlot(
      title: "\(metric.name): \(metric.meaning)", direction: better, rows: rows,
      unit: areRatios ? .plain : .metric(metric), areRatios: areRatios
    ).map { $0.html + left }
  }

  private func row(
    _ metric: Metric, _ difference: Difference, isRatio: Bool
  ) -> ForestPlot.Row? {
    let comparison = difference.comparison
    guard let value = isRatio ? comparison.values.ratio : comparison.values.difference else {
      return nil
    }
    let interval = isRatio ? comparison.values.ratioInterval : comparison.values.interval
    let pair =
      "\(data.name(comparison.subject)) against \(data.name(comparison.baseline))"
    let point = data.title(difference.axes)
    return ForestPlot.Row(
      label: [pair, point].filter { !$0.isEmpty }.joined(separator: ", "), value: value,
      interval: interval,
      figure: metric.text(comparison.values),
      verdict: ForestPlot.Verdict(
        text: metric.text(comparison.verdict), kind: comparison.verdict.tone),
      series: data.name(comparison.subject))
  }
}

extension Difference {
  /// The number of seeds, where it is too small for a verdict.
  fileprivate var fewSeeds: Int? {
    if case .undecided(.fewSeeds(let seeds)) = comparison.verdict { seeds } else { nil }
  }
}

extension Comparison.Verdict {
  /// How it is coloured: as good, as bad, or not at all.
  var tone: String {
    switch self {
    case .better, .within: "better"
    case .worse, .beyond: "worse"
    default: ""
    }
  }
}
