// What can keep a run from starting or going on, beside files that cannot be written.

/// Why a run does not go on.
package enum RunError: Error, Equatable, CustomStringConvertible {
  /// Another program writes into the folder.
  case locked(String, by: Int32?)
  /// Program, machine or data are not those that the run began with.
  case changed([String])
  /// Cells of the run that the experiment file no longer has.
  case missingCells([String])
  /// A signal came, and there is nothing to go on with; the exit code that stands for it.
  case interrupted(Int32)
  /// A cell that is not to run, and why.
  case excluded(String, String?)
  /// A worker could not write its results; it said why.
  case workerCouldNotWrite(String)

  package var exitCode: Int32 {
    switch self {
    case .changed: ExitCode.notComparable
    case .interrupted(let code): code
    default: ExitCode.failure
    }
  }

  package var description: String {
    switch self {
    case .locked(let path, let holder):
      "'\(path)' is in use by another runexp"
        + (holder.map { " (process \($0))" } ?? "") + "; wait for it, or stop it first"
    case .changed(let changes):
      "the run was begun with other conditions: \(changes.joined(separator: "; ")); "
        + "its cells would not compare. --accept-changes goes on all the same"
    case .missingCells(let labels):
      "the run has cells that the experiment file does not have: "
        + labels.prefix(5).joined(separator: ", ")
        + (labels.count > 5 ? " and \(labels.count - 5) more" : "") + "; start a new run"
    case .interrupted: "interrupted"
    case .excluded(let label, let reason):
      "\(label) is not to run" + (reason.map { ": \($0)" } ?? "")
    case .workerCouldNotWrite(let label):
      "the worker of \(label) could not write its results; what was finished before is kept, and "
        + "'runexp resume' goes on from there"
    }
  }
}
