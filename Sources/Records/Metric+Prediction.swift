// Predictions: any metric may have one, which is a metric of its own called predicted_<name>.

extension Metric {
  private static let predicted = "predicted_"

  /// The metric that predicts another: `predicted_peak_bytes` of `peak_bytes`.
  ///
  /// A time is predicted from a peak that is measured beside it, and so differs from run to run.
  package static func prediction(of metric: Metric) -> Metric {
    metric.isTiming
      ? Metric(
        predicted + metric.name,
        "The least that \(metric.name) can be at the device's measured peak.",
        better: .none, .sampled, as: metric.format, whole: metric.isWhole)
      : Metric(
        predicted + metric.name, "What \(metric.name) is worked out to be before anything runs.",
        better: .none, .analytic, as: metric.format, whole: metric.isWhole)
  }

  /// The name of the metric that this one predicts; nil where it predicts none.
  package var predicts: String? {
    name.hasPrefix(Self.predicted) ? String(name.dropFirst(Self.predicted.count)) : nil
  }
}
