// A chart as SVG: axes, grid, series and their labels, for one width that the page scales.

internal import Foundation

/// A chart of y against x.
struct Chart {
  /// What is seen, in a sentence, for those who do not see it.
  let summary: String
  let x: ChartAxis
  let y: ChartAxis
  let xLabel: String
  let yLabel: String
  let series: [Series]
  var guides: [Guide] = []
  /// Whether it stands alone on a wide page.
  var isWide = false

  private var width: Double { isWide ? 900 : 480 }
  private var height: Double { isWide ? 330 : 310 }
  private static let top = 34.0
  private static let bottom = 54.0
  // The widths of a character at the larger size that a narrow page takes, in the widest of the
  // usual fonts.
  private static let letter = 9.3
  private static let boldLetter = 10.4
  /// A line that ends so far from the right edge has its name at its own end.
  private static let early = 40.0

  private var left: Double {
    let longest = y.ticks.map(\.text.count).max() ?? 0
    return min(120, Double(longest) * Self.letter + 14)
  }

  private var right: Double {
    let longest = series.compactMap(\.label?.count).max() ?? 0
    return longest == 0 ? 18 : min(170, Double(longest) * Self.boldLetter + 14)
  }

  private var frame: (x: ClosedRange<Double>, y: ClosedRange<Double>) {
    (left...width - right, Self.top...height - Self.bottom)
  }

  // What lies beyond an axis stands at its edge.
  private func px(_ value: Double) -> Double? {
    x.place(value).map {
      frame.x.lowerBound + max(0, min(1, $0)) * (frame.x.upperBound - frame.x.lowerBound)
    }
  }

  private func py(_ value: Double) -> Double? {
    y.place(value).map {
      frame.y.upperBound - max(0, min(1, $0)) * (frame.y.upperBound - frame.y.lowerBound)
    }
  }

  /// The same for a wide page.
  var wide: Chart {
    var chart = self
    chart.isWide = true
    return chart
  }

  /// The chart.
  var svg: HTML {
    let parts =
      [grid, titles, guides.map(guide).joined]
      + [
        band, { path($0.faint, "faint", $0.style) }, { path($0.line, "line", $0.style) }, marks,
      ].map { layer in series.map { $0.group(layer($0)) }.joined } + [labels]
    return .element(
      "svg",
      [
        "class": isWide ? "chart wide" : "chart", "viewBox": "0 0 \(width.svg) \(height.svg)",
        "style": "aspect-ratio:\(width.svg)/\(height.svg)", "role": "img",
        "aria-label": summary, "xmlns": "http://www.w3.org/2000/svg",
      ], joined: parts)
  }

  // MARK: Axes

  private var grid: HTML {
    var lines: [HTML] = []
    var texts: [HTML] = []
    for tick in y.ticks {
      guard let y = py(tick.value) else { continue }
      lines.append(rule(frame.x.lowerBound, y, frame.x.upperBound, y))
      texts.append(text(tick.text, frame.x.lowerBound - 8, y + 4, "end"))
    }
    let shown = roomy(x.ticks)
    for tick in x.ticks {
      guard let x = px(tick.value) else { continue }
      lines.append(rule(x, frame.y.upperBound, x, frame.y.upperBound + 4))
      guard shown.contains(tick) else { continue }
      // The last one must not be cut off by the edge.
      let half = Double(tick.text.count) * Self.letter / 2
      texts.append(
        text(tick.text, min(x, width - half), frame.y.upperBound + 20, "middle"))
    }
    let base = HTML.leaf(
      "path",
      [
        "class": "axis",
        "d": "M\(frame.x.lowerBound.svg) \(frame.y.upperBound.svg)H\(frame.x.upperBound.svg)",
      ])
    return .element("g", ["class": "grid"], joined: lines) + base
      + .element("g", ["class": "ticks"], joined: texts)
  }

  /// The ticks whose texts do not touch, from the right: the largest size is the one asked about.
  private func roomy(_ ticks: [ChartAxis.Tick]) -> [ChartAxis.Tick] {
    var kept: [ChartAxis.Tick] = []
    var edge = Double.infinity
    for tick in ticks.reversed() {
      guard let x = px(tick.value) else { continue }
      let half = Double(tick.text.count) * Self.letter / 2
      guard x + half + 6 < edge else { continue }
      kept.append(tick)
      edge = x - half
    }
    return kept
  }

  private var titles: HTML {
    text(yLabel, 0, 15, "start", "label")
      + text(
        xLabel, (frame.x.lowerBound + frame.x.upperBound) / 2, height - 8, "middle", "label")
  }

  private func rule(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> HTML {
    .leaf("path", ["d": "M\(x1.svg) \(y1.svg)L\(x2.svg) \(y2.svg)"])
  }

  private func text(
    _ text: String, _ x: Double, _ y: Double, _ anchor: String, _ kind: String = ""
  ) -> HTML {
    .element(
      "text",
      [
        "x": x.svg, "y": y.svg, "text-anchor": anchor == "start" ? "" : anchor,
        "class": kind,
      ],
      HTML(text))
  }

  // MARK: Series

  // A point without a place, such as zero on a logarithmic axis, breaks the line.
  private func path(_ points: [CurvePoint], _ kind: String, _ style: SeriesStyle) -> HTML {
    var d = ""
    var isOpen = false
    for point in points {
      guard let x = px(point.x), let y = py(point.y) else {
        isOpen = false
        continue
      }
      d += "\(isOpen ? "L" : "M")\(x.svg) \(y.svg)"
      isOpen = true
    }
    if d.isEmpty { return .nothing }
    return .leaf(
      "path",
      [
        "class": kind, "d": d, "style": "stroke:\(style.colour)",
        "stroke-dasharray": kind == "line" ? style.dash : "1.5 4",
      ])
  }

  private func band(_ series: Series) -> HTML {
    let places = series.band.compactMap { point -> (x: Double, low: Double, high: Double)? in
      guard let x = px(point.x), let low = py(point.low), let high = py(point.high) else {
        return nil
      }
      return (x, low, high)
    }
    guard places.count > 1 else { return .nothing }
    let there = places.map { "\($0.x.svg) \($0.high.svg)" }
    let back = places.reversed().map { "\($0.x.svg) \($0.low.svg)" }
    return .leaf(
      "path",
      [
        "class": "band", "d": "M" + (there + back).joined(separator: "L") + "Z",
        "style": "fill:\(series.style.colour)",
      ])
  }

  private func marks(_ series: Series) -> HTML {
    let shown = series.marks.compactMap { mark(series, $0) }
    let ends = series.ends.compactMap { end -> HTML? in
      guard let x = px(end.x), let y = py(end.y) else { return nil }
      let cross = HTML.leaf(
        "path",
        [
          "class": "end", "style": "stroke:\(series.style.colour)",
          "d": "M\((x - 5).svg) \((y - 5).svg)l10 10m0 -10l-10 10",
        ])
      return .element("g", [:], .element("title", [:], HTML(end.text)), cross)
    }
    return (shown + ends).joined
  }

  private func mark(_ series: Series, _ mark: Series.Mark) -> HTML? {
    guard let x = px(mark.x), let y = py(mark.y) else { return nil }
    let title = HTML.element("title", [:], HTML(mark.text))
    if mark.isHidden {
      return .element(
        "circle", ["class": "hit", "cx": x.svg, "cy": y.svg, "r": "7"], title)
    }
    var bar = HTML.nothing
    if let range = mark.range, let low = py(range.lowerBound), let high = py(range.upperBound),
      low - high > 1
    {
      bar = .leaf(
        "path",
        [
          "class": "bar", "style": "stroke:\(series.style.colour)",
          "d": "M\((x - 3).svg) \(high.svg)h6m-3 0V\(low.svg)m-3 0h6",
        ])
    }
    return .element(
      "g", ["class": "mark"], title, bar, series.style.marker(x, y, isFilled: mark.isFilled))
  }

  // MARK: Labels

  /// The names at the ends of the lines, moved apart where they would touch.
  ///
  /// A line that ends early has its name there; at the right edge it would stand beside another.
  private var labels: HTML {
    var columns: [Double: [(series: Series, text: String, y: Double)]] = [:]
    for series in series {
      guard let label = series.label, let last = series.line.last ?? series.faint.last,
        let x = px(last.x), let y = py(last.y)
      else { continue }
      let isEarly = x < frame.x.upperBound - Self.early
      columns[isEarly ? x : frame.x.upperBound, default: []].append((series, label, y))
    }
    return columns.sorted { $0.key < $1.key }.map { x, wanted in
      let places = LabelPlaces.apart(
        wanted.map(\.y), gap: 16, within: frame.y.lowerBound...frame.y.upperBound)
      return zip(wanted, places).map { entry, y in
        label(entry.text, of: entry.series, from: (x, entry.y), at: y)
      }.joined
    }.joined
  }

  /// A name, and a thin line to the end of its own line where it was moved away from it.
  private func label(
    _ text: String, of series: Series, from end: (x: Double, y: Double), at y: Double
  ) -> HTML {
    let leader: KeyValuePairs = [
      "class": "leader", "d": "M\(end.x.svg) \(end.y.svg)L\((end.x + 8).svg) \(y.svg)",
      "style": "stroke:\(series.style.colour)", "data-series": series.name,
    ]
    let place: KeyValuePairs = [
      "class": "name", "x": (end.x + 9).svg, "y": (y + 4).svg,
      "style": "fill:\(series.style.colour)", "data-series": series.name,
    ]
    return (abs(y - end.y) < 3 ? .nothing : .leaf("path", leader))
      + .element("text", place, HTML(text))
  }

  private func guide(_ guide: Guide) -> HTML {
    let places = guide.points.compactMap { point -> (x: Double, y: Double)? in
      guard let x = px(point.x), let y = py(point.y) else { return nil }
      return (x, y)
    }
    guard let first = places.first, let last = places.last, places.count > 1 else {
      return .nothing
    }
    let line = HTML.leaf(
      "path",
      [
        "class": "guide",
        "d": "M" + places.map { "\($0.x.svg) \($0.y.svg)" }.joined(separator: "L"),
      ])
    // Beside a vertical line, at its upper end.
    if first.x == last.x {
      return line
        + .element(
          "text", ["class": "guide", "x": (first.x + 5).svg, "y": (frame.y.lowerBound + 10).svg],
          HTML(guide.text))
    }
    let slope = (last.y - first.y) / (last.x - first.x)
    let angle = atan(slope) * 180 / .pi
    let isLevel = abs(angle) < 0.1
    // The text does not reach over the ticks at the left, nor over the names at the right; and on a
    // slope it stays at the line.
    let half = Double(guide.text.count) * Self.letter / 2 * cos(atan(slope))
    let wanted = min(first.x + guide.at * (last.x - first.x), frame.x.upperBound - half)
    let within = max(wanted, frame.x.lowerBound + half)
    let x = isLevel ? within : max(first.x, min(last.x, within))
    let y = first.y + slope * (x - first.x)
    return line
      + .element(
        "text",
        [
          "class": "guide", "text-anchor": "middle", "x": x.svg,
          "y": (guide.isBelow ? y + 17 : y - 7).svg,
          "transform": isLevel ? "" : "rotate(\(angle.svg) \(x.svg) \(y.svg))",
        ], HTML(guide.text))
  }
}
