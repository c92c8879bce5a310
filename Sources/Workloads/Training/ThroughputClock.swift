// ThroughputClock: times of steps, apart from those of evaluations, and what they say of speed.

import Foundation

/// Collects the durations of training steps.
package struct ThroughputClock: Sendable {
  package private(set) var steps: [Double] = []

  package init() {}

  package mutating func add(_ seconds: Double) { steps.append(seconds) }

  package var total: Double { steps.reduce(0, +) }

  /// The median step, the first one left out where there are others: it also fills the caches.
  package var median: Double? {
    let sorted = (steps.count > 1 ? Array(steps.dropFirst()) : steps).sorted()
    guard !sorted.isEmpty else { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
