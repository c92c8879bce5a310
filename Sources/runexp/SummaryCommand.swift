// runexp summary: the matrix of a run, with any axis as rows or columns.

import ArgumentParser
import Config
import Experiments
import Records
import Statistics
import Analysis

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Print the matrix of a run, any axis as rows or columns.",
    discussion: HelpPage(
      """
      Reads the run's folder and writes nothing. Without --rows and --columns it is what 'run' prints \
      at its end, with --full or --all all that summary.md holds. With them it is a table of each metric: mean and \
      standard deviation over the seeds that ended ok, and how the others ended. '*' marks the best \
      of a row that is better than every other of its row, judged over the whole table.
      """,
      examples: [
        ("runexp summary latest", "the newest run"),
        ("runexp summary latest --rows sequence --columns variant", "its headline, as matrices"),
        (
          "runexp summary modern --rows variant --columns seed --format csv",
          "for programs"
        ),
        ("runexp summary latest --check --tolerance 0.5", "exit code 2 where a prediction is off"),
      ],
      exits: [
        .ok, .init(2, "--check: a prediction is off"),
        .init(3, "an 'expect' of the experiment file was missed"),
        .failure("there is no such run, or with --check no prediction in it"),
      ]
    ).text)

  @Argument(help: .run, completion: .runs) var name: String
  @OptionGroup var place: ResultsOptions
  @Option(help: "What the rows are: an axis, variant or seed.") var rows: String?
  @Option(help: "What the columns are: an axis, variant or seed.") var columns: String?
  @Option(
    help: ArgumentHelp(
      "A metric to show as a matrix; may be repeated (default: the headline).", valueName: "name"))
  var metric: [String] = []
  @Option(help: "text, md, csv, latex or json.") var format = "text"
  @OptionGroup var form: SummaryForm
  @Flag(help: "End with code 2 where a prediction is off by more than the tolerance.")
  var check = false
  @Option(
    help: ArgumentHelp(
      "How far predictions of sizes and counts may be off.", valueName: "percent"))
  var tolerance = 1.0

  func validate() throws {
    guard ["text", "md", "csv", "latex", "json"].contains(format) else {
      throw ValidationError("--format must be text, md, csv, latex or json, not '\(format)'")
    }
    guard tolerance >= 0, tolerance.isFinite else {
      throw ValidationError("--tolerance must be a percentage of 0 or more, not \(tolerance)")
    }
    _ = try metrics()
  }

  func run() throws {
    let run = try failing {
      try StoredRun(RunLocator(results: place.results).find(name), configurations: false)
    }
    var summary = run.summary
    summary.tolerance = tolerance
    if rows == nil, columns == nil, metric.isEmpty {
      printSummary(run, summary)
    } else {
      try printPivots(run, summary)
    }
    if check { try judge(summary) }
    let isMissed = summary.missesExpectation
    Self.end(
      isMissed ? Records.ExitCode.someCellsFailed : Records.ExitCode.ok, keeping: (run, summary))
  }

  private func judge(_ summary: Summary) throws {
    guard summary.predictions.contains(where: \.isJudged) else {
      say("error: nothing was both predicted and measured, so there is nothing to check")
      throw ArgumentParser.ExitCode(Records.ExitCode.failure)
    }
    let wrong = summary.wrongPredictions
    if wrong.isEmpty { return }
    let names = wrong.map(\.metric.name).unique.joined(separator: ", ")
    say("predictions are off by more than \(tolerance) %: \(names)")
    throw ArgumentParser.ExitCode(ExitCode.found)
  }

  private func printSummary(_ run: StoredRun, _ summary: Summary) {
    switch format {
    case "md": print(summary.document.markdown, terminator: "")
    case "csv": print(summary.csv, terminator: "")
    case "latex": print(summary.document.latex, terminator: "")
    case "json": print(summary.json.document, terminator: "")
    default: form.show(run, summary)
    }
  }

  private func printPivots(_ run: StoredRun, _ summary: Summary) throws {
    let (row, column) = try dimensions(summary.axes, run.rows)
    let shown = try metrics()
    let pivots = (shown.isEmpty ? summary.headline : shown).map {
      Pivot($0, of: run.rows, rows: row, columns: column, beside: summary)
    }
    switch form.json ? "json" : format {
    case "csv":
      for (place, pivot) in pivots.enumerated() {
        print(pivot.csv(header: place == 0), terminator: "")
      }
    case "json":
      for line in pivots.flatMap(\.lines) { print(line.line) }
    default:
      let hasRoom = format == "md" || format == "latex"
      var blocks: [DocumentBlock] = [
        .heading(summary.experiment, level: 1), .paragraph(summary.coverage.text),
      ]
      blocks += pivots.flatMap { $0.content(hasRoom: hasRoom) }
      let notes =
        [Pivot.note(on: pivots)].compactMap(\.self) + summary.fairnessNotes
      if !notes.isEmpty { blocks.append(.list(notes.map { ListItem($0) })) }
      let page = Page(blocks)
      print(
        format == "md"
          ? page.markdown
          : format == "latex" ? page.latex : page.text(width: Terminal.width()),
        terminator: "")
    }
  }

  /// Rows and columns; what was not said is the first dimension that is left.
  private func dimensions(
    _ names: AxisNames, _ cells: [CellRow]
  ) throws -> (Pivot.Dimension, Pivot.Dimension) {
    func read(_ word: String, _ option: String) throws -> Pivot.Dimension {
      if let found = Pivot.Dimension(word, names) { return found }
      let known = names.names + names.keys + ["variant", "seed"]
      let near = Suggestion.nearest(to: word, among: known)
      throw misused(
        "--\(option): the run has no axis '\(word)'"
          + (near.map { "; did you mean '\($0)'?" }
            ?? "; there are \(known.joined(separator: ", "))"),
        "summary")
    }
    let chosen = (
      try rows.map { try read($0, "rows") }, try columns.map { try read($0, "columns") }
    )
    let rest = Pivot.dimensions(names, cells) + [.variant, .seed]
    let column = chosen.1 ?? rest.first { $0 != chosen.0 } ?? .seed
    let row = chosen.0 ?? rest.first { $0 != column } ?? .variant
    guard row != column else { throw misused("--rows and --columns must differ", "summary") }
    return (row, column)
  }

  private func metrics() throws -> [Metric] { try Metric.chosen(metric) }
}
