// runexp show: one run, or one of its cells, with all that is known of it.

import Analysis
import ArgumentParser
import Config
import Experiments
import Foundation
import Records

struct ShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a run, or one of its cells.",
    discussion: HelpPage(
      """
      Reads the run's folder and writes nothing; works while the run goes on and after it was \
      killed. Of a run: what ran, when and where, coverage, and a line per cell. Of a cell: its \
      configuration with every default, what really ran, every metric with its meaning, its \
      files, the end of its log, and what its model wrote. --metrics says what the metrics of a \
      run, or of a cell, mean.
      """,
      examples: [
        ("runexp show latest", "the newest run of all"),
        ("runexp show modern classic/seed=2", "a cell of the newest run of 'modern'"),
        ("runexp show latest --metrics", "what each of its figures means"),
        ("runexp show kqzt --config > again.yaml", "the experiment of a run, with every default"),
      ],
      exits: [.ok, .failure("there is no such run or cell")]
    ).text)

  @Argument(help: .run, completion: .runs) var name: String
  @Argument(
    help: "A cell's id or label, or how one of them begins or ends.", completion: .cells)
  var cell: String?
  @OptionGroup var place: ResultsOptions
  @Flag(help: "Print only the configuration, as an experiment file.") var config = false
  @Flag(help: "Print what each metric means: its unit, which way is better.") var metrics = false
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    let flags = [("--config", config), ("--metrics", metrics), ("--json", json)].filter(\.1)
    if flags.count > 1 {
      throw ValidationError("say \(flags.map(\.0).joined(separator: " or ")), not both")
    }
  }

  func run() throws {
    try failing {
      let run = try StoredRun(RunLocator(results: place.results).find(name))
      if metrics {
        let rows = try cell.map { [try run.cell(named: $0).row] } ?? run.rows
        print(MetricReport(of: rows).text, terminator: "")
      } else if let cell {
        try show(CellReport(run.cell(named: cell), of: run), of: run)
      } else if config {
        guard let yaml = run.resolvedYAML else {
          throw ResultsError.unreadable(
            path: run.folder.file("resolved.yaml"), problem: "it is not there")
        }
        print(yaml, terminator: "")
      } else {
        let report = RunReport(run, now: Date().timeIntervalSince1970)
        print(json ? report.json.document : report.text, terminator: "")
      }
    }
  }

  private func show(_ report: CellReport, of run: StoredRun) throws {
    if config {
      guard let yaml = report.experimentFile else {
        throw ResultsError.unreadable(
          path: run.folder.file("plan.jsonl"), problem: "it holds no configuration of the cell")
      }
      print(yaml, terminator: "")
    } else {
      print(json ? report.json.document : report.text, terminator: "")
    }
  }
}
