// A run as it lies on disk, finished or not. What each cell left is the truth; the tables beside are made from it.

/// A run's files, read.
package struct StoredRun: Sendable {
  package let folder: RunFolder
  /// `run.json`; nil where it cannot be read.
  package let record: RunRecord?
  /// The planned cells in the order of the plan.
  package let cells: [StoredCell]

  /// Reads a run; a run that was killed reads as far as it got.
  ///
  /// - Throws: `ResultsError` when it has no plan that can be read.
  package init(_ folder: RunFolder) throws(ResultsError) {
    self.folder = folder
    record = try? RunRecord(file: folder.file("run.json"))
    cells = try folder.plan().map { StoredCell($0, in: folder) }
  }

  package var rows: [CellRow] { cells.map(\.row) }

  /// Whether every cell is done, well or not.
  package var isComplete: Bool { cells.allSatisfy(\.row.status.isFinal) }

  /// The experiment file as it was written; nil where it is gone.
  package var experimentYAML: String? { try? AtomicFile.read(folder.file("experiment.yaml")) }

  /// The experiment with every default; nil where it is gone.
  package var resolvedYAML: String? { try? AtomicFile.read(folder.file("resolved.yaml")) }

  /// The curves of a training cell; empty for other cells and before its first step.
  package func lossCurve(of cell: StoredCell) -> LossCurve {
    LossCurve(reading: (try? AtomicFile.read("\(cell.folder)/steps.jsonl")) ?? "")
  }
}
