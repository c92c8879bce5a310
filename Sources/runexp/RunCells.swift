// What run, sweep, resume, collect and summary have in common: they print what came of a run.

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
  report: Bool, _ form: SummaryForm
) throws {
  var page: LivePage?
  let outcome = try failing {
    defer { page?.finish() }
    return try Runner(
      experiment, options, program: Program.version,
      environment: ProcessInfo.processInfo.environment
    ).run(continuing: continuing) { if report { page = LivePage($0) } }
  }
  form.show(outcome.run, outcome.summary)
  let path = Wording.shellWord(outcome.run.folder.path)
  say("results: \(outcome.run.folder.path)")
  if outcome.exitCode >= 128 { say("to go on with it: runexp resume \(path)") }
  if outcome.isBusy { say("when the cells of other processes are done: runexp collect \(path)") }
  if outcome.exitCode != ExitCode.ok { throw ArgumentParser.ExitCode(outcome.exitCode) }
}

/// How much of a run's summary is printed, and how.
struct SummaryForm: ParsableArguments {
  @Flag(
    name: [.long, .customLong("all")], help: "Print every table, and all that models wrote.")
  var full = false
  @Flag(help: "Print the summary as one JSON document.") var json = false

  /// Prints the summary of a run.
  func show(_ run: StoredRun, _ summary: Summary) {
    if json {
      print(summary.json.document, terminator: "")
    } else if full {
      print(summary.document.text(width: Terminal.width()), terminator: "")
      for text in run.samples + run.reports { print(text) }
    } else {
      let digest = Digest(
        summary, name: Self.name(of: run.folder), width: Terminal.width(onPipe: 80),
        sample: run.samples.first, shapes: run.shapes)
      print(digest.text, terminator: "")
    }
  }

  private func print(_ text: CellText) {
    let lines = text.text.drop(while: \.isNewline).split(
      separator: "\n", omittingEmptySubsequences: false)
    Swift.print("\n\(text.title)\n")
    Swift.print(lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined(), terminator: "")
  }

  private func print(_ text: String, terminator: String) {
    Swift.print(text, terminator: terminator)
  }

  /// What commands take for the run: the last letters of its id, or its path where other results
  /// have it.
  private static func name(of folder: RunFolder) -> String {
    let letters = String(folder.id.description.suffix(4))
    let found = try? RunLocator().find(letters)
    return found?.path == folder.path ? letters : Wording.shellWord(folder.path)
  }
}
