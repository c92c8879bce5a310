// RunContinuation: what a run that goes on takes over from the run on disk: which cells are done, and whether the
// conditions are still those that it began with.

internal import Foundation
package import Records
import Workloads

/// How to go on with a run.
package struct RunContinuation: Sendable {
  package let folder: RunFolder
  /// Cells that ended like this run again, beside those that did not end.
  package var retried: Set<CellStatus>
  /// Whether another program, machine or text than at the beginning is all right.
  package var acceptsChanges: Bool

  package init(
    _ folder: RunFolder, retried: Set<CellStatus> = [], acceptsChanges: Bool = false
  ) {
    self.folder = folder
    self.retried = retried
    self.acceptsChanges = acceptsChanges
  }

  /// Whether a cell with this status is left as it is.
  func isFinished(_ status: CellStatus) -> Bool {
    switch status {
    case .notRun, .killed: false
    default: !retried.contains(status)
    }
  }

  /// Checks that program, machine and texts are those of the run's beginning.
  ///
  /// Where they are not and that is accepted, checkpoints go: a training is of one text and one program throughout.
  ///
  /// - Throws: `RunError.changed`, which lists what is not the same.
  func check(_ stored: StoredRun, against record: RunRecord) throws(RunError) {
    let changes = record.changes(since: stored.record)
    if changes.isEmpty { return }
    guard acceptsChanges else { throw .changed(changes) }
    for cell in stored.cells { unlink("\(cell.folder)/\(TrainingState.file)") }
  }

  /// The plan under the ids that the run's cells have already.
  ///
  /// - Throws: `RunError.missingCells` where the run has cells that the plan does not.
  func adopt(_ plan: RunPlan, _ stored: StoredRun) throws(RunError) -> RunPlan {
    // Cells that come to the same differ by their point of the axes alone, which may be written otherwise by now.
    var known: [String: [StoredCell]] = [:]
    for cell in stored.cells {
      known[Self.key(cell.row, cell.configuration), default: []].append(cell)
    }
    var plan = plan
    for place in plan.entries.indices {
      let entry = plan.entries[place]
      let key = Self.key(entry.row, JSON(entry.cell.resolved))
      guard let cells = known[key], !cells.isEmpty else { continue }
      let point = Self.point(entry.row)
      let index = cells.firstIndex { Self.point($0.row) == point } ?? 0
      plan.entries[place].row = entry.row.renamed(cells[index].id)
      known[key]?.remove(at: index)
    }
    let missing = known.values.flatMap(\.self).filter { $0.row.status != .excluded }
      .sorted { $0.index < $1.index }
    if !missing.isEmpty { throw .missingCells(missing.map(\.label)) }
    return plan
  }

  private static func key(_ row: CellRow, _ configuration: JSON) -> String {
    "\(row.variant) \(row.seed) \(configuration.canonical)"
  }

  private static func point(_ row: CellRow) -> String {
    JSON.object(row.axes.map { JSONMember($0.key, $0.value) }).canonical
  }
}
