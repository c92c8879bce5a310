// RunContinuation: what a run that goes on takes over from the run on disk: which cells are done, and whether the
// conditions are still those that it began with.

import Config
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

  /// The texts that the run was begun with.
  var texts: [RunRecord.Dataset] {
    (try? RunRecord(file: folder.file("run.json")))?.datasets ?? []
  }

  /// Whether a cell with this status is left as it is.
  func isFinished(_ status: CellStatus) -> Bool { status.isFinal && !retried.contains(status) }

  /// Checks that program, machine and texts are those of the run's beginning.
  ///
  /// Where they are not and that is accepted, checkpoints go: a training is of one text and one program throughout.
  ///
  /// - Throws: `RunError.changed`, which lists what is not the same.
  func check(_ stored: StoredRun, against record: RunRecord) throws {
    let changes = record.changes(since: stored.record)
    if changes.isEmpty { return }
    guard acceptsChanges else { throw RunError.changed(changes) }
    for cell in stored.cells where folder.hasTrainingState(cell.id) {
      try folder.whileIdle(cell.planned) { try folder.dropTrainingState(of: cell.id) }
    }
  }

  /// The plan under the ids that the run's cells have already.
  ///
  /// - Throws: `RunError.missingCells` where the run has cells that the plan does not.
  func adopt(_ plan: RunPlan, _ stored: StoredRun) throws(RunError) -> RunPlan {
    let taken = Dictionary(
      stored.cells.map { ($0.id, $0.planned.identity ?? $0.id) }, uniquingKeysWith: { a, _ in a })
    var plan = plan
    var free = stored.cells
    var waiting = Array(plan.entries.indices)
    // As they are written; then by their identities, which do not tell where a text lies.
    for form in [Self.key, { $0.identity ?? "" }] {
      var known = Dictionary(grouping: free) { form($0.planned) }
      waiting.removeAll { place in
        let line = plan.entries[place].line
        guard let cells = known[form(line)], !cells.isEmpty else { return false }
        // Cells of one configuration differ by their point of the axes alone, which may be written otherwise by now.
        let point = Self.point(line)
        let index = cells.firstIndex { Self.point($0.planned) == point } ?? 0
        let cell = cells[index]
        known[form(line)]?.remove(at: index)
        plan.entries[place].line.cell = cell.id
        // The reason why a text stands in for another is that of the beginning.
        if !line.facts.isEmpty, !cell.planned.facts.isEmpty {
          plan.entries[place].line.facts = cell.planned.facts
        }
        // What was accepted as changed leaves the rows that are done as they are.
        if isFinished(cell.row.status) { plan.entries[place].line.identity = cell.planned.identity }
        return true
      }
      free = known.values.flatMap(\.self)
    }
    for place in waiting { plan.entries[place].line.cell = "" }
    let missing = free.filter { $0.row.status != .excluded }
      .sorted { $0.index < $1.index }
    if !missing.isEmpty { throw .missingCells(missing.map(\.label)) }
    plan.nameCells(taken: taken)
    return plan
  }

  private static func key(_ line: PlanLine) -> String {
    "\(line.variant) \(line.seed) \(line.configuration.canonical.line)"
  }

  private static func point(_ line: PlanLine) -> String { JSON.object(line.axes).canonical.line }
}
