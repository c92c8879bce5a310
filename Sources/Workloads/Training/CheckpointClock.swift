// CheckpointClock: when to write the next checkpoint, so that a crash costs little and writing costs less.

import Records

/// Decides after which steps a training writes its state.
package struct CheckpointClock {
  /// Writing may take this share of the time.
  private static let share = 0.05

  private let interval: Double
  private let now: () -> Double
  private var last: Double
  private var cost = 0.0

  /// - Parameters:
  ///   - interval: least seconds between two checkpoints; infinite for none.
  ///   - now: seconds on a clock that never goes backwards.
  package init(interval: Double, now: @escaping () -> Double = MonotonicClock.now) {
    self.interval = interval
    self.now = now
    last = now()
  }

  package var isDue: Bool { now() - last >= max(interval, cost / Self.share) }

  /// Writes, and remembers how long that took.
  package mutating func write(_ body: () throws -> Void) rethrows {
    let start = now()
    try body()
    last = now()
    cost = last - start
  }
}
