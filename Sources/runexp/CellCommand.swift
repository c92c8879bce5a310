// runexp cell: runs one cell of a prepared run. The local runner starts one for each cell; a
// cluster's scheduler may as well.

import ArgumentParser
import Experiments
import Foundation
import Records

struct CellCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cell",
    abstract: "Run one cell of a prepared run.",
    discussion: HelpPage(
      """
      Takes all that it needs from the run's folder and writes into the cell's own folder only, so \
      that several machines that share the folder may run different cells at once. A cell that is \
      done already is left as it is, and so is one that another process runs. Another program or text \
      than the run was prepared with is refused; another machine is not, but stands in the cell's row. \
      The cell takes all threads and memory that its process may use. 'runexp collect' makes the \
      tables afterwards.

      A time is measured in one go. The local runner measures it in rounds, a process each, in \
      which cells that are compared take turns; only such times can be told apart with one seed.
      """,
      examples: [
        ("runexp cell results/modern/latest --index 0", "the first cell of the plan"),
        ("runexp cell $RUN --index $SLURM_ARRAY_TASK_ID", "one cell per task of a job array"),
      ],
      exits: [
        .ok, .failure("there is no such cell"), .init(3, "the cell did not end ok"),
        .init(5, "program, text or checkpoint are not those of the run; nothing was run"),
        .init(74, "the results could not be written"), .init(75, "another process runs the cell"),
        .interrupted,
      ]
    ).text)

  @Argument(help: .run, completion: .runs) var name: String
  @Option(help: "The cell's number in the plan, from 0.") var index: Int
  @OptionGroup var place: ResultsOptions
  @Flag(
    help: "Measure one round of the cell's time, and leave the next to another process.")
  var round = false
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false

  func run() throws {
    let folder = try failing { try RunLocator(results: place.results).find(name) }
    let code: Int32
    do {
      code = try CellWorker(
        folder, program: { Program.build }, environment: ProcessInfo.processInfo.environment,
        isQuiet: quiet
      ).run(index: index, takesTurns: round)
    } catch {
      say("error: \(error)")
      let isOfWriting = (error as? ResultsError)?.isOfWriting ?? false
      let code = isOfWriting ? Records.ExitCode.couldNotWrite : (error as? RunError)?.exitCode
      throw ArgumentParser.ExitCode(code ?? Records.ExitCode.failure)
    }
    if code != ExitCode.ok { throw ArgumentParser.ExitCode(code) }
  }
}
