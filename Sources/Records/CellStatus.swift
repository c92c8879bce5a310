// How a planned cell ended.

internal import Foundation

/// The status of a cell; every planned cell has one, and its row says why.
package enum CellStatus: String, CaseIterable, Sendable, JSONRepresentable {
  case ok
  /// It ended with an error.
  case failed
  /// It asked for more memory than it may have.
  case oom
  /// It ran longer than it may.
  case timeout
  /// A signal ended it.
  case killed
  /// The loss or a gradient ceased to be a finite number.
  case diverged
  /// The experiment file excludes it.
  case excluded
  /// The device or a kernel is not there.
  case unavailable
  /// The run ended before its turn.
  case notRun = "not_run"

  /// Why a cell ended before its end.
  ///
  /// - Parameter signal: the request that it heard; nil where the program that had started it was gone.
  package static func stopReason(_ signal: Int32?) -> String {
    switch signal {
    case SIGINT: "stopped by the user"
    case SIGTERM: "stopped by SIGTERM"
    default: "stopped, for the program that had started it was gone"
    }
  }

  package static func timeoutReason(_ cap: Double) -> String {
    "stopped after \(Metric.seconds.text(cap)), its time cap"
  }

  /// Whether the cell was to run: all but excluded ones count in the coverage.
  package var isPlanned: Bool { self != .excluded }

  /// Whether a cell that ended so is done: one that was killed, or did not run, runs again when the run goes on.
  package var isFinal: Bool { self != .notRun && self != .killed }
}
