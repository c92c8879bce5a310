// The loss at the end of training against what was swept: of learning rates, the picture that one
// draws by hand.

import Config
import Records
import Statistics

/// Final loss against each axis of numbers: a line per variant, a point per seed.
struct FinalLossSection: ReportSection {
  static let id = "final-loss"
  static let title = "Final loss"
  private let data: ReportData
  /// So many values along an axis have the points of their cells.
  private static let mostMarked = 48
  /// So many points at most has a figure; each line has those of a few values at least.
  private static let mostMarks = 8000
  private static let fewestMarked = 8

  init(_ data: ReportData) { self.data = data }

  var absence: String {
    if data.sizes.isEmpty { return "the matrix varies no number" }
    return "no cell has a validation loss"
  }

  var content: HTML? {
    let figures = data.sizes.compactMap(figure)
    return figures.isEmpty ? nil : figures.joined + sensitivity
  }

  // What the summary says of learning rates, under this section's title.
  private var sensitivity: HTML {
    data.summary.rateSensitivityContent.map { $0.html(deeper: 1) }.joined
  }

  private func figure(_ axis: String) -> HTML? {
    let groups = data.summary.groups(without: axis)
    let shown = groups.prefix(ReportData.mostPanels)
    let drawn = shown.map { blocks in
      (
        others: blocks[0].axes.filter { $0.key != axis },
        unit: ReportData.unitOfLoss(blocks.flatMap(\.rows)),
        lines: data.summary.variants.map { FinalLosses($0, along: axis, in: blocks) }
          .filter { !$0.points.isEmpty }
      )
    }.filter { !$0.lines.isEmpty }
    let all = drawn.flatMap(\.lines).flatMap(\.points)
    let places = data.axes.values(axis).compactMap(\.number)
    // What diverged counts with the loss at initialisation, and no loss is of more interest than
    // that one.
    let initial = all.compactMap(\.initial).max()
    let values = all.flatMap(\.losses).map { loss in initial.map { min(loss, $0) } ?? loss }
    guard
      let x = ChartAxis(
        all.map(\.x), unit: axis == data.summary.rateAxis ? .plain : .count, isLogarithmic: true,
        at: places),
      let y = ChartAxis(
        values + (all.contains { $0.diverged > 0 } ? [initial].compactMap(\.self) : []),
        unit: .plain, padding: 0.06)
    else { return nil }
    let name = data.axes.name(axis)
    let lines = drawn.flatMap(\.lines)
    let marks = lines.count * (all.map(\.losses.count).max() ?? 1)
    let marked = min(Self.mostMarked, max(Self.fewestMarked, Self.mostMarks / max(1, marks)))
    let panels = drawn.map { others, unit, lines in
      let said = lines.compactMap { line in
        line.best.map { "\(data.name(line.variant)) \(words($0, name))" }
      }
      return Figure.Panel(
        title: data.title(others),
        chart: Chart(
          summary: "Final validation loss against \(name); lowest: "
            + said.joined(separator: ", "), x: x, y: y, xLabel: name,
          yLabel: "validation loss at the end, \(unit)",
          series: lines.map { series($0, name, ceiling: y.high, marked: marked) }
        ))
    }
    return Figure(
      panels: panels, legend: data.legend,
      caption: caption(all, lines, name, marked: marked, left: groups.count - shown.count)
    ).html
  }

  private func words(_ point: FinalLosses.Point, _ name: String) -> String {
    "\(Metric.valLoss.text(point.mean ?? .nan)) at \(name) \(NumberText.real(point.x) ?? "")"
  }

  private func caption(
    _ points: [FinalLosses.Point], _ lines: [FinalLosses], _ name: String, marked: Int, left: Int
  ) -> String {
    let best = lines.compactMap { line in
      line.best.map { "\(data.name(line.variant)) \(words($0, name))" }
    }
    let hasSeeds = points.contains { $0.losses.count > 1 }
    return (hasSeeds ? "A point is a seed, the line their mean. " : "")
      + (points.contains { $0.diverged > 0 }
        ? "A cross is a cell that diverged; it counts with its loss at initialisation. " : "")
      + (points.contains { point in point.losses.contains { $0 > point.initial ?? .infinity } }
        ? "Losses above that of initialisation stand at the upper edge. " : "")
      + (lines.contains { $0.points.count > marked }
        ? "Of many values along the axis, \(marked) have their points. " : "")
      + (best.count <= 8 ? "Lowest mean: \(best.joined(separator: ", "))." : "")
      + data.tokensNote
      + (left > 0 ? " \(left) more combinations of the other axes: summary.md." : "")
  }

  /// - Parameter marked: so many values along the axis have the points of their cells.
  private func series(
    _ line: FinalLosses, _ name: String, ceiling: Double, marked: Int
  ) -> Series {
    let title = data.name(line.variant)
    var series = Series(name: title, style: data.style(line.variant))
    series.line = line.points.compactMap { point in point.mean.map { CurvePoint(point.x, $0) } }
    series.label = data.label(line.variant)
    for point in Downsampling.even(line.points.count, limit: marked).map({
      line.points[$0]
    }) {
      let place = "\(title), \(name) \(NumberText.real(point.x) ?? "")"
      series.marks += point.losses.map { loss in
        Series.Mark(
          x: point.x, y: min(loss, ceiling), text: "\(place): \(Metric.valLoss.text(loss))",
          isFilled: point.x == line.best?.x)
      }
      if point.diverged > 0 {
        series.ends.append(
          Series.Mark(
            x: point.x, y: point.initial ?? ceiling,
            text: "\(place): \(point.diverged) of \(point.cells) diverged"))
      }
    }
    return series
  }
}

/// The final losses of one variant along an axis, the other axes held fast.
struct FinalLosses {
  struct Point {
    let x: Double
    /// Of the cells that ended well, one a seed.
    let losses: [Double]
    let diverged: Int
    let cells: Int
    /// The loss at initialisation; nil where it is not known.
    let initial: Double?

    /// The mean over the seeds, in which what diverged counts with the loss at initialisation.
    var mean: Double? {
      guard diverged > 0, let initial else { return Sample(losses).mean }
      return Sample(losses.map { min($0, initial) } + Array(repeating: initial, count: diverged))
        .mean
    }
  }

  let variant: String
  /// By the axis, rising.
  let points: [Point]

  init(_ variant: String, along axis: String, in blocks: [SummaryBlock]) {
    self.variant = variant
    points = blocks.compactMap { block -> Point? in
      let rows = block.rows.filter { $0.variant == variant }
      guard let x = block.axes.first(where: { $0.key == axis })?.value.number else { return nil }
      let losses = rows.filter { $0.status == .ok }.compactMap { $0.metrics[.valLoss] }
      let diverged = rows.count { $0.status == .diverged }
      if losses.isEmpty && diverged == 0 { return nil }
      return Point(
        x: x, losses: losses, diverged: diverged, cells: rows.count,
        initial: Sample(rows.compactMap { $0.metrics[.initialLoss] }).mean)
    }.sorted { $0.x < $1.x }
  }

  /// Where the mean is lowest.
  var best: Point? {
    points.filter { $0.mean != nil }.min { ($0.mean ?? .infinity) < ($1.mean ?? .infinity) }
  }
}
