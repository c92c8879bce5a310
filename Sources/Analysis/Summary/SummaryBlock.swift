// SummaryBlock: the summary at one point of the matrix. Of the verdicts, those that depend on the
// other points are kept; all else is made of the rows when it is asked for, for there may be tens
// of thousands of points, and few metrics of each are looked at.

import Config
package import Records
import Statistics

/// The summary at one combination of axis values.
package struct SummaryBlock: Sendable {
  /// What stays as it is: blocks are handed on a great many times, as one reference.
  private final class Content: Sendable {
    let axes: [CellRow.Entry]
    let rows: [CellRow]
    let variants: [String]
    let baselines: Baselines
    let metrics: [Metric]
    let samples: [VariantRows]
    /// The metrics that get a verdict where that takes a test.
    let primary: Set<Metric>
    /// The metrics that any row has a value of, and those of each row where all have the same.
    private let measured: [Metric]
    private let common: [Metric]?

    /// - Parameter other: one that may have the same metrics.
    init(
      _ axes: [CellRow.Entry], _ rows: [CellRow], _ variants: [String], _ baselines: Baselines,
      _ primary: Set<Metric>, like other: Content?
    ) {
      (self.axes, self.rows, self.variants, self.baselines) = (axes, rows, variants, baselines)
      self.primary = primary
      samples = variants.map { variant in
        VariantRows(variant, rows.filter { $0.variant == variant })
      }
      let first = rows.first?.metrics.unordered
      let common = rows.allSatisfy { $0.metrics.unordered == first } ? first : nil
      let known = other.flatMap { $0.common == common ? $0.measured : nil }
      let measured = common == nil ? rows.measured : known ?? rows.measured
      (self.common, self.measured) = (common, measured)
      metrics =
        rows.allSatisfy { $0.status == .ok }
        ? measured : measured.filter { metric in rows.contains { $0.counted(metric) != nil } }
    }

    /// Whether there may be a test: of two values of a side, or of rounds.
    var isTestable: Bool {
      samples.contains { $0.rows.count > 1 } || rows.contains { $0.rounds != nil }
    }

    func line(_ metric: Metric) -> SummaryLine {
      SummaryLine(metric, samples, baselines: baselines, isPrimary: primary.contains(metric))
    }
  }

  private let content: Content
  /// The lines of the metrics whose verdicts may rest on a test: of one seed there are none.
  var judged: [SummaryLine]

  /// The axis values; empty where the matrix has no axes.
  package var axes: [CellRow.Entry] { content.axes }
  /// The cells of this block, in the order of the plan.
  package var rows: [CellRow] { content.rows }
  package var variants: [String] { content.variants }
  package var baselines: Baselines { content.baselines }
  /// Those that any cell that counts has a value of, in the order of `Metric.all`.
  package var metrics: [Metric] { content.metrics }
  private var samples: [VariantRows] { content.samples }

  /// - Parameters:
  ///   - primary: the metrics that get a verdict where that takes a test.
  ///   - other: one that may have the same metrics.
  init(
    axes: [CellRow.Entry], rows: [CellRow], variants: [String], baselines: Baselines,
    primary: Set<Metric>, like other: SummaryBlock? = nil
  ) {
    let content = Content(axes, rows, variants, baselines, primary, like: other?.content)
    self.content = content
    judged =
      content.isTestable ? content.metrics.filter(primary.contains).map(content.line) : []
  }

  /// One line per metric.
  package var lines: [SummaryLine] { metrics.map(measuredLine) }

  /// The line of a metric; nil where no cell has a value of it.
  package func line(_ metric: Metric) -> SummaryLine? {
    metrics.contains(metric) ? measuredLine(metric) : nil
  }

  private func measuredLine(_ metric: Metric) -> SummaryLine {
    judged.first { $0.metric == metric } ?? content.line(metric)
  }

  /// The mean of a metric over the cells of a variant; nil where none has a value of it.
  package func mean(_ metric: Metric, of variant: String) -> Double? {
    variants.firstIndex(of: variant).flatMap { mean(metric, ofVariant: $0) }
  }

  /// The same of a variant by its place among the variants.
  func mean(_ metric: Metric, ofVariant place: Int) -> Double? {
    content.samples[place].mean(metric)
  }

  /// Whether all variants have one and the same value of a metric, of a cell each.
  func isEqual(_ metric: Metric) -> Bool {
    let values = variants.indices.lazy.compactMap { mean(metric, ofVariant: $0) }
    return mostCells <= 1 && values.allSatisfy { $0 == values.first }
  }

  /// The most cells of a variant: no comparison has more seeds.
  var mostCells: Int { samples.map { $0.rows.count }.max() ?? 0 }

  /// The usual baseline.
  package var baseline: String? { baselines.usual }

  /// The variants that have a cell here which the file does not exclude.
  var plannedVariants: [String] {
    let planned = Set(rows.filter { $0.status != .excluded }.map(\.variant))
    return variants.filter(planned.contains)
  }

  /// `workload.sequence = 128, precision = f32`; empty where the matrix has no axes.
  package var title: String {
    axes.map { "\($0.key) = \($0.value.text ?? $0.value.line)" }.joined(separator: ", ")
  }

  /// The largest number of seeds that any comparison rests on.
  package var seeds: Int {
    // No more than this, and mostly any metric has as many.
    let most = mostCells
    var seeds = 0
    for metric in metrics where !metric.isExact && seeds < most {
      guard let line = line(metric) else { continue }
      let counts =
        line.comparisons.isEmpty ? line.estimates.map(\.n) : line.comparisons.map(\.values.n)
      seeds = max(seeds, counts.max() ?? 0)
    }
    return seeds
  }
}
