// CellTask: what a scheduler starts: some cells of a run, one after another, each in a process of
// its own as the local runner has it, so that a cell that dies leaves a row here too.

import Foundation
package import Records

/// Cells of a run that one task of a job array runs.
package struct CellTask {
  private let folder: RunFolder
  private let environment: [String: String]
  private let isQuiet: Bool

  package init(_ folder: RunFolder, environment: [String: String], isQuiet: Bool = false) {
    self.folder = folder
    self.environment = environment
    self.isQuiet = isQuiet
  }

  /// The number that a scheduler gives the task in its array; nil where none did.
  package static func index(_ environment: [String: String]) -> Int? {
    variables.lazy.compactMap { environment[$0] }.first.flatMap { Int($0) }
  }

  /// Slurm, Kubernetes, PBS, LSF.
  package static let variables = [
    "SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "PBS_ARRAY_INDEX", "LSB_JOBINDEX",
  ]

  /// Runs cells, but those that are done, unless they are listed to replace the very result that
  /// they have, and those that another process runs.
  ///
  /// - Parameter entries: the cells; those that are compared follow each other.
  /// - Returns: the exit code: 75 where a signal asked to stop, or another process runs a cell; then
  ///   that of what the cells came to.
  /// - Throws: `ResultsError` where the folder cannot be read or written; `RunError` where a cell is
  ///   excluded.
  package func run(_ entries: some Sequence<CellList.Entry>) throws -> Int32 {
    let interrupts = Interrupts(isTask: true)
    let start = MonotonicClock.now()
    var options = try RunRecord(file: folder.file("run.json")).options
    // A task has one machine's share to itself, and its cells one after another.
    options.parallel = 1
    options.isQuiet = isQuiet
    var cells: [StoredCell] = []
    var replaced: [String: String] = [:]
    for entry in entries {
      let cell = StoredCell(
        try folder.planLine(entry.index, at: entry.offset), in: folder)
      if cell.planned.status == .excluded {
        throw RunError.excluded(cell.label, cell.planned.reason)
      }
      if cell.row.status.isFinal {
        guard let old = entry.replaced, old == folder.resultHash(of: cell.id) else { continue }
        replaced[cell.id] = old
      }
      cells.append(cell)
    }
    let end = MonotonicClock.now() + CellClaim.taskPatience
    var waited = false
    for cell in cells {
      let isLate = CellClaim.awaitRelease(
        of: cell.planned, in: folder, until: end, isInterrupted: { interrupts.signal != nil })
      waited = waited || isLate
    }
    let rounds = cells.map(\.roundsDone)
    var ended: [CellRow] = []
    // The last process to end: what it left, and since when it had the task to itself.
    var last: (row: CellRow?, begin: Double) = (nil, start)
    var lastEnd = start
    let left = try CellExecution(
      folder, options, environment: environment, lock: nil, interrupts: interrupts
    ).run(
      cells, replacing: replaced, warn: { Terminal.writeToStandardError("warning: \($0)\n") }
    ) { row in
      last = (row, lastEnd)
      lastEnd = MonotonicClock.now()
      if let row { ended.append(row) }
    }
    if let code = interrupts.exitCode {
      // Where nothing else took a part of the time that matters: one that dies at once does not, for
      // it would in every try.
      let isAlone =
        !waited && last.begin - start <= 0.05 * (lastEnd - start)
        && cells.map(\.roundsDone) == rounds
      guard interrupts.signal == SIGUSR1, isAlone, let killed = last.row,
        let row = try overdue(killed, in: cells)
      else { return code }
      // The next try is the others'.
      if cells.count > 1 { return code }
      ended = [row]
    }
    if left.contains(ExitCode.notComparable) { return ExitCode.notComparable }
    if left.contains(ExitCode.busy) { return ExitCode.busy }
    return ended.allSatisfy { $0.status == .ok } ? ExitCode.ok : ExitCode.someCellsFailed
  }

  /// A cell that had the whole of the task's time, did not end within it, and has nothing to go on
  /// from: started again it would come no further, so it has timed out.
  ///
  /// - Returns: the row that it has now; nil where it is to go on, or another process runs it.
  private func overdue(_ row: CellRow, in cells: [StoredCell]) throws -> CellRow? {
    guard row.status == .killed, let cell = cells.first(where: { $0.id == row.cell }),
      !folder.hasTrainingState(cell.id),
      // Those of a measurement that is complete are an earlier one's.
      TimingRound.begun(in: cell.folder, of: cell.rounds).isEmpty
    else { return nil }
    var row = row
    row.status = .timeout
    row.reason = "it did not end within the time of its task, and has nothing to go on from"
    return try folder.replaceKilled(row, of: cell.planned)
  }
}

extension StoredCell {
  /// Rounds of its measurement that are done.
  fileprivate var roundsDone: Int { TimingRound.begun(in: folder, of: .max).count }
}
