// runexp rm: removes runs.

import Analysis
import ArgumentParser
import Config
import Experiments
import Foundation
import Records

struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Remove runs.",
    discussion: HelpPage(
      """
      Removes the folders of runs, with all that is in them, and says what that frees. Asks before \
      it does so; where nobody can be asked, --yes is needed. A run that a program works on, or a \
      cell of which a process runs, is refused, and then none is removed. 'latest' leads to the newest run that is left.
      """,
      examples: [
        ("runexp rm latest", "the newest run of all"),
        ("runexp rm modern/r-20261125-064908-ucir kqzt --yes", "two runs, without a question"),
        ("runexp rm --status failed", "every run in which no cell ended ok"),
        ("runexp rm --status unfinished modern", "what was stopped, of one experiment"),
      ],
      exits: [
        .ok, .failure("there is no such run, one is in use, or the answer was no"),
      ]
    ).text)

  /// What has become of a run as a whole.
  enum Status: String, CaseIterable, ExpressibleByArgument {
    case failed, unfinished, unreadable

    func isOf(_ entry: RunEntry) -> Bool {
      switch self {
      case .failed: entry.state == .finished && entry.coverage.ok == 0
      case .unfinished: entry.state == .unfinished
      case .unreadable: entry.problem != nil
      }
    }
  }

  @Argument(
    help: ArgumentHelp(
      "Runs, as 'show' takes them; with --status experiments, all when there are none.",
      valueName: "run"), completion: .runs)
  var names: [String] = []
  @OptionGroup var place: ResultsOptions
  @Option(
    help: ArgumentHelp(
      "Every run that is failed (no cell ended ok), unfinished or unreadable.",
      valueName: "status"))
  var status: Status?
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    // Not when validating, which comes before a misspelt option is told.
    if names.isEmpty, status == nil { throw misused("say which runs, or --status", "rm") }
    let runs = try failing { try chosen() }
    if runs.isEmpty {
      if json { print(document([], []).document, terminator: "") }
      return say("no such runs in '\(place.results)'; nothing was removed")
    }
    let sizes = runs.map(\.bytes)
    try failing { for run in runs { try run.checkUnused() } }
    try ask(runs, size(sizes.reduce(0, +)))
    for (run, bytes) in zip(runs, sizes) {
      try failing { try run.remove() }
      if !json { print("removed \(run.experiment)/\(run.id): \(size(bytes))") }
    }
    if json {
      print(document(runs, sizes).document, terminator: "")
    } else if runs.count > 1 {
      print("\(runs.count) runs: \(size(sizes.reduce(0, +)))")
    }
  }

  private func document(_ runs: [RunFolder], _ sizes: [Int]) -> JSON {
    let removed = zip(runs, sizes).map { run, bytes -> JSON in
      [
        "experiment": .string(run.experiment), "run": .string(run.id.description),
        "bytes": .integer(bytes),
      ]
    }
    return ["schema_version": 1, "removed": .array(removed)]
  }

  /// The runs that are meant, each once.
  private func chosen() throws -> [RunFolder] {
    let locator = RunLocator(results: place.results)
    var runs: [RunFolder] = []
    if let status {
      for name in names where !locator.all().contains(where: { $0.experiment == name }) {
        throw ResultsError.noRun(
          name: name, results: place.results,
          hint: "with --status the names are those of experiments")
      }
      runs = locator.all().filter { names.isEmpty || names.contains($0.experiment) }
        .filter { status.isOf(RunEntry($0)) }
    } else {
      runs = try names.map { try locator.find($0) }
    }
    var seen: Set<String> = []
    return try runs.map { try RunFolder.open($0.path) }.filter { seen.insert($0.path).inserted }
  }

  private func ask(_ runs: [RunFolder], _ total: String) throws {
    if yes { return }
    guard isatty(0) == 1 else {
      throw ValidationError("nobody can be asked here: say --yes to remove them all the same")
    }
    for run in runs { say("\(run.experiment)/\(run.id)") }
    let what = runs.count == 1 ? "this run" : "these \(runs.count) runs"
    Terminal.writeToStandardError("remove \(what), \(total)? [y/N] ")
    guard ["y", "yes"].contains((readLine() ?? "").lowercased()) else {
      say("nothing was removed")
      throw ArgumentParser.ExitCode(Records.ExitCode.failure)
    }
  }

  private func size(_ bytes: Int) -> String { Metric.peakBytes.text(Double(bytes)) }
}
