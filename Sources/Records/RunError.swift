// What can keep a run from starting or going on, beside files that cannot be written.

internal import Config

/// Why a run does not go on.
package enum RunError: Error, Equatable, CustomStringConvertible {
  /// Another program writes into the folder.
  case locked(String, by: RunLock.Holder?)
  /// Another process runs the cell.
  case cellLocked(String, by: RunLock.Holder?)
  /// Program, machine or files that are read are not those that the run began with.
  case changed([String])
  /// The same of one cell of the run in a folder.
  case cellChanged(String, [String], run: String)
  /// Cells of the run that the experiment file no longer has.
  case missingCells([String])
  /// A signal came, and there is nothing to go on with; the exit code that stands for it.
  case interrupted(Int32)
  /// A cell that is not to run, and why.
  case excluded(String, String?)
  /// A worker could not write its results; it said why. The cell, and the run's folder.
  case workerCouldNotWrite(String, run: String)

  package var exitCode: Int32 {
    switch self {
    case .changed, .cellChanged: ExitCode.notComparable
    case .cellLocked: ExitCode.busy
    case .interrupted(let code): code
    default: ExitCode.failure
    }
  }

  package var description: String {
    switch self {
    case .locked(let path, let holder):
      "'\(path)' is in use by another runexp"
        + (holder?.note ?? "") + "; wait for it, or stop it first"
    case .cellLocked(let label, let holder):
      "\(label) is being run by another process" + (holder?.note ?? "")
    case .changed(let changes):
      "the run was begun with other conditions: \(changes.joined(separator: "; ")); "
        + "its cells would not compare. --accept-changes goes on all the same"
    case .cellChanged(let label, let changes, let run):
      "\(label) was planned under other conditions: \(changes.joined(separator: "; ")); it would not "
        + "compare and was not run. To go on all the same: "
        + "runexp resume \(Wording.shellWord(run)) --accept-changes"
    case .missingCells(let labels):
      "the run has cells that the experiment file does not have: "
        + labels.prefix(5).joined(separator: ", ")
        + (labels.count > 5 ? " and \(labels.count - 5) more" : "") + "; start a new run"
    case .interrupted: "interrupted"
    case .excluded(let label, let reason):
      "\(label) is not to run" + (reason.map { ": \($0)" } ?? "")
    case .workerCouldNotWrite(let label, let run):
      "the worker of \(label) could not write its results; what was finished before is kept. To go "
        + "on from there: runexp resume \(Wording.shellWord(run))"
    }
  }
}
