// What can go wrong with the files of a run, as data, and its wording in one place.

internal import Foundation

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
    }
  }

  /// The system's text for an error number, in lower case as our own messages are.
  private static func text(_ code: Int32) -> String {
    let text = String(cString: strerror(code))
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  /// The error of the system call that has just failed.
  package static func last(_ doing: String, _ path: String) -> ResultsError {
    .system(doing: doing, path: path, code: errno)
  }

  /// The same, of one that was to read.
  static func lastOfReading(_ path: String) -> ResultsError {
    .unreadable(path: path, problem: text(errno))
  }
}
