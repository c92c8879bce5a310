// runexp report: a run as one HTML page.

import Analysis
import ArgumentParser
import Config
import Experiments
import Records

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a run as one self-contained HTML page.",
    discussion: HelpPage(
      """
      The page holds the summary, curves, growth, rooflines, cache, predictions, machine and \
      experiment file, as far as the run has them. It needs no network and no other file, and \
      works on runs that are unfinished or failed in part. Reads the run's folder, writes the page \
      there and prints its path. \
      FILE may be a device or a pipe as well; - is standard output.
      """,
      examples: [
        ("runexp report latest", "the newest run, as report.html in its folder"),
        ("runexp report modern -o modern.html", "the newest run of 'modern', as another file"),
        ("runexp report modern -o - | gzip > modern.html.gz", "on standard output"),
      ],
      exits: [.ok, .failure("there is no such run, or the page cannot be written")]
    ).text)

  @Argument(help: .run, completion: .runs) var name: String
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Where to write the page; by default report.html in the run's folder.", valueName: "file"),
    completion: .file(extensions: ["html"]))
  var output: String?
  @Option(help: "Folder of all results.", completion: .directory) var results = "results"
  @Flag(help: "Print what was written as JSON.") var json = false

  func run() throws {
    let (path, report) = try failing {
      let folder = try RunLocator(results: results).find(name)
      let report = Report(try StoredRun(folder))
      let path = output.map { $0 == "-" ? "/dev/stdout" : $0 } ?? folder.file("report.html")
      try AtomicFile.write(report.html, to: path)
      return (path, report)
    }
    // The page is all that one wants to read there.
    if AtomicFile.isStandardOutput(path) { return }
    guard json else { return print(path) }
    let value: JSON = [
      "report": .string(path), "bytes": .integer(report.html.utf8.count),
      "sections": .array(report.sections.map { .string($0) }),
      "missing": .object(report.missing.map { JSON.Member($0.title, .string($0.reason)) }),
    ]
    print(value.document, terminator: "")
  }
}
