// What the sections of the report are made from: the run, its summary and its curves, read once.

import Config
import Records

/// A run as the report's sections see it.
struct ReportData {
  let run: StoredRun
  let summary: Summary
  /// By cell, where it has steps.
  let curves: [String: LossCurve]
  /// So many panels at most stand side by side; the page says how many it leaves out.
  static let mostPanels = 16

  init(_ run: StoredRun) {
    self.run = run
    summary = run.summary
    var curves: [String: LossCurve] = [:]
    for cell in run.cells {
      let curve = run.lossCurve(of: cell)
      if curve.steps.contains(where: { $0.gradientNorm != nil || $0.rate != nil }) {
        curves[cell.id] = curve
      }
    }
    self.curves = curves
  }

  var cells: [StoredCell] { run.cells }
  var axes: AxisNames { summary.axes }

  /// A variant's look, the same in every chart.
  func style(_ variant: String) -> SeriesStyle {
    SeriesStyle(index: summary.variants.firstIndex(of: variant) ?? 0)
  }

  /// A variant's name; what is measured where there are no variants.
  func name(_ variant: String) -> String { variant.isEmpty ? summary.experiment : variant }

  /// The names and looks of all variants.
  var legend: [(name: String, style: SeriesStyle)] {
    summary.variants.map { (name($0), style($0)) }
  }

  /// The name that stands at the end of a line, if it is short and there are few.
  func label(_ variant: String) -> String? {
    guard (2...8).contains(summary.variants.count) else { return nil }
    return Self.short(name(variant))
  }

  static func short(_ name: String) -> String {
    name.count <= 14 ? name : name.prefix(13) + "…"
  }

  /// A point of the axes in words: `sequence 512, naive`.
  func title(_ point: [CellRow.Entry], without axis: String? = nil) -> String {
    axes.label(variant: nil, at: point, without: axis)
  }

  /// How a cell is called in a sentence.
  func name(of cell: StoredCell) -> String {
    cell.label.isEmpty ? cell.id : cell.label
  }

  /// The axes of numbers above zero with at least two values: sizes to plot against.
  var sizes: [String] {
    axes.keys.filter { key in
      let values = axes.values(key)
      return values.count >= 2 && values.allSatisfy { ($0.number ?? 0) > 0 }
    }
  }
}
