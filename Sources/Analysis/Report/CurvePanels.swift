// Curves by step: the colour stands for one setting, and each combination of the others has a
// panel.

import Config
import Records

/// How one quantity of the training steps is drawn.
struct CurvePanels {
  let data: ReportData
  /// The axis of values, as `gradient norm`; a loss has its unit beside it.
  let label: String
  let metric: Metric?
  /// The running mean's width; 1 for the values as they are.
  let window: Int
  /// Whether the validation losses are marked.
  var hasEvaluations = false
  let points: (LossCurve) -> [(step: Int, value: Double)]
  /// The first step that is shown.
  var start = 0

  /// The same curves from a step on, on axes of their own.
  func later(from step: Int) -> CurvePanels {
    var panels = self
    panels.start = step
    return panels
  }

  /// What the colour stands for; nil where nothing differs but seeds.
  ///
  /// The learning rates of a sweep, so that they can be compared in one panel; else the variants;
  /// else the last axis.
  private var coloured: Setting? {
    if let rate = data.summary.rateAxis { return .axis(rate) }
    let settings = data.settings.filter { data.values($0).count <= Self.mostColours }
    return settings.first == .variant ? .variant : settings.last
  }

  private static let mostColours = 12

  /// The names and looks of the coloured values.
  var legend: [(name: String, style: SeriesStyle)] {
    guard let coloured else { return data.legend }
    return data.values(coloured).map { (legendName(coloured, $0), data.style(coloured, $0)) }
  }

  // A number alone does not say what it is.
  private func legendName(_ setting: Setting, _ value: String) -> String {
    guard case .axis(let key) = setting, data.axes.values(key).allSatisfy({ $0.number != nil })
    else { return value }
    return "\(data.axes.name(key)) \(value)"
  }

  /// The cells of one panel.
  private struct Group {
    let title: String
    let cells: [ReportCell]
  }

  private var groups: [Group] {
    let others = data.settings.filter { $0 != coloured }
    let cells = data.cells.filter { data.curves[$0.id] != nil }
    let points = cells.map { cell in others.map { data.value($0, of: cell.row) } }
    return points.unique.map { point in
      let some = zip(cells, points).filter { $0.1 == point }.map(\.0)
      return Group(title: some.first.map { title($0, others) } ?? "", cells: some)
    }
  }

  private func title(_ cell: ReportCell, _ others: [Setting]) -> String {
    let axes = cell.row.axes.filter { others.contains(.axis($0.key)) }
    return data.axes.label(
      variant: others.contains(.variant) ? data.name(cell.row.variant) : nil, at: axes)
  }

  /// The panels that are shown, and how many are not.
  var panels: (shown: [Figure.Panel], left: Int) {
    let groups = self.groups
    let shown = groups.prefix(ReportData.mostPanels)
    let curves = shown.count * max(1, coloured.map { data.values($0).count } ?? 1)
    // Fewer points a curve where there are many curves, so that the page stays light.
    let limit = max(60, min(400, 16_000 / max(1, curves)))
    let drawn =
      shown
      .map { (title: $0.title, label: label($0), series: series($0, limit: limit)) }
      .filter { $0.series.contains { !$0.line.isEmpty } }
    let values = drawn.flatMap(\.series).flatMap(\.values)
    let steps = drawn.flatMap(\.series).flatMap(\.positions)
    guard let x = ChartAxis(steps, unit: .count, padding: 0.01),
      let y = axis(values, drawn.map(\.series))
    else { return ([], 0) }
    let panels = drawn.map { title, label, series in
      Figure.Panel(
        title: start == 0 ? title : "from step \(start) on",
        chart: Chart(
          summary: "\(label) by step\(title.isEmpty ? "" : " at \(title)"): " + ends(series), x: x,
          y: y, xLabel: "step", yLabel: label, series: series
        ))
    }
    return (panels, groups.count - shown.count)
  }

  private func label(_ group: Group) -> String {
    metric == .valLoss ? "\(label), \(ReportData.unitOfLoss(group.cells.map(\.row)))" : label
  }

  /// An axis on which what diverged does not press the others flat: a loss is cut a little above
  /// where trainings begin, what else spans much has a logarithmic axis, but for shares, whose
  /// ratios say nothing.
  private func axis(_ values: [Double], _ series: [[Series]]) -> ChartAxis? {
    if hasEvaluations, let first = series.flatMap({ $0 }).compactMap(\.line.first?.y).max(),
      let most = values.max(), most > 1.15 * first
    {
      return ChartAxis(values.map { min($0, 1.1 * first) }, unit: .plain)
    }
    let least = values.filter { $0 > 0 }.min() ?? 0
    let isWide = least > 0 && (values.max() ?? 0) > 30 * least && (values.min() ?? 0) > 0
    return ChartAxis(
      values, unit: .plain, isLogarithmic: isWide && metric?.isRatioTold != false)
  }

  // The last values, for those who hear the chart.
  private func ends(_ series: [Series]) -> String {
    series.compactMap { series in
      series.line.last.map { "\(series.name) ends at \(text($0.y))" }
    }.joined(separator: ", ")
  }

  private func text(_ value: Double) -> String {
    metric?.text(value) ?? TickText.plain(value, step: 0.001)
  }

  // MARK: Series

  private func series(_ group: Group, limit: Int) -> [Series] {
    guard let coloured else {
      return [one(group.cells, data.name(""), SeriesStyle(index: 0), nil, limit: limit)]
    }
    let values = data.values(coloured)
    return values.map { value in
      let cells = group.cells.filter { data.value(coloured, of: $0.row) == value }
      let label = values.count > 8 ? nil : ReportData.short(value)
      return one(
        cells, legendName(coloured, value), data.style(coloured, value), label, limit: limit)
    }
  }

  private func one(
    _ cells: [ReportCell], _ name: String, _ style: SeriesStyle, _ label: String?, limit: Int
  ) -> Series {
    let curves = cells.compactMap { data.curves[$0.id] }
    let raw = curves.map(points)
    let band = SeedBand(
      raw.map { SeedBand.smooth($0, window: window).filter { $0.step >= start } })
    var series = Series(name: name, style: style)
    series.line = Downsampling.extremes(
      band.points.map { CurvePoint(Double($0.step), $0.mean) }, limit: limit)
    if band.seeds > 1 { series.band = self.band(band.points, limit: limit) }
    series.label = series.line.isEmpty ? nil : label
    series.marks = hits(band, name, style, limit: limit)
    if hasEvaluations { series.marks += evaluations(curves, name) }
    series.ends = zip(cells, raw).compactMap(end).filter { $0.x >= Double(start) }
    return series
  }

  // The widest of each stretch, so that the band never hides a spread.
  private func band(_ points: [SeedBand.Point], limit: Int) -> [Series.BandPoint] {
    let stretches = max(1, min(points.count, limit / 2))
    return (0..<stretches).compactMap { stretch in
      let part = points[
        stretch * points.count / stretches..<(stretch + 1) * points.count / stretches]
      guard let middle = part.dropFirst(part.count / 2).first,
        let low = part.map(\.low).min(), let high = part.map(\.high).max()
      else { return nil }
      let isEdge = stretch == 0 ? part.first : stretch == stretches - 1 ? part.last : nil
      return .init(x: Double((isEdge ?? middle).step), low: low, high: high)
    }
  }

  private func hits(
    _ band: SeedBand, _ name: String, _ style: SeriesStyle, limit: Int
  ) -> [Series.Mark] {
    let shown = Downsampling.even(band.points.count, limit: max(8, limit / 12))
    // A few of them bear the marker, at places that differ by series: told apart without colour.
    let stride = max(1, (shown.count + 3) / 4)
    let first = style.index * 3 % stride
    return shown.enumerated().map { number, index in
      let point = band.points[index]
      let spread =
        point.n > 1 ? " (\(text(point.low)) to \(text(point.high)), \(point.n) seeds)" : ""
      return Series.Mark(
        x: Double(point.step), y: point.mean,
        text: "\(name), step \(point.step): \(text(point.mean))\(spread)",
        isHidden: hasEvaluations || coloured == nil || number % stride != first)
    }
  }

  private func evaluations(_ curves: [LossCurve], _ name: String) -> [Series.Mark] {
    let band = SeedBand(
      curves.map { $0.evaluations.filter { $0.step >= start }.map { ($0.step, $0.loss) } })
    let full = Set(curves.flatMap(\.evaluations).filter(\.isFull).map(\.step))
    return Downsampling.even(band.points.count, limit: 24).map { index in
      let point = band.points[index]
      let isFull = full.contains(point.step)
      return Series.Mark(
        x: Double(point.step), y: point.mean,
        text: "\(name), validation after \(point.step) steps: "
          + Metric.valLoss.text(point.mean) + (isFull ? ", whole split" : ""),
        range: point.n > 1 ? point.low...point.high : nil, isFilled: isFull)
    }
  }

  // A cross where a cell's curve stops although the cell did not end well.
  private func end(
    _ cell: ReportCell, _ curve: [(step: Int, value: Double)]
  ) -> Series.Mark? {
    guard cell.row.status != .ok, cell.row.status != .notRun,
      let last = curve.last(where: { $0.value.isFinite })
    else { return nil }
    let why = cell.row.reason.map { ": " + $0 } ?? ""
    return Series.Mark(
      x: Double(last.step), y: last.value, text: "\(cell.label) \(cell.row.status.words)\(why)")
  }
}

extension LossCurve {
  /// A quantity of the steps that have it.
  func points(_ value: (Step) -> Double?) -> [(step: Int, value: Double)] {
    steps.compactMap { step in value(step).map { (step: step.step, value: $0) } }
  }
}
