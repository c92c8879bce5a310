// A forest plot: a row for each comparison, with its difference or ratio and the interval, on one
// scale around no difference.

import Statistics

/// Comparisons one below the other.
struct ForestPlot {
  struct Row {
    let label: String
    let value: Double
    /// Nil where there is none.
    let interval: Interval?
    /// The value and interval in words.
    let figure: String
    let verdict: Verdict
    /// The series that hides it.
    let series: String
  }

  struct Verdict {
    let text: String
    /// How it is coloured: `better`, `worse`, or nothing.
    let kind: String
  }

  let title: String
  /// Which way is better, in words.
  let direction: String
  let rows: [Row]
  let axis: ChartAxis
  /// Where the sides are equal: zero of differences, one of ratios.
  let even: Double

  /// Nil of no rows.
  init?(
    title: String, direction: String, rows: [Row], unit: ChartAxis.Unit, areRatios: Bool = false
  ) {
    let values = rows.flatMap { row in
      [row.value] + (row.interval.map { [$0.low, $0.high] } ?? [])
    }
    let even = areRatios ? 1.0 : 0
    guard !rows.isEmpty,
      let axis = ChartAxis(values + [even], unit: unit, isLogarithmic: areRatios, padding: 0.08)
    else { return nil }
    self.title = title
    self.direction = direction
    self.rows = rows
    self.axis = axis
    self.even = even
  }

  var html: HTML {
    .element(
      "figure", ["class": "forest"], .element("p", ["class": "panel-title"], HTML(title)),
      .element("div", ["class": "forest-rows"], joined: rows.map(line) + [scale]))
  }

  private func line(_ row: Row) -> HTML {
    .element(
      "div", ["class": "forest-row \(row.verdict.kind)", "data-series": row.series],
      .element("span", ["class": "forest-label"], HTML(row.label)), drawing(row),
      .element("span", ["class": "forest-figure"], HTML(row.figure)),
      .element("span", ["class": "forest-verdict"], HTML(row.verdict.text)))
  }

  // Places are shares of the width, so that the drawing has no text to scale.
  private func drawing(_ row: Row) -> HTML {
    let zero = HTML.leaf(
      "line", ["class": "even", "x1": place(even), "x2": place(even), "y1": "0", "y2": "100%"])
    let interval =
      row.interval.map { ends in
        HTML.leaf(
          "line",
          [
            "class": "interval", "x1": place(ends.low), "x2": place(ends.high), "y1": "50%",
            "y2": "50%",
          ])
      } ?? .nothing
    return .element(
      "svg",
      ["class": "forest-drawing", "role": "img", "aria-label": "\(row.label): \(row.figure)"],
      zero, interval,
      .leaf("circle", ["cx": place(row.value), "cy": "50%", "r": "4.5"]))
  }

  private var scale: HTML {
    let ticks = shownTicks.map { tick in
      HTML.element(
        "span", ["class": "forest-tick", "style": "left:\(place(tick.value))"], HTML(tick.text))
    }
    return .element(
      "div", ["class": "forest-row"], .element("span", ["class": "forest-label"]),
      .element("div", ["class": "forest-scale", "aria-hidden": "true"], joined: ticks),
      .element("span", ["class": "forest-figure"], HTML(direction)))
  }

  // Every so-many-th from the middle on, so that texts do not touch on a narrow page either.
  private var shownTicks: [ChartAxis.Tick] {
    let zero = axis.ticks.firstIndex { $0.value == even } ?? 0
    let places = axis.ticks.compactMap { axis.place($0.value) }
    guard let gap = zip(places.dropFirst(), places).map({ $0 - $1 }).min() else {
      return axis.ticks
    }
    let longest = axis.ticks.map(\.text.count).max() ?? 1
    let stride = max(1, Int((Double(longest + 2) * 0.035 / gap).rounded(.up)))
    return axis.ticks.enumerated().filter { ($0.offset - zero) % stride == 0 }.map(\.element)
  }

  // Some room at both ends for half of a tick's text.
  private func place(_ value: Double) -> String { (6 + 88 * (axis.place(value) ?? 0)).svg + "%" }
}
