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
    let plots = all.map(\.metric).unique.compactMap { metric in
      plot(metric, all.filter { $0.metric == metric })
    }
    if plots.isEmpty { return nil }
    let caption =
      "A dot is the difference of the means, of times their ratio; its bar is the 95 % interval of Student's t, by seed "
      + "where seeds pair. The verdict is of the difference, corrected for the number of tests (Holm)."
    return plots.joined + .element("p", ["class": "caption"], HTML(caption))
  }

  private func plot(_ metric: Metric, _ all: [Difference]) -> HTML? {
    // Times of small and large sizes have their place on one scale as ratios.
    let areRatios =
      metric.isTiming && all.allSatisfy { $0.comparison.values.ratioInterval != nil }
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
      "\(data.name(comparison.subject)) \(isRatio ? "/" : "-") \(data.name(comparison.baseline))"
    let point = data.title(difference.axes)
    return ForestPlot.Row(
      label: [pair, point].filter { !$0.isEmpty }.joined(separator: ", "), value: value,
      interval: interval,
      figure: isRatio ? Self.ratio(value, interval) : metric.text(comparison.values),
      verdict: ForestPlot.Verdict(
        text: metric.text(comparison.verdict), kind: comparison.verdict.tone),
      series: data.name(comparison.subject))
  }

  private static func ratio(_ value: Double, _ interval: Interval?) -> String {
    func text(_ ratio: Double) -> String {
      String(format: abs(ratio) < 9.9995 ? "%.3f" : "%.1f", ratio)
    }
    return text(value) + " x" + (interval.map { " [\(text($0.low)), \(text($0.high))]" } ?? "")
  }
}

extension Comparison.Verdict {
  /// How it is coloured: as good, as bad, or not at all.
  var tone: String {
    switch self {
    case .better: "better"
    case .worse: "worse"
    default: ""
    }
  }
}
