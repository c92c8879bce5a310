// The matrix of a run: a line per metric, the variants side by side, ratio, difference and what
// can be claimed from it. This file is the data; SummaryDocument and SummaryFiles print it.

/// The summary of a run's cells.
package struct Summary: Sendable {
  package let experiment: String
  /// The variants in the order of the file.
  package let variants: [String]
  /// The variant that the others are held against; nil where there is only one.
  package let baseline: String?
  /// One block per combination of axis values, in the order of the plan.
  package let blocks: [SummaryBlock]
  package let coverage: Coverage
  /// Whether the homework's three questions are answered: a train workload of two variants.
  package let asksVerdict: Bool

  /// Summarises the rows of a run.
  ///
  /// - Parameters:
  ///   - rows: one a planned cell, in the order of the plan.
  ///   - baseline: the variant to hold others against; by default the second of two variants
  ///     (`modern` against `classic`), the first of more.
  ///   - isTraining: whether the workload is train, so that the three questions make sense.
  package init(
    experiment: String, rows: [CellRow], baseline: String? = nil, isTraining: Bool
  ) {
    self.experiment = experiment
    var variants: [String] = []
    for row in rows where !variants.contains(row.variant) { variants.append(row.variant) }
    self.variants = variants
    let chosen = baseline.flatMap { variants.contains($0) ? $0 : nil }
    let usual = variants.count == 2 ? variants.last : variants.first
    self.baseline = variants.count > 1 ? chosen ?? usual : nil
    coverage = Coverage(rows)
    asksVerdict = isTraining && variants.count == 2

    var points: [[CellRow.Entry]] = []
    for row in rows where !points.contains(row.axes) { points.append(row.axes) }
    let against = self.baseline
    blocks = points.map { point in
      SummaryBlock(
        axes: point, rows: rows.filter { $0.axes == point }, variants: variants, baseline: against)
    }
  }
}

/// How many of the planned cells ended well, and how the others ended.
package struct Coverage: Equatable, Sendable {
  /// The number of cells by status.
  package let counts: [CellStatus: Int]

  package init(_ rows: [CellRow]) {
    counts = Dictionary(grouping: rows, by: \.status).mapValues(\.count)
  }

  package var ok: Int { counts[.ok] ?? 0 }

  /// All cells but the excluded ones.
  package var planned: Int { counts.filter { $0.key.isPlanned }.values.reduce(0, +) }

  /// `46 of 48 cells ok: 1 oom, 1 diverged; 2 excluded`.
  package var text: String {
    let holes = CellStatus.allCases.filter { $0.isPlanned && $0 != .ok }.compactMap { status in
      counts[status].map { "\($0) \(status.rawValue.replacing("_", with: " "))" }
    }
    let excluded = counts[.excluded].map { "; \($0) excluded" } ?? ""
    let listed = holes.isEmpty ? "" : ": " + holes.joined(separator: ", ")
    return "\(ok) of \(planned) \(planned == 1 ? "cell" : "cells") ok" + listed + excluded
  }
}

/// The summary at one combination of axis values.
package struct SummaryBlock: Sendable {
  /// The axis values; empty where the matrix has no axes.
  package let axes: [CellRow.Entry]
  /// The cells of this block, in the order of the plan.
  package let rows: [CellRow]
  package let variants: [String]
  package let baseline: String?
  /// One line per metric that any cell has a value of, in the order of `Metric.all`.
  package let lines: [SummaryLine]

  init(axes: [CellRow.Entry], rows: [CellRow], variants: [String], baseline: String?) {
    self.axes = axes
    self.rows = rows
    self.variants = variants
    self.baseline = baseline
    let metrics = Metric.inOrder(Set(rows.flatMap { $0.metrics.metrics }))
    let lines = metrics.map { metric in
      SummaryLine(metric, rows: rows, variants: variants, baseline: baseline)
    }
    self.lines = SummaryLine.correct(lines.filter { line in line.estimates.contains { $0.n > 0 } })
  }

  /// The line of a metric; nil where no cell has a value of it.
  package func line(_ metric: Metric) -> SummaryLine? {
    lines.first { $0.metric == metric }
  }

  /// `workload.sequence = 128, precision = f32`; empty where the matrix has no axes.
  package var title: String {
    axes.map { "\($0.key) = \($0.value.text ?? $0.value.line)" }.joined(separator: ", ")
  }

  /// The largest number of seeds that any comparison rests on.
  package var seeds: Int {
    lines.filter { !$0.metric.isExact }.flatMap { line in
      line.comparisons.map(\.pairs.n) + (line.comparisons.isEmpty ? line.estimates.map(\.n) : [])
    }.max() ?? 0
  }
}
