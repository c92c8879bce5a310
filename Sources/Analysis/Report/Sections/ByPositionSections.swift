// What depends on a position or a distance: the loss beyond the length of training, and the scores
// of an encoding.

import Config
internal import Foundation
import Records
import Statistics

/// The loss at each position of windows longer than those of training.
struct ExtrapolationSection: ReportSection {
  static let id = "extrapolation"
  static let title = "Loss by position"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell measured its loss at every position"

  var content: HTML? {
    let panels = CellCurves(
      data, file: "loss-by-position.jsonl", x: "position", y: "loss", smoothing: 24)
    // A text that is only scored was not trained on.
    let length = data.cells.filter { $0.option("workload.type") != "score" }
      .compactMap { $0.option("workload.sequence")?.number }.min()
    let lengths = length.map { length in (0...4).map { Double($0) * length } } ?? []
    let all = panels.groups.flatMap(\.1)
    guard
      let x = ChartAxis(
        all.flatMap(\.positions).map { $0 + 1 } + [0], unit: .tokens, padding: 0.01, at: lengths),
      let y = ChartAxis(all.flatMap(\.values), unit: .plain, padding: 0.06)
    else { return nil }
    let guides = length.map { length in
      [Guide(points: [y.low, y.high].map { CurvePoint(length, $0) }, text: "length of training")]
    }
    return Figure(
      panels: panels.groups.map { title, series in
        Figure.Panel(
          title: title,
          chart: Chart(
            summary: "Loss by position: " + CellCurves.ends(series, Metric.valLoss), x: x, y: y,
            xLabel: "position in the window", yLabel: "loss, nats per token", series: series,
            guides: guides ?? []
          ))
      }, legend: data.legend,
      caption:
        "Mean over the windows, a running mean over \(panels.window) positions; the band "
        + "goes from the lowest to the highest seed. A line ends half of that before the last "
        + "position that a model has."
    ).html
  }
}

/// What a positional encoding does to the score of two tokens.
struct PositionSection: ReportSection {
  static let id = "position"
  static let title = "Scores by distance"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell measured a positional encoding alone"

  var content: HTML? {
    let figures = [error, likeness].compactMap(\.self)
    return figures.isEmpty ? nil : figures.joined
  }

  /// What a panel shows: a point of the axes, and what its distances count.
  private typealias Curves = (title: String, counted: String, series: [Series])

  /// Of texts the distances count tokens; of images there is a file for each direction.
  private func curves(of y: String) -> [Curves] {
    let files = [
      ("curve", "tokens"), ("curve-rows", "rows"), ("curve-columns", "columns"),
      ("curve-diagonal", "rows and columns alike"),
    ]
    return files.flatMap { file, counted -> [Curves] in
      CellCurves(data, file: "\(file).jsonl", x: "distance", y: y).groups.map { title, series in
        (title: title, counted: counted, series: series)
      }
    }
  }

  // Where scores see the distance alone, rounding is all that is left.
  private var error: HTML? {
    let curves = curves(of: "relative_error")
    let bound = data.cells.compactMap { $0.row.metrics[.relativeErrorBound] }.max()
    let series = curves.flatMap(\.series)
    let values = series.flatMap(\.values).filter { $0 > 0 }
    guard
      let x = ChartAxis(series.flatMap(\.positions), unit: .tokens, isLogarithmic: true),
      let y = ChartAxis(
        values + [bound].compactMap(\.self), unit: .metric(.relativeError), isLogarithmic: true,
        padding: 0.08)
    else { return nil }
    let guides = bound.map { bound in
      [
        Guide(
          points: [CurvePoint(x.low, bound), CurvePoint(x.high, bound)],
          text: "bound: six roundings, \(Metric.relativeError.text(bound))", at: 0.3)
      ]
    }
    return figure(
      curves, x, y, "change of the score, over |q| |k|", Metric.relativeError, guides ?? [],
      caption:
        "Largest change of the score of a query and a key so far apart when both move alike. Under the bound "
        + "only float32 rounds; an encoding without change has no line.")
  }

  private var likeness: HTML? {
    let curves = curves(of: "mean_logit")
    let series = curves.flatMap(\.series)
    // Adding to every distance alike would be no slope: the lowest scores belong to ALiBi, far
    // away.
    let values = series.flatMap(\.values)
    let least = max(values.min() ?? 0, -2 * (values.max() ?? 0))
    guard let x = ChartAxis(series.flatMap(\.positions), unit: .tokens, isLogarithmic: true),
      let y = ChartAxis(values.map { max($0, least) }, unit: .plain)
    else { return nil }
    return figure(
      curves, x, y, "mean score of a vector with itself", nil, [],
      caption:
        "How likeness fades with distance: the logit of a random vector for itself, mean over samples and "
        + "seeds. What is far below stands at the lower edge.")
  }

  private func figure(
    _ curves: [Curves], _ x: ChartAxis, _ y: ChartAxis, _ label: String,
    _ metric: Metric?, _ guides: [Guide], caption: String
  ) -> HTML {
    Figure(
      panels: curves.map { title, counted, series in
        Figure.Panel(
          title: title,
          chart: Chart(
            summary: "\(label) by distance in \(counted): " + CellCurves.ends(series, metric),
            x: x, y: y, xLabel: "distance in \(counted)", yLabel: label, series: series,
            guides: guides
          ))
      }, legend: data.legend, caption: caption
    ).html
  }
}

/// Curves that cells wrote into files of their folders: a series a variant, mean over the seeds, a
/// panel a point of the axes.
struct CellCurves {
  /// Title and series of each panel.
  let groups: [(String, [Series])]
  /// The width of the running mean.
  let window: Int

  /// - Parameter smoothing: a curve keeps about so many independent points; nil for the values as
  ///   they are.
  init(_ data: ReportData, file: String, x: String, y: String, smoothing: Int? = nil) {
    let read = data.cells.filter { $0.row.status == .ok }.compactMap { cell in
      let points = cell.lines(of: file).compactMap { line -> (step: Int, value: Double)? in
        guard let step = line[x]?.whole, let value = line[y]?.number else { return nil }
        return (step, value)
      }
      return points.isEmpty ? nil : (cell.row, points)
    }
    let longest = read.map(\.1.count).max() ?? 0
    let window = smoothing.map { max(1, longest / $0) | 1 } ?? 1
    self.window = window
    groups = read.map(\.0.axes).unique.prefix(ReportData.mostPanels).map { point in
      let series = data.summary.variants.map { variant in
        let curves = read.filter { $0.0.variant == variant && $0.0.axes == point }.map(\.1)
        return Self.series(
          SeedBand(curves.map { SeedBand.smooth($0, window: window, keepsEnds: false) }), data,
          variant)
      }
      return (data.title(point), series.filter { !$0.line.isEmpty })
    }
  }

  private static func series(_ band: SeedBand, _ data: ReportData, _ variant: String) -> Series {
    var series = Series(name: data.name(variant), style: data.style(variant))
    let kept = Downsampling.even(band.points.count, limit: 160).map { band.points[$0] }
    series.line = kept.map { CurvePoint(Double($0.step), $0.mean) }
    if band.seeds > 1 {
      series.band = kept.map { .init(x: Double($0.step), low: $0.low, high: $0.high) }
    }
    let stride = max(1, kept.count / 24)
    series.marks = kept.enumerated().filter { $0.offset % stride == 0 }.map { offset, point in
      Series.Mark(
        x: Double(point.step), y: point.mean,
        text:
          "\(data.name(variant)), \(Double(point.step).formattedCount): \(TickText.figures(point.mean))",
        isHidden: offset / stride % 6 != series.style.index % 6)
    }
    series.label = data.label(variant)
    return series
  }

  /// The last values, for those who hear the chart.
  static func ends(_ series: [Series], _ metric: Metric?) -> String {
    series.compactMap { one in
      one.line.last.map {
        "\(one.name) ends at \(metric?.text($0.y) ?? TickText.figures($0.y))"
      }
    }.joined(separator: ", ")
  }
}
