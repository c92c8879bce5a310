// How many images a classifier tells: against their size, and by step of its training.

import Records
import Statistics

/// Accuracy against the size of the images, where several were tested, and at each evaluation.
struct AccuracySection: ReportSection {
  static let id = "accuracy"
  static let title = "Accuracy"
  private let data: ReportData
  /// The sizes that `resolution` tests, in those of training.
  private static let sizes: [(times: Double, metric: Metric)] = [
    (1, .accuracy), (1.5, .accuracyAtOneAndAHalf), (2, .accuracyAtTwice),
  ]
  private static let label = "accuracy, per cent"

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell was tested on images of several sizes, or while it trained"

  var content: HTML? {
    let figures = [bySize, byStep].compactMap(\.self)
    return figures.isEmpty ? nil : figures.joined
  }

  private var bySize: HTML? {
    let tested = Self.sizes.filter { data.summary.measured.contains($0.metric) }
    if tested.count < 2 { return nil }
    let drawn = data.summary.blocks.map { block in
      (
        axes: block.axes,
        series: data.summary.variants.map { series($0, block) }.filter { $0.line.count > 1 }
      )
    }.filter { !$0.series.isEmpty }
    let shown = drawn.prefix(ReportData.mostPanels)
    let times = tested.map(\.times)
    guard let x = ChartAxis(times, unit: .plain, at: times),
      let y = ChartAxis(shown.flatMap(\.series).flatMap(\.values), unit: .plain, padding: 0.06)
    else { return nil }
    let panels = shown.map { axes, series in
      Figure.Panel(
        title: data.title(axes),
        chart: Chart(
          summary: "Accuracy by the images' size: " + CellCurves.ends(series, Metric.accuracy),
          x: x, y: y, xLabel: "pixels along each side, times those of training",
          yLabel: Self.label, series: series
        ))
    }
    return Figure(
      panels: panels, legend: data.legend,
      caption: "Accuracy on all held-out images, at the size of training and at larger ones. Means "
        + "over the seeds; bars from the lowest to the highest."
        + LossSection.left(drawn.count - shown.count, "cells.csv")
    ).html
  }

  private func series(_ variant: String, _ block: SummaryBlock) -> Series {
    var series = Series(name: data.name(variant), style: data.style(variant))
    series.label = data.label(variant)
    for (times, metric) in Self.sizes {
      guard let sample = block.line(metric)?.estimate(variant)?.sample, let mean = sample.mean,
        let low = sample.values.min(), let high = sample.values.max()
      else { continue }
      series.line.append(CurvePoint(times, mean))
      series.marks.append(
        Series.Mark(
          x: times, y: mean,
          text: "\(series.name), \(metric.name) \(metric.text(mean))"
            + (sample.n > 1 ? " (\(sample.n) seeds)" : ""),
          range: low < high ? low...high : nil))
    }
    return series
  }

  private var byStep: HTML? {
    // What was tested at its end alone has no curve.
    if !data.curves.values.contains(where: { $0.accuracies.count > 1 }) { return nil }
    let curves = CurvePanels(
      data: data, label: Self.label, metric: .accuracy, window: 1, points: { $0.accuracies })
    let (panels, left) = curves.panels
    if panels.isEmpty { return nil }
    return Figure(
      panels: panels, legend: curves.legend,
      caption: "Accuracy on held-out images at each evaluation; mean over the seeds, the band from "
        + "the lowest to the highest." + Self.reading(data.curves.values.flatMap(\.evaluations))
        + LossSection.left(left)
    ).html
  }

  /// Which evaluations read all images, and which may have read a part, in a sentence.
  static func reading(_ evaluations: [LossCurve.Evaluation]) -> String {
    let tested = evaluations.filter { $0.accuracyPercent != nil }
    if tested.allSatisfy(\.isFull) { return "" }
    if !tested.contains(where: \.isFull) { return " Each read up to evaluation_images of them." }
    return " All of them are read at the end of a training and before one that begins from a "
      + "stored model; the others read up to evaluation_images of them."
  }
}

extension LossCurve {
  /// Of the evaluations that read images.
  fileprivate var accuracies: [(step: Int, value: Double)] {
    evaluations.compactMap { one in
      one.accuracyPercent.map { (step: one.step, value: $0) }
    }
  }
}
