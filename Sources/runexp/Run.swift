// runexp run: trains or measures every cell of an experiment file.

import ArgumentParser
import Experiments
import Records

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an experiment file and write its results.",
    discussion: HelpPage(
      """
      Checks the whole file, plans its cells, and runs each in a process of its own. Writes \
      RESULTS/EXPERIMENT/RUN with the tables (cells.csv, cells.jsonl, summary.md), the resolved \
      experiment, and a folder per cell with its curve, log and checkpoint; 'latest' beside it \
      points to it. Progress goes to standard error, the summary to standard output.
      """,
      examples: [
        ("runexp experiments/modern.yaml", "'run' may be left out"),
        ("runexp run norms.yaml --set workload.steps=50 --set 'seeds=[1, 2, 3]'", "other values"),
        ("runexp run norms.yaml --vary workload.sequence=64,128,256", "one more axis"),
        ("runexp run norms.yaml --report", "a page to watch it on"),
        ("runexp run norms.yaml --into latest --set 'seeds=[1, 2, 3, 4]'", "only the new cells"),
      ],
      exits: [
        .ok, .failure("nothing could be run: no data, no place for results"), .someCellsFailed,
        .changed, .busy, .invalidFile, .interrupted,
      ]
    ).text)

  @OptionGroup var file: FileOptions
  @OptionGroup var words: SettingWords
  @OptionGroup var device: DeviceOptions
  @OptionGroup var limits: LimitOptions
  @OptionGroup var output: RunOutputOptions

  func run() throws { try output.run(file.load(words), device, limits) }
}

/// Where results go and what is printed.
struct RunOutputOptions: ParsableArguments {
  @OptionGroup var place: ResultsOptions
  @Option(
    help: ArgumentHelp(
      """
      Go on with this run: its finished cells are kept, the file's other cells run. \
      A path, 'latest', an experiment or a run's id.
      """, valueName: "run"), completion: .runs)
  var into: String?
  @Flag(help: "Go on also where program, machine, text or checkpoint have changed.")
  var acceptChanges = false
  @Flag(help: "Write the initial parameters of each cell as well.") var saveInitial = false
  @Flag(
    help: """
      Once a cell is measured, record some of its steps: profile.json and trace.json in its folder \
      say where time goes, as 'runexp profile' does.
      """)
  var profile = false
  @Flag(help: .liveReport) var report = false
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false
  @OptionGroup var form: SummaryForm

  /// Runs an experiment as these options say.
  func run(
    _ experiment: PlannedExperiment, _ device: DeviceOptions, _ limits: LimitOptions
  ) throws {
    var options = device.options
    options.results = place.results
    options.savesInitial = saveInitial
    options.profiles = profile
    options.isQuiet = quiet
    options.arguments = CommandLine.arguments
    try limits.apply(to: &options)
    let continuing = try into.map { name in
      try failing {
        RunContinuation(
          try RunLocator(results: place.results).find(name), acceptsChanges: acceptChanges)
      }
    }
    try runCells(of: experiment, options, continuing: continuing, report: report, form)
  }
}
