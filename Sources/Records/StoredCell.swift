// A cell of a run on disk: what was planned of it and what became of it.

package import Config

/// One planned cell and its result so far.
package struct StoredCell: Sendable {
  package let planned: PlanLine
  /// The result, or the planned row where there is none yet.
  package let row: CellRow
  /// The cell's folder.
  package let folder: String

  package init(_ planned: PlanLine, in run: RunFolder) {
    self.planned = planned
    folder = run.cell(planned.cell)
    let row = planned.row(experiment: run.experiment)
    self.row = run.result(of: row) ?? row
  }

  package var id: String { planned.cell }
  /// Short and unique in the run: `classic/sequence=128/seed=2`.
  package var label: String { planned.label }
  /// Its number in the plan, from 0.
  package var index: Int { planned.index }
  /// Its place in the order of execution, from 0; nil where it is not to run.
  package var order: Int? { planned.order }
  /// Device, precision, model and workload with every default; null in runs of older versions.
  package var configuration: JSON { planned.configuration }
  /// The resolved value of an option, such as `workload.batch`; nil where the cell's configuration has none.
  package func option(_ path: String) -> JSON? { configuration.value(at: path) }
  /// Paths of options whose values followed from others; nil in runs of older versions, which have null for such values.
  package var derived: Set<String>? { planned.derived.map(Set.init) }
}

extension RunFolder {
  /// The row that a planned cell has left, in the place of the planned one; nil where there is none, or where it is the
  /// result of another cell.
  package func result(of planned: CellRow) -> CellRow? {
    guard let row = try? CellRow(file: "\(cell(planned.cell))/result.json"),
      row.isResult(of: planned)
    else { return nil }
    return row.placed(like: planned)
  }
}
