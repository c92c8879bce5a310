// What the subcommands have in common: the experiment file, the device, and how errors are said.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records
import Tensors
import Workloads

/// An experiment file and what the command line changes in it.
struct FileOptions: ParsableArguments {
  @Argument(help: "The experiment file.", completion: .experimentFile)
  var experiment: String

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "Override a value, such as workload.steps=50; may be repeated.", valueName: "path=value"),
    completion: .paths)
  var set: [String] = []

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "Add an axis, such as workload.sequence=128,256; may be repeated.",
      valueName: "path=v1,v2"), completion: .paths)
  var vary: [String] = []

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      """
      Axes that advance together: 'a=1,2 b=3,4' is a group; options with one axis each make one \
      group together.
      """, valueName: "path=v1,v2"), completion: .paths)
  var zip: [String] = []

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "Leave out the cells that have all of these, such as variant=classic,seed=2; may be repeated.",
      valueName: "key=v1,v2"), completion: .paths)
  var exclude: [String] = []

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "Further cells, such as workload.sequence=64,seed=3; may be repeated.",
      valueName: "key=v1,v2"), completion: .paths)
  var include: [String] = []

  @Option(
    name: .customLong("where"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Leave out cells for which this is false, such as 'workload.sequence <= 512'; may be repeated.",
      valueName: "expression"))
  var conditions: [String] = []

  @Option(help: ArgumentHelp("Seeds instead of the file's: 1,2,3 or 1..3.", valueName: "seeds"))
  var seeds: String?

  func validate() throws {
    if experiment.contains("="), !FileManager.default.fileExists(atPath: experiment) {
      throw ValidationError("the experiment file stands before '\(experiment)'")
    }
  }

  /// The experiment; every fault of the file is printed, and the program ends with code 78.
  ///
  /// - Parameters:
  ///   - words: settings, in plain words.
  ///   - axes: further axes, in plain words.
  func load(_ words: SettingWords? = nil, axes: [String] = []) throws -> PlannedExperiment {
    try failing { try read(words, axes: axes) }
  }

  /// The same.
  ///
  /// - Throws: `Faults` of the file.
  func read(
    _ words: SettingWords? = nil, axes: [String] = []
  ) throws(Faults) -> PlannedExperiment {
    var arguments = ExperimentArguments(sets: set, vary: vary)
    arguments.words = words?.settings ?? []
    arguments.axes = axes
    arguments.zips = zip
    arguments.excludes = exclude
    arguments.includes = include
    arguments.wheres = conditions
    arguments.seeds = seeds
    do throws(Faults) {
      return try PlannedExperiment.load(
        file: experiment, arguments: arguments, reader: .checkingFiles)
    } catch {
      if let fault = error.all.first, let model = ExperimentFiles.model(experiment) {
        throw Faults([Fault(.stated(model), in: fault.place, notes: [])])
      }
      guard let fault = error.all.first, case .unreadable(let problem) = fault.kind else {
        throw error
      }
      let help = ExperimentFiles.help(experiment, problem)
      throw Faults([
        Fault(
          .stated(Fault.Statement(fault.message, help: help)), in: fault.place, notes: fault.notes)
      ])
    }
  }
}

/// Settings after the file, as Hydra takes them.
struct SettingWords: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "Values to override, such as workload.steps=50: --set without the option before each.",
      valueName: "path=value"), completion: .paths)
  var settings: [String] = []
}

/// What computes: threads of the CPU, a GPU.
struct ComputeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("CPU threads; 0 for as many as this process may use.", valueName: "count"))
  var threads = 0
  @Option(
    help: ArgumentHelp(
      "The CUDA plugin; else $RUNEXP_CUDA_PLUGIN, else librunexp_cuda.so beside the program.",
      valueName: "file"), completion: .file(extensions: ["so"]))
  var plugin: String?
  @Option(
    help: ArgumentHelp("Which GPU, from 0, where there are several.", valueName: "number"))
  var gpu = 0

  func validate() throws {
    guard (0...1024).contains(threads) else {
      throw ValidationError("--threads must be from 0 to 1024, not \(threads)")
    }
    guard gpu >= 0 else { throw ValidationError("--gpu must be 0 or more, not \(gpu)") }
  }

  var options: RunOptions {
    var options = RunOptions()
    options.threads = threads
    options.plugin = plugin.map { AbsolutePath.of($0) }
    options.gpu = gpu
    return options
  }

  /// Opens a device, and says what of these options is not used.
  func open(_ choice: DeviceChoice) throws -> Device {
    let finder = DeviceFinder(options, environment: ProcessInfo.processInfo.environment)
    try finder.check(for: [choice])
    if let warning = finder.warning(for: [choice]) { say("warning: \(warning)") }
    return try finder.open(choice).device
  }
}

/// Where to run, and on which data.
struct DeviceOptions: ParsableArguments {
  @OptionGroup var compute: ComputeOptions
  @Option(
    help: ArgumentHelp(
      "Folder to look for data sets in first; then come $RUNEXP_DATA and ~/.cache/runexp.",
      valueName: "folder"), completion: .directory)
  var dataDir: String?
  @Flag(help: "Download nothing; $RUNEXP_OFFLINE=1 means it as well.") var offline = false

  func validate() throws {
    // What lies elsewhere would be used without a word.
    if let dataDir, !AtomicFile.isFolder(AbsolutePath.of(dataDir)) {
      throw ValidationError(
        "--data-dir must be a folder, and there is none at \(Wording.shellWord(dataDir))")
    }
  }

  var options: RunOptions {
    var options = compute.options
    options.dataDirectory = dataDir.map { AbsolutePath.of($0) }
    options.offline = offline
    return options
  }
}

/// Writes a line to standard error at once.
func say(_ text: String) {
  // What was printed before comes out before it, also where standard output is a file.
  fflush(nil)
  Terminal.writeToStandardError(text.hasSuffix("\n") ? text : text + "\n")
}

/// Says what a subcommand was not told.
func misused(_ message: String, _ subcommand: String) -> ArgumentParser.ExitCode {
  say("error: \(message); 'runexp \(subcommand) --help' explains")
  return ArgumentParser.ExitCode(64)
}

/// Runs `body`; an error is said, and the program ends with its code, which is 1 for most, 78 for
/// faults of a file.
func failing<Result>(_ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let faults as Faults {
    say(faults.text)
    throw ArgumentParser.ExitCode(Records.ExitCode.invalidFile)
  } catch {
    say("error: \(error)")
    let code =
      (error as? RunError)?.exitCode ?? (error as? Calibrator.Failure)?.exitCode
      ?? (error as? TaskNeeds.Unknown)?.exitCode
    throw ArgumentParser.ExitCode(code ?? Records.ExitCode.failure)
  }
}

extension ParsableCommand {
  /// Ends the program with what it holds: of a large run the system takes all of it back at once,
  /// which takes less time than to free it piece by piece.
  static func end(_ code: Int32, keeping held: some Any) -> Never {
    _ = Unmanaged.passRetained(held as AnyObject)
    exit(withError: ArgumentParser.ExitCode(code))
  }
}
