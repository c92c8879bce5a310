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

      SIGTERM and SIGUSR1 ask it to write a checkpoint and to end with code 75; started again it goes \
      on from there. With --list or --index auto it is the task of a job array, as 'runexp emit' \
      writes one: each cell runs in a process of its own, so that one that dies has a row as well, \
      and rows say on which node and processor they ran.

      A time is measured in one go. The local runner measures it in rounds, a process each, in \
      which cells that are compared take turns; only such times can be told apart with one seed.
      """,
      examples: [
        ("runexp cell results/modern/latest --index 0", "the first cell of the plan"),
        ("runexp cell $RUN --index auto", "the cell whose number the job array's task has"),
      ],
      exits: [
        .ok, .failure("there is no such cell"), .init(3, "the cell did not end ok"),
        .init(5, "program, text or checkpoint are not those of the run; nothing was run"),
        .init(74, "the results could not be written"),
        .init(75, "stopped by SIGTERM or SIGUSR1, to go on later; or another process runs it"),
        .init(130, "interrupted by Ctrl-C"),
      ]
    ).text)

  @Argument(help: .run, completion: .runs) var name: String
  @Option(
    help: ArgumentHelp(
      """
      The cell's number in the plan, from 0; 'auto' takes it from the scheduler: \
      \(CellTask.variables.map { "$" + $0 }.joined(separator: ", ")).
      """, valueName: "number"))
  var index: String
  @Option(
    help: ArgumentHelp(
      "The cells of a job array, as 'runexp emit' lists them; --index is the task's number in it.",
      valueName: "file"), completion: .file())
  var list: String?
  @Option(help: "Cells of the list that a task runs.")
  var pack = 1
  @OptionGroup var place: ResultsOptions
  @Flag(
    help: "Measure one round of the cell's time, and leave the next to another process.")
  var round = false
  @Option(
    help: ArgumentHelp(
      """
      Run a cell that is done once more, where its result.json is still the one whose SHA-256 \
      begins so; the list of a job array says it of each cell that runs again.
      """, valueName: "hash"))
  var replacing: String?
  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false

  func validate() throws {
    guard index == "auto" || Int(index) != nil else {
      throw ValidationError("--index must be a whole number or 'auto', not '\(index)'")
    }
    guard (1...1_000_000).contains(pack) else {
      throw ValidationError("--pack must be from 1 to 1000000, not \(pack)")
    }
    if round, list != nil || index == "auto" {
      throw ValidationError("--round is of one cell, which --index names")
    }
    if replacing != nil, list != nil || index == "auto" {
      throw ValidationError("--replacing is of one cell, which --index names")
    }
    if pack > 1, list == nil { throw ValidationError("--pack is of the cells of a --list") }
  }

  func run() throws {
    let folder = try failing { try RunLocator(results: place.results).find(name) }
    let code: Int32
    do {
      let environment = ProcessInfo.processInfo.environment
      if let cells = try task(environment) {
        code = try CellTask(folder, environment: environment, isQuiet: quiet).run(cells)
      } else {
        code = try CellWorker(
          folder, program: { Program.build }, environment: environment, isQuiet: quiet
        ).run(index: Int(index) ?? 0, takesTurns: round, replacing: replacing)
      }
    } catch let error as ValidationError {
      throw error
    } catch let error as RunError where error.isLeftToAnother {
      say("note: \(error)")
      throw ArgumentParser.ExitCode(error.exitCode)
    } catch {
      say("error: \(error)")
      var isOfWriting = (error as? ResultsError)?.isOfWriting ?? false
      if case .workerCouldNotWrite = error as? RunError { isOfWriting = true }
      let code = isOfWriting ? Records.ExitCode.couldNotWrite : (error as? RunError)?.exitCode
      throw ArgumentParser.ExitCode(code ?? Records.ExitCode.failure)
    }
    if code != ExitCode.ok { throw ArgumentParser.ExitCode(code) }
  }

  /// The cells of a scheduler's task; nil where one cell is to run in this process.
  private func task(_ environment: [String: String]) throws -> [CellList.Entry]? {
    if list == nil, index != "auto" { return nil }
    guard let number = Int(index) ?? CellTask.index(environment) else {
      let variables = CellTask.variables.joined(separator: ", ")
      throw ValidationError("--index auto: none of \(variables) says which task this is")
    }
    guard let list else { return [CellList.Entry(index: number, offset: 0, label: "")] }
    let cells = try CellList(file: list).cells(of: number, pack: pack)
    if cells.isEmpty {
      throw ResultsError.unreadable(path: list, problem: "it has no cells for task \(number)")
    }
    return Array(cells)
  }
}
