// Time and memory against the sizes that the matrix varies, on logarithmic axes, with fitted
// exponents.

import Config
internal import Foundation
import Records
import Statistics

/// A panel for each scaling metric, where a power law is a straight line.
struct ScalingSection: ReportSection {
  static let id = "scaling"
  static let title = "Time and memory by size"
  private let data: ReportData
  private let growths: [Growth]
  /// So many values along an axis are drawn.
  private static let mostMarked = 48

  init(_ data: ReportData) {
    self.data = data
    growths = data.summary.growths
  }

  var absence: String {
    if sizes.isEmpty { return "the matrix varies no size" }
    return "no cell has values of the metrics that grow with size"
  }

  var content: HTML? {
    let figures = sizes.compactMap(figure)
    return figures.isEmpty ? nil : figures.joined + sentences
  }

  // A learning rate is no size.
  private var sizes: [String] {
    data.sizes.filter { axis in data.axes.values(axis).allSatisfy { $0.canonical.whole != nil } }
  }

  // What the summary says of the fits, with their intervals.
  private var sentences: HTML {
    let blocks = data.summary.scalingContent.filter {
      if case .heading = $0 { return false }
      return true
    }
    return blocks.isEmpty
      ? .nothing : HTML.element("h3", [:], HTML("Fitted growth")) + blocks.map { $0.html() }.joined
  }

  private func figure(_ axis: String) -> HTML? {
    // Other sizes and settings make panels of their own, on the same scale.
    let groups = data.summary.groups(without: axis)
    let shown = groups.prefix(4)
    let panels = data.summary.scalingMetrics.flatMap { self.panels($0, axis, Array(shown)) }
    if panels.isEmpty { return nil }
    let left =
      groups.count > shown.count
      ? " \(groups.count - shown.count) more combinations of the other axes: summary.md." : ""
    let hasFits = growths.contains { $0.axis == axis }
    let fits =
      hasFits
      ? ", and the number at its end is the fitted exponent, whose line is dotted thinly" : ""
    return Figure(
      panels: panels, legend: data.legend,
      caption: "Both axes are logarithmic: a straight line is a power law\(fits). Means over the "
        + "seeds; bars from the lowest to the highest.\(left)"
    ).html
  }

  private func panels(
    _ metric: Metric, _ axis: String, _ groups: [[SummaryBlock]]
  ) -> [Figure.Panel] {
    let fits = growths.filter { $0.axis == axis && $0.metric == metric }
    let drawn = groups.map { blocks -> (others: [CellRow.Entry], series: [Series]) in
      let others = blocks.first?.axes.filter { $0.key != axis } ?? []
      let series = data.summary.variants.map { variant in
        let fit = fits.first { $0.variant == variant && $0.others == others }
        return self.series(metric, variant, axis, blocks, fit?.law)
      }
      return (others, series.filter { !$0.line.isEmpty })
    }.filter { !$0.series.isEmpty }
    let all = drawn.flatMap(\.series)
    // What stays the same is no growth.
    guard all.contains(where: { Set($0.line.map(\.y)).count > 1 }) else { return [] }
    let name = data.axes.name(axis)
    let sizes = data.axes.values(axis).compactMap(\.number)
    guard
      let x = ChartAxis(all.flatMap(\.positions), unit: .tokens, isLogarithmic: true, at: sizes),
      let y = ChartAxis(
        all.flatMap(\.values), unit: .metric(metric), isLogarithmic: true, padding: 0.06)
    else { return [] }
    return drawn.map { others, series in
      let at = others.isEmpty ? "" : ", \(data.title(others))"
      let said = series.map { series in
        let ends = [series.line.first, series.line.last].compactMap { $0?.y }
        return "\(series.name) from \(ends.map { metric.text($0) }.joined(separator: " to "))"
      }
      return Figure.Panel(
        title: metric.name + at,
        chart: Chart(
          summary: "\(metric.name) against \(name)\(at): \(said.joined(separator: ", "))", x: x,
          y: y, xLabel: name, yLabel: metric.unitWord, series: series
        ))
    }
  }

  private func series(
    _ metric: Metric, _ variant: String, _ axis: String, _ blocks: [SummaryBlock], _ law: PowerLaw?
  ) -> Series {
    var series = Series(name: data.name(variant), style: data.style(variant))
    let points = blocks.compactMap { block -> (x: Double, sample: Sample)? in
      guard let x = block.axes.first(where: { $0.key == axis })?.value.number,
        let sample = block.line(metric)?.estimate(variant)?.sample, (sample.mean ?? 0) > 0
      else { return nil }
      return (x, sample)
    }.sorted { $0.x < $1.x }
    for place in Downsampling.even(points.count, limit: Self.mostMarked) {
      let (x, sample) = points[place]
      guard let mean = sample.mean, let low = sample.values.min(), let high = sample.values.max()
      else { continue }
      series.line.append(CurvePoint(x, mean))
      series.marks.append(
        Series.Mark(
          x: x, y: mean,
          text: "\(data.name(variant)), \(data.axes.name(axis)) \(x.formattedCount): "
            + metric.text(mean) + (sample.n > 1 ? " (\(sample.n) seeds)" : ""),
          range: low < high && low > 0 ? low...high : nil))
    }
    if let law, let first = points.first?.x, let last = points.last?.x {
      series.faint = [first, last].map { CurvePoint($0, law.factor * pow($0, law.exponent)) }
    }
    guard data.summary.variants.count <= 8 else { return series }
    // Beside long names there is no room for an exponent; the legend has them.
    let names = data.summary.variants.count > 1 ? data.summary.variants.map(data.name) : []
    let isLong = law != nil && names.contains { $0.count > 8 }
    let parts = [
      names.isEmpty || isLong ? nil : ReportData.short(data.name(variant)),
      law.map { "^" + Growth.text($0.exponent) },
    ]
    let label = parts.compactMap(\.self).joined(separator: " ")
    series.label = label.isEmpty ? nil : label
    return series
  }
}

extension Metric {
  /// What the numbers count, for an axis whose chart is named after the metric.
  var unitWord: String {
    switch format {
    case .bytes: "bytes"
    case .seconds: "time"
    case .percent: "per cent"
    default: name
    }
  }
}
