// runexp collect: makes the tables and the summary of a run whose cells ran elsewhere, or go on.

import ArgumentParser
import Experiments
import Records
import Statistics

struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collect",
    abstract: "Make the tables and the summary of a run from its cells' rows.",
    discussion: HelpPage(
      """
      Reads the rows that 'runexp cell' left and writes cells.csv, cells.jsonl and the summary anew; \
      'run' and 'resume' do so themselves. It may be used while cells are running: those that are \
      not done are 'not run' in the tables. When all are done the run's record says how it ended. While \
      'run' or 'resume' works on the run, the tables are left to that.
      """,
      examples: [
        ("runexp collect latest", "the tables of the newest run, as far as it got"),
        ("runexp collect latest --report -q", "these and the page, for a script"),
      ],
      exits: [
        .ok, .failure("there is no such run, or it cannot be written"),
        .init(3, "some cells are not ok, or not done yet, or an 'expect' was missed"),
      ]
    ).text)

  @Argument(help: .run, completion: .runs) var name: String
  @OptionGroup var place: ResultsOptions
  @Flag(help: "Write the page as well: report.html in the run's folder.") var report = false
  @Flag(name: .shortAndLong, help: "Print no summary.") var quiet = false
  @OptionGroup var form: SummaryForm

  func run() throws {
    let folder = try failing { try RunLocator(results: place.results).find(name) }
    let collection = try failing { () throws -> Collection in
      let lock = try lock(of: folder)
      defer { withExtendedLifetime(lock) {} }
      let collection = try Collection(folder, isWritten: lock != nil)
      if lock != nil, collection.isComplete {
        try collection.end(exitCode: collection.exitCode)
      }
      if report { try RunPage(folders: [folder], path: folder.file("report.html")).write() }
      return collection
    }
    if !quiet {
      form.show(collection.run, collection.summary)
      if let left = collection.run.unfinished { say("not done yet: \(left)") }
    }
    if collection.exitCode != ExitCode.ok { throw ArgumentParser.ExitCode(collection.exitCode) }
  }

  /// The right to write the tables; nil, once that was said, where a run that goes on has it: it
  /// reads all rows once more at its end, those of other processes too.
  private func lock(of folder: RunFolder) throws -> RunLock? {
    do {
      return try RunLock(collecting: folder)
    } catch RunError.locked(_, let holder) where holder?.isDead != true {
      say(
        "the tables are left to another runexp\(holder?.note ?? ""), which works on the run and "
          + "writes them itself")
      return nil
    }
  }
}
