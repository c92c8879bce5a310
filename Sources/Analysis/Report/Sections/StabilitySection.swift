// How stable the training was: gradient norm and largest attention logit by step.

import Records

/// Curves of what grows before a training diverges.
struct StabilitySection: ReportSection {
  static let id = "stability"
  static let title = "Stability"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell of this run trains"

  var content: HTML? {
    let figures = [
      figure("norm of the gradient before clipping", .gradNormMax, \.gradientNorm),
      figure("largest attention logit", .maxAttentionLogit, \.maxAttentionLogit),
    ].compactMap { $0 }
    return figures.isEmpty ? nil : figures.joined
  }

  private func figure(
    _ label: String, _ metric: Metric, _ value: @escaping (LossCurve.Step) -> Double?
  ) -> HTML? {
    let (panels, left) = CurvePanels(
      data: data, label: label, metric: metric, window: 1, value: value
    ).panels
    if panels.isEmpty { return nil }
    let caption =
      "\(label.prefix(1).uppercased() + label.dropFirst()), every step as it was, mean over the "
      + "seeds; the band goes from the lowest to the highest." + LossSection.left(left)
    return Figure(panels: panels, legend: data.legend, caption: caption).html
  }
}
