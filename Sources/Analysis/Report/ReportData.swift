// What the sections of the report are made from: runs, their summary and their curves, read once.

import Config
import Records

/// Runs as the report's sections see them.
struct ReportData {
  let runs: [StoredRun]
  /// The cells that are drawn one by one: of large runs, those of the first points.
  let cells: [ReportCell]
  /// How many cells the runs have beside them.
  let left: Int
  /// Each run's own summary: its question, its baselines, its tests.
  let summaries: [Summary]
  /// The same side by side, the run as one more axis; of one run its own.
  let summary: Summary
  /// By cell, where it has steps.
  let curves: [String: LossCurve]
  /// How a run is held against the first one.
  let diffOptions: Report.DiffOptions
  /// So many panels at most stand side by side; the page says how many it leaves out.
  static let mostPanels = 16
  /// So many cells at most are drawn one by one.
  static let mostCells = 2000

  init(_ runs: [StoredRun], diffOptions: @escaping Report.DiffOptions) {
    self.runs = runs
    self.diffOptions = diffOptions
    let most = Self.mostCells / max(1, runs.count)
    let drawn = runs.map { Self.first(most, of: $0.cells) }
    let named = zip(drawn, runs.namesOnPage).map { cells, name in
      cells.map { ReportCell($0, run: name) }
    }
    cells = named.flatMap(\.self)
    left = runs.reduce(0) { $0 + $1.cells.count } - cells.count
    summaries = runs.map(\.summary)
    summary =
      runs.count == 1
      ? summaries[0]
      : Summary(
        sideBySide: zip(runs, runs.namesOnPage).map { run, name in
          run.summary(of: run.cells.map { ReportCell($0, run: name).row })
        },
        experiment: runs.map(\.folder.experiment).unique.joined(separator: ", "))
    var curves: [String: LossCurve] = [:]
    for (run, (drawn, named)) in zip(runs, zip(drawn, named)) {
      for (stored, cell) in zip(drawn, named) {
        let curve = run.lossCurve(of: stored)
        if curve.steps.contains(where: { $0.gradientNorm != nil || $0.rate != nil }) {
          curves[cell.id] = curve
        }
      }
    }
    self.curves = curves
  }

  /// All cells; of more than so many those of as many points, with all their variants and seeds, as
  /// there is room for.
  private static func first(_ most: Int, of cells: [StoredCell]) -> [StoredCell] {
    if cells.count <= most { return cells }
    let sizes = Dictionary(grouping: cells.indices) { cells[$0].row.axes }.mapValues(\.count)
    var shown: Set<[CellRow.Entry]> = []
    var count = 0
    for point in cells.lazy.map(\.row.axes).unique {
      count += sizes[point] ?? 0
      if count > most, !shown.isEmpty { break }
      shown.insert(point)
    }
    return Array(cells.filter { shown.contains($0.row.axes) }.prefix(most))
  }

  /// What is to be known of curves of losses a token, to stand behind a caption; empty where all
  /// tokens are of one tokenizer.
  var tokensNote: String {
    Metric.valLoss.compares(over: summary.rows.tokenizers)
      ? ""
      : " Tokens are other parts of the text where the tokenizer is another: such losses do not "
        + "compare, \(Metric.valBitsPerByte.name) does."
  }

  /// What the losses of rows are in, by what these read.
  static func unitOfLoss(_ rows: some Sequence<CellRow>) -> String {
    switch Set(rows.map(\.readsImages)) {
    case [true]: "nats per image"
    case [false]: "nats per token"
    default: "nats"
    }
  }

  /// The runs of each experiment, by its name and workload: only those are laid side by side.
  ///
  /// Of others, variants, baselines and figures have nothing in common but the page.
  var experiments: [ReportData] {
    let keys = runs.map { [$0.folder.experiment] + DiffSide($0).workloads }
    if keys.unique.count < 2 { return [self] }
    return keys.unique.map { key in
      ReportData(zip(runs, keys).filter { $0.1 == key }.map(\.0), diffOptions: diffOptions)
    }
  }

  var axes: AxisNames { summary.axes }

  /// A variant's name; what is measured where there are no variants.
  func name(_ variant: String) -> String { variant.isEmpty ? summary.experiment : variant }

  /// A variant's look, the same in every chart.
  func style(_ variant: String) -> SeriesStyle {
    SeriesStyle(index: summary.variants.firstIndex(of: variant) ?? 0)
  }

  /// The names and looks of all variants.
  var legend: [(name: String, style: SeriesStyle)] {
    summary.variants.map { (name($0), style($0)) }
  }

  /// The name that stands at the end of a line, if there are few.
  func label(_ variant: String) -> String? {
    guard (2...8).contains(summary.variants.count) else { return nil }
    return Self.short(name(variant))
  }

  static func short(_ name: String, most: Int = 14) -> String {
    name.count <= most ? name : name.prefix(most - 1) + "…"
  }

  /// A point of the axes in words: `sequence 512, naive`.
  func title(_ point: [CellRow.Entry], without axis: String? = nil) -> String {
    axes.label(variant: nil, at: point, without: axis)
  }

  /// A variant at a point in words, without what all cells share.
  func place(_ variant: String, _ point: [CellRow.Entry]) -> String {
    let label = axes.label(variant: summary.variants.count > 1 ? variant : nil, at: point)
    return label.isEmpty ? name(variant) : label
  }

  /// The axes of numbers above zero with at least two values: sizes to plot against.
  var sizes: [String] {
    axes.keys.filter { key in
      let values = axes.values(key)
      return values.count >= 2 && values.allSatisfy { ($0.number ?? 0) > 0 }
    }
  }
}

// What cells differ in: the variant, or an axis of the matrix. A colour stands for one, panels for
// the others.

enum Setting: Hashable {
  case variant
  case axis(String)
}

extension ReportData {
  /// The settings of more than one value.
  var settings: [Setting] {
    (summary.variants.count > 1 ? [.variant] : [])
      + axes.keys.filter { axes.values($0).count > 1 }.map(Setting.axis)
  }

  /// The values of a setting, in the order of the plan.
  func values(_ setting: Setting) -> [String] {
    switch setting {
    case .variant: summary.variants.map(name)
    case .axis(let key): axes.values(key).map { axes.text(key, $0) }
    }
  }

  func value(_ setting: Setting, of row: CellRow) -> String {
    switch setting {
    case .variant: name(row.variant)
    case .axis(let key): axes.text(key, row.axes.first { $0.key == key }?.value)
    }
  }

  /// The look of a setting's value: numbers are shaded from low to high, names have colours of
  /// their own.
  func style(_ setting: Setting, _ value: String) -> SeriesStyle {
    let values = values(setting)
    let index = values.firstIndex(of: value) ?? 0
    guard case .axis(let key) = setting, values.count > 2,
      axes.values(key).allSatisfy({ $0.number != nil })
    else { return SeriesStyle(index: index) }
    let order = axes.values(key).compactMap(\.number)
    let rank = order.count { $0 < order[index] }
    return SeriesStyle(index: index, shade: Double(rank) / Double(order.count - 1))
  }
}
