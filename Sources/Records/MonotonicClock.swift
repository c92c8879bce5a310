// The clock that durations are taken from: it never goes backwards, whatever is done to the time of day.

internal import Foundation

/// CLOCK_MONOTONIC.
package enum MonotonicClock {
  /// Seconds since some fixed moment; never goes backwards.
  package static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
