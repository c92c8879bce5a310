// runexp list: the runs there are, newest first.

import Analysis
import ArgumentParser
import Config
import Experiments
import Foundation
import Records
import Statistics

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List runs, newest first.",
    discussion: HelpPage(
      """
      Reads the folder of results and writes nothing. A run is running while its lock is held, \
      unfinished when it was interrupted or killed, else finished. 'ok' counts the cells that \
      ended well; 'size' is what its files take, which 'rm' frees; 'best' is the best value of the first headline metric. Folders that are no \
      runs are passed over; a run that cannot be read is listed as unreadable.
      """,
      examples: [
        ("runexp list", "the 20 newest runs"),
        ("runexp list modern --limit 0", "all runs of one experiment"),
        ("runexp list --json | head -1", "the newest run, as JSON"),
      ],
      exits: [.ok, .failure("there is no such experiment")]
    ).text,
    aliases: ["ls"])

  @Argument(help: "Only the runs of this experiment.", completion: .experiments)
  var experiment: String?
  @OptionGroup var place: ResultsOptions
  @Option(
    help: ArgumentHelp(
      "Runs to list at most; 0 lists all. (default: 20, with --json all)", valueName: "runs"))
  var limit: Int?
  @Flag(help: "Print one JSON object per line.") var json = false

  func validate() throws {
    guard limit ?? 0 >= 0 else { throw ValidationError("--limit is 0 or more") }
  }

  func run() throws {
    let listing = try failing {
      try RunList(
        RunLocator(results: place.results), experiment: experiment,
        limit: limit ?? (json ? 0 : 20), now: Date().timeIntervalSince1970)
    }
    if json {
      for line in listing.json { print(line.line) }
    } else if listing.entries.isEmpty {
      say("no runs in '\(place.results)'; 'runexp run FILE' makes one")
    } else {
      print(listing.table.text(width: Terminal.width()), terminator: "")
    }
    for problem in listing.problems { say("note: \(problem)") }
    if listing.left > 0 { say("\(listing.left) older not listed; --limit 0 lists all") }
  }
}
