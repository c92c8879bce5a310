// RunError, ResultsError: what can go wrong with runs and their files, and what the program's exit
// codes mean.

internal import Config
internal import Foundation

/// Why a run does not go on.
package enum RunError: Error, Equatable, CustomStringConvertible {
  /// Another program writes into the folder.
  case locked(String, by: RunLock.Holder?)
  /// Another process runs the cell.
  case cellLocked(String, by: RunLock.Holder?)
  /// Another process has taken a cell over from this one.
  case claimLost(String)
  /// Program, machine or files that are read are not those that the run began with.
  case changed([String])
  /// The same of one cell of the run in a folder.
  case cellChanged(String, [String], run: String)
  /// Another build of the program than the one that is to hand the run to a scheduler prepared it.
  case preparedByAnotherBuild
  /// Cells of the run that the experiment file no longer has.
  case missingCells([String])
  /// A signal came, and there is nothing to go on with; the exit code that stands for it.
  case interrupted(Int32)
  /// A cell that is not to run, and why.
  case excluded(String, String?)
  /// A worker could not write its results; it said why. The cell, and the run's folder.
  case workerCouldNotWrite(String, run: String)

  /// Whether nothing is wrong, for another process does what was asked.
  package var isLeftToAnother: Bool {
    if case .cellLocked = self { return true }
    return false
  }

  package var exitCode: Int32 {
    switch self {
    case .changed, .cellChanged, .preparedByAnotherBuild: ExitCode.notComparable
    case .cellLocked, .claimLost: ExitCode.busy
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
      "\(label) is being run by another process\(holder?.note ?? ""); it is left to it"
    case .claimLost(let label):
      "\(label) was taken over by another process, for this one gave no sign of life for too long; "
        + "it writes nothing more"
    case .changed(let changes):
      "the run was begun with other conditions: \(changes.joined(separator: "; ")); "
        + "its cells would not compare. --accept-changes goes on all the same"
    case .cellChanged(let label, let changes, let run):
      "\(label) was planned under other conditions: \(changes.joined(separator: "; ")); it would not "
        + "compare and was not run. To go on all the same: "
        + "runexp resume \(Wording.shellWord(run)) --accept-changes"
    case .preparedByAnotherBuild:
      "this run was prepared by another build of the program, whose cells do not compare with this "
        + "one's: its tasks would end with code 5, and nothing was written. Call emit with that "
        + "build, or prepare the run anew"
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

// What can go wrong with the files of a run, as data, and its wording in one place.

/// A fault of the result files: which file, what was tried, and the system's reason.
package enum ResultsError: Error, Equatable, CustomStringConvertible {
  /// A system call failed on the way to writing: what was being done, the file, and `errno`.
  case system(doing: String, path: String, code: Int32)
  /// An experiment or cell name that cannot be the name of a folder.
  case badName(String)
  /// A file cannot be read, or does not hold what it should.
  case unreadable(path: String, problem: String)
  /// No run, or more than one, goes by a name.
  case noRun(name: String, results: String, hint: String)
  /// A name that can only be a path, and there is nothing there.
  case nothing(at: String)

  /// Whether nothing could be written: the disk is full, a folder is gone or may not be written.
  ///
  /// What cannot be read says nothing of the results: it may be a file that a cell alone asked for.
  package var isOfWriting: Bool {
    if case .system = self { return true }
    return false
  }

  package var description: String {
    switch self {
    case .system(let doing, let path, let code):
      "could not \(doing) '\(path)': \(ResultsError.text(code))"
    case .badName(let name):
      "'\(name)' cannot name a results folder: use letters, digits, '.', '_', '+' and '-', "
        + "and begin with a letter or digit"
    case .unreadable(let path, let problem):
      "could not read '\(path)': \(problem)"
    case .noRun(let name, let results, let hint):
      "no run '\(name)' in '\(results)': \(hint)"
    case .nothing(let path):
      "there is nothing at '\(path)'"
    }
  }

  /// The system's text for an error number, in lower case as our own messages are.
  static func text(_ code: Int32) -> String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  /// The error of the system call that has just failed.
  package static func last(_ doing: String, _ path: String) -> ResultsError {
    .system(doing: doing, path: path, code: errno)
  }

  /// The same, of one that was to read.
  package static func lastOfReading(_ path: String) -> ResultsError {
    .unreadable(path: path, problem: text(errno))
  }
}

// ExitCode: what the program's exit codes mean.

/// The program's exit codes.
package enum ExitCode {
  package static let ok: Int32 = 0
  /// An internal error, or one of the environment.
  package static let failure: Int32 = 1
  /// What was looked for was found: a regression (diff), other bits (replay), a prediction that was
  /// off (summary).
  package static let found: Int32 = 2
  /// The run ended, but not every cell is ok, or one misses what the file expects of it.
  package static let someCellsFailed: Int32 = 3
  /// Not comparable: the conditions are not those of the run that was to be compared or gone on
  /// with.
  package static let notComparable: Int32 = 5
  /// A worker could not write its results (EX_IOERR).
  package static let couldNotWrite: Int32 = 74
  /// Another process runs the cell, or cells of the run, so that it is not complete yet
  /// (EX_TEMPFAIL).
  package static let busy: Int32 = 75
  /// The experiment file is invalid (EX_CONFIG).
  package static let invalidFile: Int32 = 78
}
