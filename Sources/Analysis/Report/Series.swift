// What a chart draws: lines, bands between low and high, marks with texts, guides.

/// One series of a chart.
struct Series {
  /// A point with a marker.
  struct Mark {
    let x: Double
    let y: Double
    /// What is said where the pointer is.
    let text: String
    /// The ends of a bar through the point; nil where there is no spread.
    var range: ClosedRange<Double>? = nil
    var isFilled = true
    /// Whether it is only there to be pointed at.
    var isHidden = false
  }

  struct BandPoint {
    let x: Double
    let low: Double
    let high: Double
  }

  let name: String
  let style: SeriesStyle
  var line: [CurvePoint] = []
  var band: [BandPoint] = []
  var marks: [Mark] = []
  /// A thin line under the others: a fit, a bound.
  var faint: [CurvePoint] = []
  /// Where a run ended before its time.
  var ends: [Mark] = []
  /// What stands at the right end of the line; nil where only the legend names it.
  var label: String?

  /// Every y that must have a place on the axis.
  var values: [Double] {
    line.map(\.y) + band.flatMap { [$0.low, $0.high] }
      + marks.flatMap { [$0.y] + ($0.range.map { [$0.lowerBound, $0.upperBound] } ?? []) }
  }

  var positions: [Double] { line.map(\.x) + marks.map(\.x) }
}

/// A line of the chart itself: a roof, the diagonal.
struct Guide {
  let points: [CurvePoint]
  let text: String
  /// Where along the line the text stands, 0 to 1.
  var at = 0.5
  /// Whether the text stands below the line rather than above it.
  var isBelow = false
}
