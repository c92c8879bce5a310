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
  /// At most about `limit` of the points: the ends, and the lowest and highest of each stretch between.
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
