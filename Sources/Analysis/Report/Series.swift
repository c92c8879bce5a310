// What a chart draws: lines, bands between low and high, marks with texts, guides.

import Statistics

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

  /// What is drawn of it, to be hidden and shown by its name.
  func group(_ content: HTML) -> HTML {
    content.isEmpty ? .nothing : .element("g", ["data-series": name], content)
  }
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

// The same curve of several seeds as one: mean, lowest and highest at each step.

/// A quantity by step, over the seeds.
package struct SeedBand: Equatable, Sendable {
  package struct Point: Equatable, Sendable {
    package let step: Int
    package let mean: Double
    package let low: Double
    package let high: Double
    /// The number of seeds that have a value at this step.
    package let n: Int
  }

  package let points: [Point]
  /// The number of seeds that have any value.
  package let seeds: Int

  /// - Parameter curves: one a seed, step and value; values that are not finite are left out.
  package init(_ curves: [[(step: Int, value: Double)]]) {
    var values: [Int: [Double]] = [:]
    for curve in curves {
      for (step, value) in curve where value.isFinite { values[step, default: []].append(value) }
    }
    seeds = curves.count { $0.contains { $0.value.isFinite } }
    points = values.keys.sorted().compactMap { step in
      guard let sample = values[step], let mean = Sample(sample).mean, let low = sample.min(),
        let high = sample.max(), mean.isFinite
      else { return nil }
      return Point(step: step, mean: mean, low: low, high: high, n: sample.count)
    }
  }

  /// A running mean over `window` values, centred.
  ///
  /// - Parameter keepsEnds: whether the curve goes on to its first and last value, over fewer and
  ///   fewer values; else only means over whole windows are left, which say the same everywhere.
  package static func smooth(
    _ curve: [(step: Int, value: Double)], window: Int, keepsEnds: Bool = true
  ) -> [(step: Int, value: Double)] {
    let finite = curve.filter(\.value.isFinite)
    guard window > 1 else { return finite }
    var sums = [0.0]
    for point in finite { sums.append(sums[sums.count - 1] + point.value) }
    let isLong = finite.count >= window
    let kept =
      keepsEnds || !isLong
      ? finite.indices : (window / 2)..<(finite.count - (window - 1) / 2)
    return kept.map { index in
      // As many before as after, so that the mean does not run ahead or behind.
      let half = min(window / 2, index, finite.count - 1 - index)
      let sum = sums[index + half + 1] - sums[index - half]
      return (finite[index].step, sum / Double(2 * half + 1))
    }
  }
}

// Long curves as few points that still show every peak.

/// A point of a curve.
package struct CurvePoint: Equatable, Sendable {
  package let x: Double
  package let y: Double

  package init(_ x: Double, _ y: Double) {
    self.x = x
    self.y = y
  }
}

package enum Downsampling {
  /// At most about `limit` of the points: the ends, and the lowest and highest of each stretch
  /// between.
  ///
  /// A spike of one step stays visible, which every n-th point would miss.
  package static func extremes(_ points: [CurvePoint], limit: Int) -> [CurvePoint] {
    guard points.count > max(limit, 4) else { return points }
    let stretches = max(1, (limit - 2) / 2)
    var kept = [points[0]]
    for stretch in 0..<stretches {
      let inner = points.count - 2
      let range = 1 + stretch * inner / stretches..<1 + (stretch + 1) * inner / stretches
      guard let low = range.min(by: { points[$0].y < points[$1].y }),
        let high = range.max(by: { points[$0].y < points[$1].y })
      else { continue }
      kept.append(points[min(low, high)])
      if low != high { kept.append(points[max(low, high)]) }
    }
    kept.append(points[points.count - 1])
    return kept
  }

  /// So many indices of `count`, evenly spread, the last one among them.
  static func even(_ count: Int, limit: Int) -> [Int] {
    guard count > limit else { return Array(0..<count) }
    guard limit > 1 else { return count > 0 ? [count - 1] : [] }
    return (0..<limit).map { $0 * (count - 1) / (limit - 1) }
  }
}
