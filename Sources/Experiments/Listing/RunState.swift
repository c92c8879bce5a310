// Whether a run is going on, has ended, or was left in the middle: what its lock and its record say.

internal import Foundation

/// How far a run is.
package enum RunState: String, Sendable {
  /// Its lock is held: some process works on it.
  case running
  /// It came to its end, whatever became of its cells.
  case finished
  /// It was interrupted, killed, or ran into its budget.
  case unfinished

  /// The state of a run as it is now.
  package init(of run: StoredRun) {
    if Self.isLocked(run.folder) {
      self = .running
    } else if let exit = run.record["exit"]?.whole {
      self = Self.resumable.contains(exit) ? .unfinished : .finished
    } else {
      self = .unfinished
    }
  }

  /// Whether a process holds the lock of a run.
  ///
  /// The lock is taken shared and let go of at once, so that nobody who wants it is kept from it.
  package static func isLocked(_ folder: RunFolder) -> Bool {
    let file = open(folder.file(".lock"), O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    guard flock(file, LOCK_SH | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
    flock(file, LOCK_UN)
    return false
  }

  /// Exit codes of a run that can go on: stopped by a budget, SIGHUP, SIGINT, SIGTERM.
  private static let resumable: Set<Int> = [75, 129, 130, 143]
}
