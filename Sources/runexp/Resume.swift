// runexp resume: goes on with a run that was stopped or killed, or tries again what failed.

import ArgumentParser
import Config
import Experiments
import Records

struct Resume: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Go on with a run that was stopped or killed.",
    discussion: HelpPage(
      """
      Finished cells are kept, a training goes on from its last checkpoint and ends with the same \
      bits as if it had never stopped. The options are those that the run was begun with, unless \
      others are given. --retry runs cells again that ended in another way than 'ok'. Reads and \
      writes the run's folder.
      """,
      examples: [
        ("runexp resume latest", "go on with the newest run"),
        ("runexp resume modern --retry oom --memory 8GiB", "again what had too little memory"),
      ],
      exits: [
        .ok, .failure("there is no such run, or another program works on it"), .someCellsFailed,
        .changed, .busy, .invalidFile, .interrupted,
      ]
    ).text)

  @Argument(help: .run, completion: .runs) var name: String
  @OptionGroup var limits: LimitOptions
  @OptionGroup var place: ResultsOptions
  @Option(
    help: """
      Statuses to run again, such as failed,oom,timeout, or 'all'; cells that were killed or did \
      not run are run in any case.
      """)
  var retry: String?
  @Flag(help: "Go on also where program, machine, text or checkpoint have changed.")
  var acceptChanges = false
  @Flag(help: .liveReport) var report = false
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false
  @OptionGroup var form: SummaryForm

  func validate() throws { _ = try retried() }

  func run() throws {
    let folder = try failing { try RunLocator(results: place.results).find(name) }
    var options = (try? RunRecord(file: folder.file("run.json")))?.options ?? RunOptions()
    options.results = place.results
    options.isQuiet = quiet
    options.arguments = CommandLine.arguments
    try limits.apply(to: &options)
    let experiment: PlannedExperiment
    do throws(Faults) {
      experiment = try PlannedExperiment.load(
        file: folder.file("resolved.yaml"), reader: .standard)
    } catch {
      say(error.text)
      throw ArgumentParser.ExitCode(Records.ExitCode.invalidFile)
    }
    try runCells(
      of: experiment, options,
      continuing: RunContinuation(
        folder, retried: try retried(), acceptsChanges: acceptChanges), report: report, form)
  }

  private func retried() throws -> Set<CellStatus> {
    let known = CellStatus.allCases.filter { $0 != .excluded && $0 != .notRun }
    guard let retry else { return [] }
    if retry == "all" { return Set(known.filter { $0 != .ok }) }
    return Set(
      try retry.split(separator: ",").map { word in
        guard let status = known.first(where: { $0.rawValue == word }) else {
          let list = known.map(\.rawValue).joined(separator: ", ")
          throw ValidationError("--retry knows no status '\(word)'; there are \(list) and all")
        }
        return status
      })
  }
}
