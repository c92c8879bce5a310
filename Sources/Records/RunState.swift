// Whether a run is going on, has ended, or was left in the middle: what its lock and its record say.

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
    if RunLock.isHeld(run.folder) {
      self = .running
    } else if let exit = run.record?.exit {
      self = Self.resumable.contains(exit) ? .unfinished : .finished
    } else {
      self = .unfinished
    }
  }

  /// Exit codes of a run that can go on: stopped by a budget, SIGHUP, SIGINT, SIGTERM.
  private static let resumable: Set<Int> = [75, 129, 130, 143]
}
