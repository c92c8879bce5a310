// How series are told apart: by colour, and without colour by dash and by marker.

/// The look of one series; the same variant looks the same all over the page.
struct SeriesStyle {
  /// So many colours are in the style sheet.
  static let colours = 10
  static let dashes = ["", "7 4", "10 3 2.5 3", "14 4", "4 3", "10 3 2.5 3 2.5 3"]

  let index: Int
  /// The place of a number between the lowest, 0, and the highest, 1; nil of names.
  var shade: Double? = nil

  /// A colour of its own, or, of a number, one between those of low, middle and high.
  var colour: String {
    guard let shade else { return "var(--c\(index % Self.colours))" }
    let (from, to) = shade < 0.5 ? ("--low", "--middle") : ("--middle", "--high")
    let share = Int((200 * (shade < 0.5 ? shade : shade - 0.5)).rounded())
    return "color-mix(in oklab, var(\(to)) \(share)%, var(\(from)))"
  }

  // From the eleventh series on colours return, with other dashes; shades tell by their order.
  var dash: String {
    shade != nil ? "" : Self.dashes[(index + index / Self.colours) % Self.dashes.count]
  }

  /// The marker around a point.
  func marker(_ x: Double, _ y: Double, isFilled: Bool = true, size: Double = 4) -> HTML {
    let (s, l) = (size, size * 1.25)
    let fill = isFilled ? colour : "var(--page)"
    func path(_ d: String) -> HTML {
      .leaf("path", ["d": d, "style": "fill:\(fill);stroke:\(colour)", "stroke-width": "1.6"])
    }
    func at(_ dx: Double, _ dy: Double) -> String { "\((x + dx).svg) \((y + dy).svg)" }
    switch (index + index / Self.colours) % 6 {
    case 0:
      return .leaf(
        "circle",
        [
          "cx": x.svg, "cy": y.svg, "r": s.svg, "style": "fill:\(fill);stroke:\(colour)",
          "stroke-width": "1.6",
        ])
    case 1: return path("M\(at(-s, -s))L\(at(s, -s))L\(at(s, s))L\(at(-s, s))Z")
    case 2: return path("M\(at(0, -l))L\(at(l, s))L\(at(-l, s))Z")
    case 3: return path("M\(at(0, -l))L\(at(l, 0))L\(at(0, l))L\(at(-l, 0))Z")
    case 4: return path("M\(at(0, l))L\(at(l, -s))L\(at(-l, -s))Z")
    default:
      return .leaf(
        "path",
        [
          "d": "M\(at(-s, -s))L\(at(s, s))M\(at(-s, s))L\(at(s, -s))",
          "style": "fill:none;stroke:\(colour)", "stroke-width": "2.2",
        ])
    }
  }

  /// A line of this look for the legend.
  func swatch(isLine: Bool = true) -> HTML {
    .element(
      "svg", ["class": "swatch", "viewBox": "0 0 48 14", "aria-hidden": "true"],
      isLine
        ? .leaf(
          "path",
          [
            "d": "M1 7H47", "style": "stroke:\(colour)", "stroke-width": "2.2",
            "stroke-dasharray": dash,
          ])
        : .nothing, marker(24, 7))
  }
}

extension Double {
  /// A coordinate with one decimal at most, as SVG has it.
  var svg: String {
    guard isFinite else { return "0" }
    let tenths = Int((Swift.max(-1e6, Swift.min(1e6, self)) * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    let rest = abs(tenths) % 10
    return "\(sign)\(abs(tenths) / 10)" + (rest == 0 ? "" : ".\(rest)")
  }
}

// Labels that would touch are moved apart, as little as it takes.

package enum LabelPlaces {
  /// Places near the wanted ones, at least `gap` apart and, if there is room, within `bounds`.
  ///
  /// Labels that would touch are pooled and stand about the mean of the places that they want,
  /// which moves them least in the sense of least squares (isotonic regression).
  package static func apart(
    _ wanted: [Double], gap: Double, within bounds: ClosedRange<Double>
  ) -> [Double] {
    let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
    // Less a gap for each label before it, places need not be apart, only in order.
    var pools: [(sum: Double, count: Int)] = []
    for (rank, index) in order.enumerated() {
      var pool = (sum: wanted[index] - gap * Double(rank), count: 1)
      while let last = pools.last,
        last.sum / Double(last.count) >= pool.sum / Double(pool.count)
      {
        pool = (pool.sum + last.sum, pool.count + last.count)
        pools.removeLast()
      }
      pools.append(pool)
    }
    // Without room for all, what is too much goes over the upper edge.
    let highest = bounds.upperBound - gap * Double(wanted.count - 1)
    let lowest = min(bounds.lowerBound, highest)
    let places = pools.flatMap { pool in
      Array(
        repeating: max(lowest, min(highest, pool.sum / Double(pool.count))), count: pool.count)
    }
    var result = wanted
    for (rank, index) in order.enumerated() { result[index] = places[rank] + gap * Double(rank) }
    return result
  }
}
