// What run, sweep and resume have in common: they run cells and print what came of it.

import Analysis
import ArgumentParser
import Config
import Experiments
import Foundation
import Records
import Statistics

/// Runs the cells of an experiment, prints the summary, and ends with the run's exit code.
///
/// - Parameter report: whether its page is written meanwhile.
func runCells(
  of experiment: PlannedExperiment, _ options: RunOptions, continuing: RunContinuation? = nil,
  report: Bool, json: Bool
) throws {
  var page: LivePage?
  let outcome = try failing {
    defer { page?.finish() }
    return try Runner(
      experiment, options, program: Program.version,
      environment: ProcessInfo.processInfo.environment
    ).run(continuing: continuing) { if report { page = LivePage($0) } }
  }
  show(outcome.summary, outcome.texts, json: json)
  say("results: \(outcome.folder.path)")
  let path = Wording.shellWord(outcome.folder.path)
  if outcome.exitCode >= 128 { say("to go on with it: runexp resume \(path)") }
  if outcome.isBusy { say("when the cells of other processes are done: runexp collect \(path)") }
  if outcome.exitCode != ExitCode.ok { throw ArgumentParser.ExitCode(outcome.exitCode) }
}

/// Prints the summary of a run, and what its cells left for people.
func show(_ summary: Summary, _ texts: [CellText], json: Bool) {
  print(json ? summary.json.document : summary.digest.text, terminator: "")
  if json { return }
  for text in texts {
    let lines = text.text.drop(while: \.isNewline).split(
      separator: "\n", omittingEmptySubsequences: false)
    print("\n\(text.title)\n")
    print(lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined(), terminator: "")
  }
}
