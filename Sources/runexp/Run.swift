// runexp run: trains or measures every cell of an experiment file.

import ArgumentParser
import Experiments
import Foundation

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run an experiment file and write its results.")

  @OptionGroup var file: FileOptions
  @OptionGroup var device: DeviceOptions
  @Option(help: "Folder of all results.") var results = "results"
  @Flag(help: "Write the initial parameters of each cell as well.") var saveInitial = false
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false
  @Flag(help: "Print the summary as JSON.") var json = false

  func run() throws {
    let experiment = try file.load()
    var options = device.options
    options.results = results
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
