// runexp diff: what two runs have in common, what not, and what may be said of their results.

import Analysis
import ArgumentParser
import Config
import Experiments
import Foundation
import Records
import Statistics

struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Compare two runs: settings, results, and what can be said.",
    discussion: HelpPage(
      """
      Cells are matched by variant, axes and seed. Shown are the configuration keys that differ, and \
      for each metric both values, the change with its 95 % interval, and a verdict: counts \
      compare as they are; the workload's primary metrics by a t test, paired by seed where the seeds \
      are the same, with Holm's correction over the table; others are described. docs/diff.md \
      explains it.
      """,
      examples: [
        ("runexp diff modern/r-20261125-064908-ucir latest", "a run against the newest one"),
        ("runexp diff latest:classic latest:modern", "two variants of one run"),
        ("runexp diff ucir lcle --threshold 5 --format md", "for a report; exit code 2 beyond 5 %"),
      ],
      exits: [
        .ok,
        .init(2, "a metric is worse by more than the threshold and the noise, or a cell is lost"),
        .init(5, "the runs do not compare"), .failure("there is no such run"),
      ]
    ).text)

  @Argument(
    help: "The base: a run as 'runexp list' names them, with ':variant' for one variant.",
    completion: .runs)
  var base: String
  @Argument(help: "The new one.", completion: .runs) var new: String
  @OptionGroup var place: ResultsOptions
  @Option(
    help: ArgumentHelp(
      "Changes for the worse up to so much are no regression.", valueName: "percent"))
  var threshold = "1"
  @Option(help: ArgumentHelp("Only this metric; may be repeated.", valueName: "name"))
  var metric: [String] = []
  @Flag(help: "Show and test every metric, not the headline and exact ones that differ.")
  var all = false
  @Option(help: "text, md, csv or json.") var format = "text"
  @Flag(help: "The same as --format json.") var json = false

  func validate() throws {
    guard ["text", "md", "csv", "json"].contains(format) else {
      throw ValidationError("--format must be text, md, csv or json, not '\(format)'")
    }
    _ = try share()
    _ = try metrics()
  }

  func run() throws {
    let locator = RunLocator(results: place.results)
    let sides = try failing {
      try (DiffSide(named: base, in: locator), DiffSide(named: new, in: locator))
    }
    var options = RunDiff.Options.calibrated(sides.0, sides.1)
    options.metrics = try metrics()
    options.showsAll = all
    options.threshold = try share()
    let diff = RunDiff(sides.0, sides.1, options)
    switch json ? "json" : format {
    case "md": print(diff.page.markdown, terminator: "")
    case "csv": print(diff.csv, terminator: "")
    case "json": print(diff.json.document, terminator: "")
    default: print(diff.page.text(width: Terminal.width()), terminator: "")
    }
    if diff.exitCode != ExitCode.ok { throw ArgumentParser.ExitCode(diff.exitCode) }
  }

  private func share() throws -> Double {
    let number = threshold.hasSuffix("%") ? String(threshold.dropLast()) : threshold
    guard let percent = Double(number.trimmingCharacters(in: .whitespaces)), percent >= 0,
      percent.isFinite
    else {
      throw ValidationError("--threshold must be a percentage such as 5 or 5%, not '\(threshold)'")
    }
    return percent / 100
  }

  private func metrics() throws -> [Metric] { try Metric.chosen(metric) }
}
