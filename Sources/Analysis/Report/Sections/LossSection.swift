// Training and validation loss by step.

import Records

/// Loss curves with a band over the seeds.
struct LossSection: ReportSection {
  static let id = "loss"
  static let title = "Loss"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell of this run wrote losses step by step"

  var content: HTML? {
    if data.curves.isEmpty { return nil }
    let longest = data.curves.values.map(\.steps.count).max() ?? 0
    let window = max(1, longest / 30) | 1
    let (panels, left) = CurvePanels(
      data: data, label: "loss, nats a token", metric: .valLoss, window: window,
      hasEvaluations: true, value: \.loss
    ).panels
    if panels.isEmpty { return nil }
    let seeds = Set(data.cells.filter { data.curves[$0.id] != nil }.map(\.row.seed)).count
    let over =
      seeds > 1
      ? "mean over the seeds that reached the step, the band from the lowest to the highest of "
        + "\(seeds) seeds" : "of the one seed"
    let hasEnds = data.cells.contains { data.curves[$0.id] != nil && $0.row.status != .ok }
    let caption =
      "Lines: training loss, running mean over \(window) \(window == 1 ? "step" : "steps"), "
      + "\(over). Markers: validation loss, filled where it is over the whole split."
      + (hasEnds ? " A cross ends the curve of a cell that did not end well." : "")
      + Self.left(left)
    return Figure(panels: panels, legend: data.legend, caption: caption).html + missing
  }

  /// How many panels there was no room for.
  static func left(_ count: Int) -> String {
    count == 0
      ? ""
      : " \(count) more \(count == 1 ? "point" : "points") of the axes: cells/*/steps.jsonl."
  }

  private var missing: HTML {
    let cells = data.cells.filter { $0.row.status.isPlanned && data.curves[$0.id] == nil }
    if cells.isEmpty { return .nothing }
    let names = cells.prefix(6).map { "\(data.name(of: $0)) (\($0.row.status.words))" }
    let more = cells.count > 6 ? " and \(cells.count - 6) more" : ""
    return .element(
      "p", ["class": "missing"],
      HTML("Without a curve: " + names.joined(separator: ", ") + more + "."))
  }
}
