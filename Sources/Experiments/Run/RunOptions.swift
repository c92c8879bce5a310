// RunOptions: what the command line says beside the experiment file.

/// How to run an experiment.
package struct RunOptions: Sendable {
  /// The folder of all results.
  package var results = "results"
  package var dataDirectory: String?
  /// CPU threads; 0 means one a core.
  package var threads = 0
  package var savesInitial = false
  package var offline = false
  package var plugin: String?
  package var isQuiet = false
  /// The command line, for the record.
  package var arguments: [String] = []

  package init() {}

  /// The options that a worker process is started with.
  func workerArguments(offline: Bool) -> [String] {
    var words = ["--threads", "\(threads)"]
    if let dataDirectory { words += ["--data-dir", dataDirectory] }
    if let plugin { words += ["--plugin", plugin] }
    if savesInitial { words.append("--save-initial") }
    if offline || self.offline { words.append("--offline") }
    if isQuiet { words.append("--quiet") }
    return words
  }
}
