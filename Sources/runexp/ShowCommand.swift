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
        ("runexp show modern/seed=2", "the same, where one cell is meant"),
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
    let others = [("--metrics", metrics), ("--json", json)].filter(\.1)
    if config, let other = others.first {
      throw ValidationError("say --config or \(other.0), not both")
    }
  }

  func run() throws {
    try failing {
      let (run, cell) = try find()
      if metrics {
        let rows = try cell.map { [try run.cell(named: $0).row] } ?? run.rows
        let report = MetricReport(of: rows)
        let document: JSON = ["schema_version": 1, "metrics": report.json]
        print(json ? document.document : report.text, terminator: "")
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
        print(json ? report.json.document : report.text(width: Terminal.width()), terminator: "")
      }
    }
  }

  /// The run, and the cell where one is named, also in one word: `modern/seed=2`.
  private func find() throws -> (StoredRun, cell: String?) {
    let locator = RunLocator(results: place.results)
    do throws(ResultsError) {
      return (try StoredRun(locator.find(name)), cell)
    } catch {
      // The longest beginning that is a run, with a cell of that name; else a cell of the newest
      // run.
      let cuts = name.indices.filter { name[$0] == "/" }.reversed()
      let pairs = cuts.map { (String(name[..<$0]), name[$0...].dropFirst()) }
      for (run, rest) in pairs + [("latest", name[...])] where cell == nil && !rest.isEmpty {
        guard let found = try? StoredRun(locator.find(run)) else { continue }
        if found.cells.contains(where: { $0.label == name }) { return (found, name) }
        if found.cells.contains(where: { $0.label.contains(rest) || $0.id == rest }) {
          return (found, String(rest))
        }
      }
      throw error
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
      print(json ? report.json.document : report.text(width: Terminal.width()), terminator: "")
    }
  }
}
