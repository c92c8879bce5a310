// A run as it lies on disk, finished or not. What each cell left is the truth; the tables beside
// are made from it.

package import Config

/// A run's files, read.
package struct StoredRun: Sendable {
  package let folder: RunFolder
  /// `run.json`; nil where it cannot be read.
  package let record: RunRecord?
  /// The planned cells in the order of the plan.
  package let cells: [StoredCell]

  /// Reads a run; a run that was killed reads as far as it got.
  ///
  /// - Parameter configurations: whether cells have them; of a large run they take most of the
  ///   memory. Without, they are null, and nothing is known of what followed from other options.
  /// - Throws: `ResultsError` when it has no plan that can be read.
  package init(_ folder: RunFolder, configurations: Bool = true) throws(ResultsError) {
    self.init(
      folder, record: try? RunRecord(file: folder.file("run.json")),
      cells: try folder.plan(configurations: configurations) { line, before in
        StoredCell(line, in: folder, after: before)
      })
  }

  /// A run whose record and cells are known.
  package init(_ folder: RunFolder, record: RunRecord?, cells: [StoredCell]) {
    self.folder = folder
    self.record = record
    self.cells = cells
  }

  package var rows: [CellRow] { cells.map(\.row) }

  /// Whether every cell is done, well or not.
  package var isComplete: Bool { cells.allSatisfy(\.row.status.isFinal) }

  /// What the experiment asks: the first line of its file, where that is a comment.
  package var question: String? {
    guard let first = experimentYAML?.split(separator: "\n").first, first.hasPrefix("#") else {
      return nil
    }
    let text = first.drop { $0 == "#" || $0 == " " }
    return text.isEmpty ? nil : String(text)
  }

  /// The experiment file as it was written; nil where it is gone.
  package var experimentYAML: String? { try? AtomicFile.read(folder.file("experiment.yaml")) }

  /// The experiment with every default; nil where it is gone.
  package var resolvedYAML: String? { try? AtomicFile.read(folder.file("resolved.yaml")) }

  /// The curves of a training cell; empty for other cells and before its first step.
  package func lossCurve(of cell: StoredCell) -> LossCurve {
    LossCurve(reading: (try? AtomicFile.read("\(cell.folder)/steps.jsonl")) ?? "")
  }
}

// A cell of a run on disk: what was planned of it and what became of it.

/// One planned cell and its result so far.
package final class StoredCell: Sendable {
  package let planned: PlanLine
  /// The result, or the planned row where there is none yet.
  package let row: CellRow
  private let run: RunFolder

  /// Reads what a cell has come to.
  ///
  /// - Parameter before: another cell of the run, with which it shares what is the same.
  package convenience init(
    _ planned: PlanLine, in run: RunFolder, after before: StoredCell? = nil
  ) {
    let row = planned.row(experiment: run.experiment)
    var result = run.result(of: row) ?? row
    if let before { result.share(with: before.row) }
    self.init(planned, row: result, in: run)
  }

  /// A cell whose result is known.
  package init(_ planned: PlanLine, row: CellRow, in run: RunFolder) {
    self.planned = planned
    self.row = row
    self.run = run
  }

  /// The cell's folder.
  package var folder: String { run.cell(planned.cell) }

  package var id: String { planned.cell }
  /// Short and unique in the run: `classic/sequence=128/seed=2`.
  package var label: String { planned.label }
  /// Its number in the plan, from 0.
  package var index: Int { planned.index }
  /// Its place in the order of execution, from 0; nil where it is not to run.
  package var order: Int? { planned.order }
  /// Device, precision, model and workload with every default; null in runs of older versions.
  package var configuration: JSON { planned.configuration }
  /// The resolved value of an option, such as `workload.batch`; nil where the cell's configuration
  /// has none.
  package func option(_ path: String) -> JSON? { configuration.value(at: path) }
  /// Paths of options whose values followed from others; nil in runs of older versions, which have
  /// null for such values.
  package var derived: Set<String>? { planned.derived.map(Set.init) }
  /// The share of another option's value that is written for one, `5 %`; nil where it is none.
  package func share(of path: String) -> JSON? { planned.shares.first { $0.key == path }?.value }
}

extension RunFolder {
  /// The row that a planned cell has left, in the place of the planned one; nil where there is
  /// none, or where it is the result of another cell.
  package func result(of planned: CellRow) -> CellRow? {
    guard let row = try? CellRow(file: "\(cell(planned.cell))/result.json"),
      row.isResult(of: planned)
    else { return nil }
    var placed = row.placed(like: planned)
    if !placed.readsImages {
      placed.metrics.addUnitsOfLoss(readsCharacters: placed.readsCharacters)
    }
    return placed
  }
}

extension StoredRun {
  /// What its cells that are not done are doing: `1 running, 1 killed, 2 not run`; nil where all are
  /// done.
  package var unfinished: String? {
    let left = cells.filter { !$0.row.status.isFinal }
    if left.isEmpty { return nil }
    let running = left.count(where: \.isBeingRun)
    let killed = left.count { !$0.isBeingRun && $0.row.status == .killed }
    let counts = [
      (running, "running"), (killed, "killed"), (left.count - running - killed, "not run"),
    ]
    return counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
  }
}

// Whether a run is going on, has ended, or was left in the middle: what its lock and its record
// say.

/// How far a run is.
package enum RunState: String, Sendable {
  /// Its lock is held, or that of a cell that is not done: some process works on it.
  case running
  /// It came to its end, and every cell to its own, whatever became of it.
  case finished
  /// It was interrupted, killed, or ended with cells that are not done.
  case unfinished

  /// The state of a run as it is now.
  package init(of run: StoredRun) {
    if RunLock.isHeld(run.folder) || run.cells.contains(where: \.isBeingRun) {
      self = .running
    } else if let exit = run.record?.exit {
      self = Self.resumable.contains(exit) || !run.isComplete ? .unfinished : .finished
    } else {
      self = .unfinished
    }
  }

  /// Exit codes of a run that can go on: cells run elsewhere, SIGHUP, SIGINT, SIGUSR1, SIGTERM.
  private static let resumable: Set<Int> = [Int(ExitCode.busy), 129, 130, 138, 143]
}

extension StoredCell {
  /// Whether it is not done and some process runs it.
  fileprivate var isBeingRun: Bool { !row.status.isFinal && CellClaim.holder(in: folder) != nil }
}
