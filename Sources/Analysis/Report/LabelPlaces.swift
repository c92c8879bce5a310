// Labels that would touch are moved apart, as little as it takes.

package enum LabelPlaces {
  /// Places near the wanted ones, at least `gap` apart and, if there is room, within `bounds`.
  package static func apart(
    _ wanted: [Double], gap: Double, within bounds: ClosedRange<Double>
  ) -> [Double] {
    let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
    var places = order.map { min(max(wanted[$0], bounds.lowerBound), bounds.upperBound) }
    for index in places.indices.dropFirst() {
      places[index] = max(places[index], places[index - 1] + gap)
    }
    // Back up from the lower edge, where pushing down went over it.
    if let last = places.indices.last, places[last] > bounds.upperBound {
      places[last] = bounds.upperBound
      for index in places.indices.dropLast().reversed() {
        places[index] = min(places[index], places[index + 1] - gap)
      }
    }
    var result = wanted
    for (place, index) in zip(places, order) { result[index] = place }
    return result
  }
}
