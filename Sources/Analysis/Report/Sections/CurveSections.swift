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
    let curves = CurvePanels(
      data: data, label: "loss", metric: .valLoss, window: window,
      hasEvaluations: true, points: { $0.points(\.loss) })
    var (panels, left) = curves.panels
    if panels.isEmpty { return nil }
    // Beside the first steps the later ones, in which variants differ, would look flat.
    if panels.count == 1, longest >= 20 {
      let later = curves.later(from: longest / 2).panels.shown
      if !later.isEmpty {
        panels = [Figure.Panel(title: "all steps", chart: panels[0].chart)] + later
      }
    }
    let seeds = Set(data.cells.filter { data.curves[$0.id] != nil }.map(\.row.seed)).count
    let over =
      seeds > 1
      ? "mean over the seeds that reached the step, the band from the lowest to the highest of "
        + "\(seeds) seeds" : "of the one seed"
    let hasEnds = data.cells.contains {
      data.curves[$0.id] != nil && ![.ok, .notRun].contains($0.row.status)
    }
    let caption =
      "Lines: training loss, running mean over \(window) \(window == 1 ? "step" : "steps"), "
      + "\(over). Markers: validation loss, filled where it is over the whole split."
      + (hasEnds ? " A cross ends the curve of a cell that did not end well." : "")
      + " What is far above the losses at initialisation is drawn at the upper edge."
      + data.tokensNote + Self.left(left)
    return Figure(panels: panels, legend: curves.legend, caption: caption).html + missing
  }

  /// How many panels there was no room for, and where their figures are.
  static func left(_ count: Int, _ file: String = "cells/*/steps.jsonl") -> String {
    count == 0
      ? "" : " \(count) more \(count == 1 ? "panel is" : "panels are") left out: \(file)."
  }

  private var missing: HTML {
    let cells = data.cells.filter { $0.row.status.isPlanned && data.curves[$0.id] == nil }
    if cells.isEmpty { return .nothing }
    let names = cells.prefix(6).map { "\($0.label) (\($0.row.status.words))" }
    let more = cells.count > 6 ? " and \(cells.count - 6) more" : ""
    return .element(
      "p", ["class": "missing"],
      HTML("Without a curve: " + names.joined(separator: ", ") + more + "."))
  }
}

// How stable the training was: gradient norm and largest attention logit by step.

/// Curves of what grows before a training diverges.
struct StabilitySection: ReportSection {
  static let id = "stability"
  static let title = "Stability"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell of this run trains"

  var content: HTML? {
    let curves = [
      curves("norm of the gradient before clipping", .gradNormMax, \.gradientNorm),
      curves("largest attention logit", .maxAttentionLogit, \.maxAttentionLogit),
    ].filter { !$0.panels.shown.isEmpty }
    guard let first = curves.first else { return nil }
    // Two panels stand side by side; of more, each quantity has a figure.
    if curves.allSatisfy({ $0.panels.shown.count == 1 }) {
      return Figure(
        panels: curves.flatMap(\.panels.shown), legend: first.legend,
        caption: Self.caption("Every step", left: 0)
      ).html
    }
    return curves.map { curves in
      let label = curves.label.prefix(1).uppercased() + curves.label.dropFirst()
      return Figure(
        panels: curves.panels.shown, legend: curves.legend,
        caption: Self.caption("\(label), every step", left: curves.panels.left)
      ).html
    }.joined
  }

  private func curves(
    _ label: String, _ metric: Metric, _ value: @escaping (LossCurve.Step) -> Double?
  ) -> CurvePanels {
    CurvePanels(
      data: data, label: label, metric: metric, window: 1, points: { $0.points(value) })
  }

  private static func caption(_ what: String, left: Int) -> String {
    "\(what) as it was, mean over the seeds; the band goes from the lowest to the highest."
      + LossSection.left(left)
  }
}
