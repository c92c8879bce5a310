// CellJob: all that a workload needs to carry out one cell, and where it puts what it finds.

package import Config
package import Tensors

/// One cell about to run.
package final class CellJob {
  /// Reads the cell's `model` section.
  package let model: Section
  package let device: Device
  package let precision: ElementType
  package let seed: Int
  /// The cell's own folder.
  package let folder: String
  package let data: DatasetLoader
  /// Whether to write the initial parameters, so that another program can start from the same point.
  package let savesInitial: Bool
  package let progress: any ProgressReporter
  /// Becomes true when the user asks to stop; looked at after every step.
  package let isInterrupted: () -> Bool
  /// What is found; written to `result.json` by the caller.
  package var row: CellRow

  package init(
    row: CellRow, model: Section, device: Device, precision: ElementType, folder: String,
    data: DatasetLoader, savesInitial: Bool, progress: any ProgressReporter,
    isInterrupted: @escaping () -> Bool
  ) {
    self.row = row
    self.model = model
    self.device = device
    self.precision = precision
    self.seed = row.seed
    self.folder = folder
    self.data = data
    self.savesInitial = savesInitial
    self.progress = progress
    self.isInterrupted = isInterrupted
  }
}

/// The user asked to stop.
package struct Interrupted: Error {}
