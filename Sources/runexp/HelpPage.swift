// The long part of each subcommand's help: what it does, examples, exit codes, the same way
// everywhere.

import ArgumentParser
import Experiments
import Foundation

/// A subcommand's discussion.
struct HelpPage {
  /// An exit code and when the program ends with it.
  struct Exit {
    let code: Int32
    let meaning: String

    init(_ code: Int32, _ meaning: String) {
      self.code = code
      self.meaning = meaning
    }

    static let ok = Exit(0, "done")
    static let invalidFile = Exit(78, "the experiment file is invalid")
    static let someCellsFailed = Exit(
      3, "the run ended, but some cells are not ok, or an 'expect' was missed")
    static let changed = Exit(5, "program, machine or text are not those the run began with")
    static let busy = Exit(
      75, "other processes run cells of the run; 'runexp collect' takes their results")
    static let interrupted = Exit(
      130, "interrupted by Ctrl-C (143: by SIGTERM); 'runexp resume' goes on")

    static func failure(_ meaning: String) -> Exit { Exit(1, meaning) }
  }

  private let description: String
  private let examples: [(command: String, purpose: String)]
  private let exits: [Exit]

  /// - Parameters:
  ///   - description: what it reads and what it writes.
  ///   - exits: beside 64, an error of usage, which every subcommand has.
  init(_ description: String, examples: [(String, String)], exits: [Exit]) {
    self.description = description
    self.examples = examples
    self.exits = (exits + [Exit(64, "the command line is wrong")]).sorted { $0.code < $1.code }
  }

  var text: String {
    let listed = examples.map { "  \($0.command)\n      \($0.purpose)" }.joined(separator: "\n")
    let codes = exits.map { exit in
      "  " + "\(exit.code)".padding(toLength: 5, withPad: " ", startingAt: 0) + exit.meaning
    }.joined(separator: "\n")
    return "\(description)\n\nExamples:\n\(listed)\n\nExit codes:\n\(codes)"
  }
}

/// Where results lie.
struct ResultsOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Folder of all results.", valueName: "folder"), completion: .directory)
  var results = "results"
}

extension ArgumentHelp {
  /// The argument RUN, as `RunLocator` understands it.
  static let run = ArgumentHelp(
    "A run: its folder, 'latest', an experiment (its newest run), EXPERIMENT/RUN, a run's id or "
      + "its last four letters.", valueName: "run")
  static let liveReport: ArgumentHelp =
    "Write report.html into the run's folder, anew while it runs; an open page reads itself again."
}
