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

// How stable the training was: gradient norm and largest attention logit by step.

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

// Curves by step as small multiples: a panel for each point of the axes, a series for each variant.

/// How one quantity of the training steps is drawn.
struct CurvePanels {
  let data: ReportData
  /// The axis of values, as `training loss, nats a token`.
  let label: String
  let metric: Metric?
  /// The running mean's width; 1 for the values as they are.
  let window: Int
  /// Whether the validation losses are marked.
  var hasEvaluations = false
  let value: (LossCurve.Step) -> Double?

  private var points: [[CellRow.Entry]] {
    let all = data.cells.filter { data.curves[$0.id] != nil }.map(\.row.axes)
    var points: [[CellRow.Entry]] = []
    for point in all where !points.contains(point) { points.append(point) }
    return points
  }

  /// The panels that are shown, and how many are not.
  var panels: (shown: [Figure.Panel], left: Int) {
    let points = self.points
    let shown = points.prefix(ReportData.mostPanels)
    let groups = shown.map { (title: data.title($0), series: series(at: $0)) }
      .filter { group in group.series.contains { !$0.line.isEmpty } }
    let values = groups.flatMap(\.series).flatMap(\.values)
    let steps = groups.flatMap(\.series).flatMap(\.positions)
    // A run that diverged would press all others flat on a linear axis.
    let least = values.filter { $0 > 0 }.min() ?? 0
    let isWide = least > 0 && (values.max() ?? 0) > 30 * least && (values.min() ?? 0) > 0
    guard let x = ChartAxis(steps, unit: .count, padding: 0.01),
      let y = ChartAxis(values, unit: .plain, isLogarithmic: isWide)
    else { return ([], 0) }
    let panels = groups.map { title, series in
      Figure.Panel(
        title: title,
        chart: Chart(
          summary: "\(label) by step\(title.isEmpty ? "" : " at \(title)"): " + ends(series), x: x,
          y: y, xLabel: "step", yLabel: label, series: series
        ).svg)
    }
    return (panels, points.count - shown.count)
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

  /// Fewer points a curve where there are many curves, so that the page stays light.
  private var limit: Int {
    let curves = min(points.count, ReportData.mostPanels) * max(1, data.summary.variants.count)
    return max(60, min(400, 16_000 / max(1, curves)))
  }

  private func series(at point: [CellRow.Entry]) -> [Series] {
    data.summary.variants.map { variant in
      let cells = data.cells.filter { $0.row.variant == variant && $0.row.axes == point }
      let curves = cells.compactMap { data.curves[$0.id] }
      let raw = curves.map { curve in
        curve.steps.compactMap { step in value(step).map { (step: step.step, value: $0) } }
      }
      let band = SeedBand(raw.map { SeedBand.smooth($0, window: window) })
      var series = Series(name: data.name(variant), style: data.style(variant))
      series.line = Downsampling.extremes(
        band.points.map { CurvePoint(Double($0.step), $0.mean) }, limit: limit)
      if band.seeds > 1 { series.band = self.band(band.points) }
      series.label = series.line.isEmpty ? nil : data.label(variant)
      series.marks = hits(band, variant)
      if hasEvaluations { series.marks += evaluations(curves, variant) }
      series.ends = zip(cells.filter { data.curves[$0.id] != nil }, raw).compactMap(end)
      return series
    }
  }

  // The widest of each stretch, so that the band never hides a spread.
  private func band(_ points: [SeedBand.Point]) -> [Series.BandPoint] {
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

  private func hits(_ band: SeedBand, _ variant: String) -> [Series.Mark] {
    let shown = Downsampling.even(band.points.count, limit: max(8, limit / 12))
    // A few of them bear the marker, at places that differ by variant: told apart without colour.
    let stride = max(1, (shown.count + 3) / 4)
    let first = data.style(variant).index * 3 % stride
    return shown.enumerated().map { number, index in
      let point = band.points[index]
      let spread =
        point.n > 1 ? " (\(text(point.low)) to \(text(point.high)), \(point.n) seeds)" : ""
      return Series.Mark(
        x: Double(point.step), y: point.mean,
        text: "\(data.name(variant)), step \(point.step): \(text(point.mean))\(spread)",
        isHidden: hasEvaluations || data.summary.variants.count < 2 || number % stride != first)
    }
  }

  private func evaluations(_ curves: [LossCurve], _ variant: String) -> [Series.Mark] {
    let band = SeedBand(curves.map { $0.evaluations.map { ($0.step, $0.loss) } })
    let full = Set(curves.flatMap(\.evaluations).filter(\.isFull).map(\.step))
    return Downsampling.even(band.points.count, limit: 24).map { index in
      let point = band.points[index]
      let isFull = full.contains(point.step)
      return Series.Mark(
        x: Double(point.step), y: point.mean,
        text: "\(data.name(variant)), validation after \(point.step) steps: "
          + Metric.valLoss.text(point.mean) + (isFull ? ", whole split" : ""),
        range: point.n > 1 ? point.low...point.high : nil, isFilled: isFull)
    }
  }

  // A cross where a cell's curve stops although the cell did not end well.
  private func end(
    _ cell: StoredCell, _ curve: [(step: Int, value: Double)]
  ) -> Series.Mark? {
    guard cell.row.status != .ok, let last = curve.last(where: { $0.value.isFinite }) else {
      return nil
    }
    let why = cell.row.reason.map { ": " + $0 } ?? ""
    return Series.Mark(
      x: Double(last.step), y: last.value,
      text: "\(data.name(of: cell)) \(cell.row.status.words)\(why)")
  }
}
