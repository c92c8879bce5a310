// RunOptions: what the command line says beside the experiment file. A run keeps them, so that it can be gone on with.

/// How to run an experiment.
package struct RunOptions: Sendable {
  /// The folder of all results.
  package var results = "results"
  package var dataDirectory: String?
  /// CPU threads; 0 means one a core.
  package var threads = 0
  /// Cells that may run at once; those that measure time run alone all the same.
  package var parallel = 1
  /// Bytes that a cell may take; nil for nine tenths of what the machine has.
  package var memoryCap: Int?
  /// Seconds that a cell may run; nil for no limit.
  package var timeCap: Double?
  /// Least seconds between two checkpoints of a training.
  package var checkpointSeconds = 30.0
  /// Decides the order in which cells run.
  package var orderSeed = 1
  package var savesInitial = false
  package var offline = false
  package var plugin: String?
  package var isQuiet = false
  /// The command line, for the record.
  package var arguments: [String] = []

  package init() {}

  /// The options that a worker process is started with.
  ///
  /// - Parameters:
  ///   - threads: of this worker.
  ///   - memoryCap: bytes that it may take.
  package func workerArguments(offline: Bool, threads: Int, memoryCap: Int?) -> [String] {
    var words = ["--threads", "\(threads)", "--checkpoint", "\(checkpointSeconds)", "--lifeline"]
    if let timeCap { words += ["--time", "\(timeCap)"] }
    if let memoryCap { words += ["--memory", "\(memoryCap)"] }
    if let dataDirectory { words += ["--data-dir", dataDirectory] }
    if let plugin { words += ["--plugin", plugin] }
    if savesInitial { words.append("--save-initial") }
    if offline || self.offline { words.append("--offline") }
    if isQuiet { words.append("--quiet") }
    if parallel > 1 { words.append("--lines") }
    return words
  }
}

extension RunOptions {
  /// What run.json keeps of the options.
  package var json: JSON {
    [
      "threads": .integer(threads), "parallel": .integer(parallel),
      "memory_cap_bytes": .integer(memoryCap), "time_cap_seconds": .real(timeCap),
      "checkpoint_seconds": .real(checkpointSeconds), "order_seed": .integer(orderSeed),
      "save_initial": .bool(savesInitial), "data_dir": .string(dataDirectory),
      "plugin": .string(plugin),
    ]
  }

  /// The options that a run was begun with.
  package init(of run: StoredRun) {
    self.init()
    let json = run.record["options"] ?? .null
    threads = json["threads"]?.whole ?? threads
    parallel = json["parallel"]?.whole ?? parallel
    memoryCap = json["memory_cap_bytes"]?.whole
    timeCap = json["time_cap_seconds"]?.number
    checkpointSeconds = json["checkpoint_seconds"]?.number ?? checkpointSeconds
    orderSeed = json["order_seed"]?.whole ?? orderSeed
    savesInitial = json["save_initial"] == .bool(true)
    dataDirectory = json["data_dir"]?.text
    plugin = json["plugin"]?.text
  }
}
