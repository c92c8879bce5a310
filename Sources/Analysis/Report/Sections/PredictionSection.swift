// Predicted against measured: on the diagonal where the formula is right.

import Records
import Statistics

/// A chart for bytes and one for times, and the summary's own table.
struct PredictionSection: ReportSection {
  static let id = "predictions"
  static let title = "Predicted and measured"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell has both a prediction and the measurement it predicts"

  var content: HTML? {
    let all = data.summary.predictions
    if all.isEmpty { return nil }
    let metrics = all.map(\.metric).unique
    let styles = metrics.enumerated().map { (metric: $1, style: SeriesStyle(index: $0)) }
    let bytes = styles.filter { Self.isBytes($0.metric) }
    let seconds = styles.filter { Self.isTime($0.metric) }
    let panels = [panel("bytes", bytes, all), panel("seconds", seconds, all)].compactMap { $0 }
    let table = HTML.element("div", [:], joined: tables.map { $0.html(deeper: 1) })
    let figure = Figure(
      panels: panels, legend: (bytes + seconds).map { ($0.metric.name, $0.style) },
      caption: "Above the diagonal more was measured than predicted. The predicted time of "
        + "multiply-adds is the least that the measured peak allows; that of decoding is an estimate, "
        + "as if all were read from memory.", hasLines: false
    ).html
    return figure + (all.count > 8 ? folded("All \(all.count) rows", table) : table)
  }

  // What the summary says below this title, without the title.
  private var tables: [DocumentBlock] {
    data.summary.predictionContent.filter {
      if case .heading = $0 { return false }
      return true
    }
  }

  private static func isBytes(_ metric: Metric) -> Bool {
    if case .bytes = metric.format { return true }
    return false
  }

  private static func isTime(_ metric: Metric) -> Bool {
    if case .seconds = metric.format { return true }
    return false
  }

  private func panel(
    _ title: String, _ styles: [(metric: Metric, style: SeriesStyle)], _ all: [Prediction]
  ) -> Figure.Panel? {
    guard let unit = styles.first?.metric else { return nil }
    let series = styles.map { metric, style in
      var series = Series(name: metric.name, style: style)
      let drawn = all.filter { $0.metric == metric && $0.predicted > 0 && $0.measured > 0 }
      // Of more than can be told apart, a sample evenly spread.
      series.marks = Downsampling.even(drawn.count, limit: DocumentBlock.most)
        .map { mark(drawn[$0]) }
      return series
    }.filter { !$0.marks.isEmpty }
    let values = series.flatMap { $0.marks.flatMap { [$0.x, $0.y] } }
    guard let axis = ChartAxis(values, unit: .metric(unit), isLogarithmic: true, padding: 0.06)
    else {
      return nil
    }
    let diagonal = Guide(
      points: [CurvePoint(axis.low, axis.low), CurvePoint(axis.high, axis.high)],
      text: "as predicted", at: 0.82, isBelow: true)
    return Figure.Panel(
      title: title,
      chart: Chart(
        summary: "Measured against predicted \(title) of "
          + series.map(\.name).joined(separator: ", "), x: axis, y: axis, xLabel: "predicted",
        yLabel: "measured", series: series, guides: [diagonal]
      ))
  }

  private func mark(_ prediction: Prediction) -> Series.Mark {
    let place = prediction.places.first.map { place in
      data.axes.label(
        variant: data.summary.variants.count > 1 ? place.variant : nil, at: place.axes)
    }
    let metric = prediction.metric
    return Series.Mark(
      x: prediction.predicted, y: prediction.measured,
      text: [metric.name, place ?? ""].filter { !$0.isEmpty }.joined(separator: ", ")
        + ": predicted \(metric.text(prediction.predicted)), measured "
        + "\(metric.text(prediction.measured)), \(prediction.errorText)")
  }
}
