// runexp report: runs as one HTML page.

import Analysis
import ArgumentParser
import Config
import Experiments
import Foundation
import Records

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write one run or several as one self-contained HTML page.",
    discussion: HelpPage(
      """
      The page begins with the answers and holds the charts, tables, machine and experiment \
      file, as far as the runs have them. Runs of one experiment are laid side by side, and \
      each is held against the first as 'runexp diff' does; every experiment keeps its own \
      question, baseline and sections. It needs no network and no other file, and works on runs \
      that are unfinished or failed in part. With --watch it is written anew as long as a run \
      goes on, and an open page reads itself again. Reads the runs' folders, writes the page and \
      prints its path. FILE may be a device or a pipe as well; - is standard output.
      """,
      examples: [
        ("runexp report latest", "the newest run, as report.html in its folder"),
        ("runexp report modern -o modern.html", "the newest run of 'modern', as another file"),
        ("runexp report fujv xqbr -o both.html", "two runs on one page"),
        ("runexp report latest --watch", "anew while the run goes on; ends with it"),
        ("runexp report modern -o - | gzip > modern.html.gz", "on standard output"),
      ],
      exits: [.ok, .failure("there is no such run, or the page cannot be written")]
    ).text)

  @Argument(help: .run, completion: .runs) var names: [String]
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      """
      Where to write the page; by default report.html in the run's folder, of several runs in the \
      folder of all results.
      """, valueName: "file"),
    completion: .file(extensions: ["html"]))
  var output: String?
  @Option(help: "Folder of all results.", completion: .directory) var results = "results"
  @Flag(help: "Write the page anew while a run goes on.") var watch = false
  @Flag(help: "Print what was written as JSON.") var json = false

  func run() throws {
    let page = try failing { try self.page() }
    let isOutput = AtomicFile.isStandardOutput(page.path)
    if watch, isOutput {
      throw ValidationError(
        "--watch writes the page many times; -o must be a file, not '\(output ?? "")'")
    }
    if watch { try failing { try follow(page) } }
    let report = try failing { try page.write() }
    // The page is all that one wants to read there.
    if isOutput { return }
    guard json else {
      if !watch { print(page.path) }
      return
    }
    let value: JSON = [
      "report": .string(page.path), "bytes": .integer(report.html.utf8.count),
      "sections": .array(report.sections.map { .string($0) }),
      "missing": .object(report.missing.map { JSON.Member($0.title, .string($0.reason)) }),
    ]
    print(value.document, terminator: "")
  }

  /// The runs, each once, and where their page is to be.
  private func page() throws -> RunPage {
    var folders: [RunFolder] = []
    for name in names {
      let folder = try RunLocator(results: results).find(name)
      if !folders.contains(where: { $0.id == folder.id && $0.experiment == folder.experiment }) {
        folders.append(folder)
      }
    }
    let usual =
      folders.count == 1
      ? folders[0].file("report.html")
      : AtomicFile.exists(results) ? "\(results)/report.html" : "report.html"
    return RunPage(
      folders: folders, path: output.map { $0 == "-" ? "/dev/stdout" : $0 } ?? usual)
  }

  private func follow(_ page: RunPage) throws {
    func isRunning() throws -> Bool {
      try page.folders.contains { folder in
        let run = try StoredRun(folder)
        // Between the tasks of a cluster nobody works on a run that goes on.
        return RunState(of: run) == .running || folder.isHandedOff && !run.isComplete
      }
    }
    // Whoever is to open the page wants to know now where it is.
    if !json { print(page.path) }
    guard try isRunning() else { return say("no run goes on: the page is written once") }
    // It does not end by itself where the tasks were cancelled.
    if page.folders.contains(where: \.isHandedOff) {
      say("a scheduler runs it: the page follows it until all cells are done, or until Ctrl-C")
    }
    fflush(nil)
    try page.follow { seconds in
      Thread.sleep(forTimeInterval: seconds)
      return try isRunning()
    }
  }
}
