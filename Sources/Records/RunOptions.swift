// RunOptions: what the command line says beside the experiment file. A run keeps them, so that it can be gone on with.

/// How to run an experiment.
package struct RunOptions: Equatable, Sendable, Record {
  /// The folder of all results; an absolute path in run.json.
  package var results = "results"
  /// An absolute path, as the plugin's is.
  package var dataDirectory: String?
  /// CPU threads; 0 means as many as this process may use.
  package var threads = 0
  /// Cells that may run at once; those that measure time run alone all the same.
  package var parallel = 1
  /// Bytes that a cell may take; nil for nine tenths of what this process may use.
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
}

extension RunOptions {
  /// What run.json keeps of the options.
  package static var fields: [Field<Self>] {
    [
      Field("threads", \.threads), Field("parallel", \.parallel),
      Field("memory_cap_bytes", \.memoryCap), Field("time_cap_seconds", \.timeCap),
      Field("checkpoint_seconds", \.checkpointSeconds), Field("order_seed", \.orderSeed),
      Field("save_initial", \.savesInitial), Field("data_dir", \.dataDirectory),
      Field("plugin", \.plugin), Field("results", \.results), Field("offline", \.offline),
    ]
  }
}
