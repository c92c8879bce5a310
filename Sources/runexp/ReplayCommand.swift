// runexp replay: runs finished cells again and says whether the same bits come out.

import ArgumentParser
import Config
import Experiments
import Foundation
import Records

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Run finished cells again and compare every loss, bit for bit.",
    discussion: HelpPage(
      """
      Runs each cell from the resolved.yaml that was kept of it, in a temporary folder, and compares \
      its status, its losses and all other figures but times, bit for bit. \
      The same program on the same kind of processor gives the same bits, with any number of threads; \
      where program, processor, text or checkpoint are others than the run began with, nothing is run.
      """,
      examples: [
        ("runexp replay latest", "all cells of the newest run that ended ok"),
        ("runexp replay modern classic/seed=2", "one cell, by its label"),
      ],
      exits: [
        .ok, .init(2, "other bits"),
        .init(
          5,
          "program, machine, text or checkpoint are others; with --accept-changes: and so are the bits"
        ),
        .failure("there is no such run, or it cannot be run again"),
        .init(130, "interrupted by Ctrl-C"),
      ]
    ).text)

  @Argument(help: .run, completion: .runs) var name: String
  @Argument(
    help: "Ids or labels of cells (default: all that ended ok).", completion: .cells)
  var cells: [String] = []
  @Option(help: "Folder of all results.") var results = "results"
  @Flag(help: "Download nothing; $RUNEXP_OFFLINE=1 means it as well.") var offline = false
  @Flag(help: "Run and compare also where program, machine, text or checkpoint have changed.")
  var acceptChanges = false
  @Flag(help: "Print one JSON object per cell.") var json = false

  func run() throws {
    let run = try failing { try StoredRun(RunLocator(results: results).find(name)) }
    let chosen = try choose(from: run)
    let interrupts = Interrupts()
    let scratch = NSTemporaryDirectory() + "runexp-replay-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let program = Program.version
    let environment = ProcessInfo.processInfo.environment
    var recorded = run.record?.options ?? RunOptions()
    recorded.offline = recorded.offline || offline
    let options = recorded
    let changes = try failing {
      let changes = try Replay.changes(
        since: run, for: chosen, options: options, program: program, environment: environment,
        interrupts: interrupts)
      if !changes.isEmpty, !acceptChanges { throw RunError.changed(changes) }
      return changes
    }
    for change in changes { say("note: \(change)") }
    var isSame = true
    for cell in chosen {
      let replay = try failing {
        try Replay(
          cell, of: run, options: options, program: program,
          environment: environment, scratch: scratch,
          interrupts: interrupts)
      }
      isSame = isSame && replay.isSame
      print(json ? line(replay) : text(replay))
      fflush(nil)
    }
    if !isSame {
      throw ArgumentParser.ExitCode(changes.isEmpty ? ExitCode.found : ExitCode.notComparable)
    }
  }

  private func choose(from run: StoredRun) throws -> [StoredCell] {
    if cells.isEmpty {
      let finished = run.cells.filter { $0.row.status == .ok }
      if finished.isEmpty {
        say("error: no cell of the run ended ok")
        throw ArgumentParser.ExitCode(Records.ExitCode.failure)
      }
      return finished
    }
    return try cells.map { word in
      guard let cell = run.cells.first(where: { $0.id == word || $0.label == word }) else {
        throw ValidationError(
          "the run has no cell '\(word)'; to list them: runexp show "
            + Wording.shellWord(run.folder.path))
      }
      return cell
    }
  }

  private func text(_ replay: Replay) -> String {
    if replay.isSame {
      let losses = replay.losses > 0 ? ", \(replay.losses) training losses to the bit" : ""
      return "\(replay.label): the same\(losses)"
    }
    // One cause has many consequences.
    let more = replay.differences.count - 1
    let rest = more == 0 ? "" : "; \(more) more figures differ (--json lists them)"
    return "\(replay.label): DIFFERENT: " + (replay.differences.first ?? "") + rest
  }

  private func line(_ replay: Replay) -> String {
    JSON.object([
      JSON.Member("cell", .string(replay.label)), JSON.Member("same", .bool(replay.isSame)),
      JSON.Member("losses", .integer(replay.losses)),
      JSON.Member("differences", .array(replay.differences.map { .string($0) })),
    ]).line
  }
}
