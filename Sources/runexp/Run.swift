// runexp run: trains or measures every cell of an experiment file.

import ArgumentParser
import Experiments

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an experiment file and write its results.")

  @OptionGroup var file: FileOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var limits: LimitOptions
  @OptionGroup var output: RunOutputOptions

  func run() throws { try output.run(file.load(), device, limits) }
}

/// Where results go and what is printed.
struct RunOutputOptions: ParsableArguments {
  @Option(help: "Folder of all results.") var results = "results"
  @Option(
    help: """
      Go on with this run: its finished cells are kept, the file's other cells run. \
      A path, 'latest', an experiment or a run's id.
      """)
  var into: String?
  @Flag(help: "Go on also where program, machine or text have changed.") var acceptChanges = false
  @Flag(help: "Write the initial parameters of each cell as well.") var saveInitial = false
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false
  @Flag(help: "Print the summary as JSON.") var json = false

  /// Runs an experiment as these options say.
  func run(
    _ experiment: PlannedExperiment, _ device: DeviceOptions, _ limits: LimitOptions
  ) throws {
    var options = device.options
    options.results = results
    options.savesInitial = saveInitial
    options.isQuiet = quiet
    options.arguments = CommandLine.arguments
    limits.apply(to: &options)
    let continuing = try into.map { name in
      try failing {
        RunContinuation(
          try RunLocator(results: results).find(name), acceptsChanges: acceptChanges)
      }
    }
    try runCells(of: experiment, options, continuing: continuing, json: json)
  }
}
