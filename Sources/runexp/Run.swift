// runexp run: trains or measures every cell of an experiment file.

import ArgumentParser
import Experiments
import Foundation

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an experiment file and write its results.",
    discussion: HelpPage(
      """
      Checks the whole file, plans its cells, and runs each in a process of its own. Writes \
      RESULTS/EXPERIMENT/RUN with the tables (cells.csv, cells.jsonl, summary.md), the resolved \
      experiment, and a folder a cell with its curve, log and checkpoint; 'latest' beside it \
      points to it. Progress goes to standard error, the summary to standard output.
      """,
      examples: [
        ("runexp experiments/modern.yaml", "'run' may be left out"),
        ("runexp run norms.yaml --set workload.steps=50 --set 'seeds=[1, 2, 3]'", "other values"),
        ("runexp run norms.yaml --vary workload.sequence=64,128,256", "one more axis"),
      ],
      exits: [
        .ok, .failure("nothing could be run: no data, no place for results"), .someCellsFailed,
        .invalidFile, .interrupted,
      ]
    ).text)

  @OptionGroup var file: FileOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var place: ResultsOptions
  @Flag(help: "Write the initial parameters of each cell as well.") var saveInitial = false
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false
  @Flag(help: "Print the summary as one JSON document.") var json = false

  func run() throws {
    let experiment = try file.load()
    var options = device.options
    options.results = place.results
    options.savesInitial = saveInitial
    options.isQuiet = quiet
    options.arguments = CommandLine.arguments
    let runner = Runner(
      experiment, options, program: Program.version,
      environment: ProcessInfo.processInfo.environment)
    let outcome = try failing { try runner.run() }
    print(json ? outcome.summary.json.document : outcome.summary.digest.text, terminator: "")

    if !json {
      for text in outcome.texts {
        let lines = text.text.drop(while: \.isNewline).split(
          separator: "\n", omittingEmptySubsequences: false)
        print("\n\(text.title)\n")
        print(lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined(), terminator: "")
      }
    }
    say("results: \(outcome.folder.path)")
    if outcome.exitCode != ExitCode.ok { throw ArgumentParser.ExitCode(outcome.exitCode) }
  }
}
