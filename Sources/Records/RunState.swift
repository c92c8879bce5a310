// Whether a run is going on, has ended, or was left in the middle: what its lock and its record say.

/// How far a run is.
package enum RunState: String, Sendable {
  /// Its lock is held, or that of a cell that is not done: some process works on it.
  case running
  /// It came to its end, and every cell to its own, whatever became of it.
  case finished
  /// It was interrupted, killed, or ended with cells that are not done.
  case unfinished

  /// The state of a run as it is now.
  package init(of run: StoredRun) {
    if RunLock.isHeld(run.folder) || run.cells.contains(where: \.isBeingRun) {
      self = .running
    } else if let exit = run.record?.exit {
      self = Self.resumable.contains(exit) || !run.isComplete ? .unfinished : .finished
    } else {
      self = .unfinished
    }
  }

  /// Exit codes of a run that can go on: cells run elsewhere, SIGHUP, SIGINT, SIGTERM.
  private static let resumable: Set<Int> = [Int(ExitCode.busy), 129, 130, 143]
}

extension StoredCell {
  /// Whether it is not done and some process runs it.
  fileprivate var isBeingRun: Bool { !row.status.isFinal && RunLock.holder(in: folder) != nil }
}
