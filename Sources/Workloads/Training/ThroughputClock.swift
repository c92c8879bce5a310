// ThroughputClock: times of steps, apart from those of evaluations, and what they say of speed.

/// Collects the durations of training steps.
package struct ThroughputClock: Sendable {
  package private(set) var total = 0.0
  private var first: Double?
  /// Those after the first, the shortest first: the median is asked for after each step.
  private var others: [Double] = []

  package init() {}

  package mutating func add(_ seconds: Double) {
    total += seconds
    guard first != nil else { return first = seconds }
    var (low, high) = (0, others.count)
    while low < high {
      let middle = (low + high) / 2
      if others[middle] <= seconds { low = middle + 1 } else { high = middle }
    }
    others.insert(seconds, at: low)
  }

  /// The median step, the first one left out where there are others: it also fills the caches.
  package var median: Double? {
    guard !others.isEmpty else { return first }
    let middle = others.count / 2
    return others.count % 2 == 1 ? others[middle] : (others[middle - 1] + others[middle]) / 2
  }
}
