// run.json: who ran what, with which program, on which machine and data, and how it ended.
// It is written at the start, so that a run that is killed has one, and again at the end.

internal import Foundation

/// The program's version and the commit it was built from.
package struct ProgramVersion: Equatable, Sendable, Record {
  package var name = "runexp"
  package var version = ""
  /// The commit; nil where the build did not know it.
  package var commit: String?
  /// The hash of the program's file; nil where it cannot be read.
  package var sha256: String?

  package init() {}

  package init(version: String, commit: String?, sha256: String? = nil) {
    self.version = version
    self.commit = commit
    self.sha256 = sha256
  }

  package static var fields: [Field<Self>] {
    [
      Field("name", \.name), Field("version", \.version), Field("commit", \.commit),
      Field("sha256", \.sha256),
    ]
  }
}

/// The record of a run.
package struct RunRecord: Equatable, Sendable, Record {
  /// A data set that a run read.
  package struct Dataset: Hashable, Sendable, Record {
    package var name = ""
    /// Of the file, of the text that the program makes; in runs of older versions that validate
    /// on a file of its own, of both hashes; of images, that of their sizes, classes and pixels.
    package var sha256 = ""
    package var bytes = 0
    /// What was asked for, where it was not to be had; nil where the data set is what was asked.
    package var insteadOf: String?
    /// The file or folder that held it, an absolute path; nil for what the program makes.
    package var path: String?
    /// The text that was validated on, where it is one of its own.
    package var validation: Validation?
    /// How many images it has; nil of texts.
    package var images: Int?

    package init() {}

    package init(
      name: String, sha256: String, bytes: Int, insteadOf: String? = nil, path: String? = nil,
      validation: Validation? = nil, images: Int? = nil
    ) {
      self.name = name
      self.sha256 = sha256
      self.bytes = bytes
      self.insteadOf = insteadOf
      self.path = path
      self.validation = validation
      self.images = images
    }

    package static var fields: [Field<Self>] {
      [
        Field("name", \.name), Field("sha256", \.sha256), Field("bytes", \.bytes),
        Field("instead_of", \.insteadOf), Field("path", \.path),
        Field("validation", \.validation, omitsNull: true),
        Field("images", \.images, omitsNull: true),
      ]
    }

    /// What tells it from any other: its hash; where it is validated on another text, that of both
    /// hashes.
    package var identity: String {
      validation.map { SHA256.hex(Array((sha256 + $0.sha256).utf8)) } ?? sha256
    }
  }

  /// A text of its own that a run validated on.
  package struct Validation: Hashable, Sendable, Record {
    package var name = ""
    package var sha256 = ""
    package var bytes = 0
    /// As that of a data set.
    package var path: String?

    package init() {}

    package init(name: String, sha256: String, bytes: Int, path: String?) {
      self.name = name
      self.sha256 = sha256
      self.bytes = bytes
      self.path = path
    }

    package static var fields: [Field<Self>] {
      [
        Field("name", \.name), Field("sha256", \.sha256), Field("bytes", \.bytes),
        Field("path", \.path),
      ]
    }
  }

  /// A tokenizer that made tokens of a text.
  package struct Tokenizer: Hashable, Sendable, Record {
    /// Where it lay, an absolute path; or the word of one that is built in.
    package var path = ""
    /// The hash of its contents.
    package var sha256 = ""

    package init() {}

    package init(path: String, sha256: String) {
      self.path = path
      self.sha256 = sha256
    }

    package static var fields: [Field<Self>] {
      [Field("path", \.path), Field("sha256", \.sha256)]
    }
  }

  /// A trained model that a run read.
  package struct Checkpoint: Equatable, Sendable, Record {
    /// Its folder as the experiment file has it, an absolute path.
    package var path = ""
    /// The hash of its files; nil where it could not be read.
    package var sha256: String?
    /// Its files when they were hashed; empty where a later change might not show in them.
    package var files: [FileStamp] = []

    package init() {}

    package init(path: String, sha256: String?, files: [FileStamp] = []) {
      self.path = path
      self.sha256 = sha256
      self.files = files
    }

    package static var fields: [Field<Self>] {
      [
        Field("path", \.path, isRequired: true), Field("sha256", \.sha256),
        Field("files", \.files),
      ]
    }
  }

  /// What the summary needs to know of the experiment.
  package struct SummaryOptions: Equatable, Sendable, Record {
    /// For a variant, the one that it is compared with.
    package var compare: [String: String] = [:]
    /// Whether any cell trains.
    package var isTraining = false
    /// The names of the metrics that come first.
    package var headline: [String] = []
    /// The names of the metrics that get a verdict; empty in runs of older versions.
    package var primary: [String] = []
    /// The names of the metrics whose growth along an axis is fitted.
    package var scaling: [String] = []
    /// The bounds that metrics are expected to keep.
    package var expectations: [ExpectedBound] = []

    package init() {}

    package static var fields: [Field<Self>] {
      [
        Field("compare", \.compare), Field("training", \.isTraining),
        Field("headline", \.headline), Field("primary", \.primary), Field("scaling", \.scaling),
        Field("expect", \.expectations),
      ]
    }
  }

  /// An earlier start of the same run.
  package struct Start: Equatable, Sendable, Record {
    package var start: Timestamp?
    /// Nil where it was killed.
    package var end: Timestamp?
    package var exit: Int?
    package var arguments: [String] = []
    package var program = ProgramVersion()

    package init() {}

    package static var fields: [Field<Self>] {
      [
        Field("start", \.start), Field("end", \.end), Field("exit", \.exit),
        Field("arguments", \.arguments), Field("program", \.program),
      ]
    }
  }

  package var schemaVersion = 1
  package var run = ""
  package var experiment = ""
  /// The command line that the run was begun with.
  package var arguments: [String] = []
  /// The command lines that it was gone on with, in their order; nil in runs of version 0.1.0,
  /// whose `arguments` is the newest.
  package var resumes: [[String]]?
  package var program = ProgramVersion()
  package var host = HostRecord()
  /// Nil where the run measures no times, and in runs of older versions.
  package var load: HostLoad?
  /// The plugin that cells might use; nil where there was none, or all asked for the CPU.
  package var plugin: PluginFile?
  /// What its cells ran on; as far as they have when the run ends.
  package var devices: [DeviceUse] = []
  package var datasets: [Dataset] = []
  package var tokenizers: [Tokenizer] = []
  package var checkpoints: [Checkpoint] = []
  /// How it was to run.
  package var options = RunOptions()
  package var summary = SummaryOptions()
  /// Cells that are to run, those that are the same counted once; nil in runs of older versions.
  package var cells: Int?
  package var earlier: [Start] = []
  package var start: Timestamp?
  /// Nil while the run goes on.
  package var end: Timestamp?
  /// The exit code; nil while the run goes on.
  package var exit: Int?

  package init() {}

  package init(
    folder: RunFolder, arguments: [String], program: ProgramVersion, host: HostRecord,
    start: Timestamp
  ) {
    run = folder.id.description
    experiment = folder.experiment
    self.arguments = arguments
    resumes = []
    self.program = program
    self.host = host
    self.start = start
  }

  package static var fields: [Field<Self>] {
    [
      Field("schema_version", \.schemaVersion), Field("run", \.run),
      Field("experiment", \.experiment), Field("arguments", \.arguments),
      Field("resumes", \.resumes), Field("program", \.program), Field("host", \.host),
      Field("load", \.load, omitsNull: true),
      Field("plugin", \.plugin, omitsNull: true), Field("devices", \.devices),
      Field("datasets", \.datasets), Field("tokenizers", \.tokenizers),
      Field("checkpoints", \.checkpoints),
      Field("options", \.options), Field("summary", \.summary),
      Field("cells", \.cells), Field("earlier", \.earlier), Field("start", \.start),
      Field("end", \.end), Field("exit", \.exit),
    ]
  }

  /// The same run started again: its first command line stays, start and end are this one's, and
  /// those of `old` are listed.
  package func resuming(_ old: RunRecord) -> RunRecord {
    let before =
      old.resumes.map { [old.arguments] + $0 } ?? old.earlier.map(\.arguments) + [old.arguments]
    var last = Start()
    last.start = old.start
    last.end = old.end
    last.exit = old.exit
    last.arguments = before.last ?? []
    last.program = old.program
    var record = self
    record.arguments = before.first ?? []
    record.resumes = before.dropFirst() + [arguments]
    record.earlier = old.earlier + [last]
    return record
  }
}

// RunOptions: what the command line says beside the experiment file. A run keeps them, so that it
// can be gone on with.

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
  /// Whether each cell is profiled once it is measured.
  package var profiles = false
  package var offline = false
  package var plugin: String?
  /// Which GPU, from 0.
  package var gpu = 0
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
      Field("save_initial", \.savesInitial), Field("profile", \.profiles),
      Field("data_dir", \.dataDirectory),
      Field("plugin", \.plugin), Field("gpu", \.gpu), Field("results", \.results),
      Field("offline", \.offline),
    ]
  }
}
