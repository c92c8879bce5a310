// CellJob: all that a workload needs to carry out one cell, and where it puts what it finds.

package import Config
package import Records
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
  /// The checkpoints that the run was planned with.
  package let checkpoints: [RunRecord.Checkpoint]
  /// Whether to write the initial parameters, so that another program can start from the same point.
  package let savesInitial: Bool
  /// Least seconds between two checkpoints; infinite for none but that of a request to stop.
  package let checkpointSeconds: Double
  /// The most memory that tensors may take; nil for no limit.
  package let memoryCap: Int?
  package let progress: any ProgressReporter
  /// Becomes true when the user asks to stop; looked at in every long loop.
  package let isInterrupted: () -> Bool
  /// Says that there is something to save: from now on a request to stop waits, however long a step takes, until
  /// `isInterrupted` is asked.
  package let holdStop: () -> Void
  /// When this attempt started, on `MonotonicClock`.
  private let start = MonotonicClock.now()
  /// Seconds that earlier attempts took, up to the state that this one goes on from.
  package var earlierSeconds = 0.0
  /// What is found; written to `result.json` by the caller.
  package var row: CellRow

  package init(
    row: CellRow, model: Section, device: Device, precision: ElementType, folder: String,
    data: DatasetLoader, checkpoints: [RunRecord.Checkpoint] = [], savesInitial: Bool,
    checkpointSeconds: Double = .infinity,
    memoryCap: Int? = nil, progress: any ProgressReporter,
    isInterrupted: @escaping () -> Bool, holdStop: @escaping () -> Void = {}
  ) {
    self.row = row
    self.model = model
    self.device = device
    self.precision = precision
    self.seed = row.seed
    self.folder = folder
    self.data = data
    self.checkpoints = checkpoints
    self.savesInitial = savesInitial
    self.checkpointSeconds = checkpointSeconds
    self.memoryCap = memoryCap
    self.progress = progress
    self.isInterrupted = isInterrupted
    self.holdStop = holdStop
  }
}

extension CellJob {
  /// - Throws: `Interrupted` when the user has asked to stop.
  package func checkInterrupt() throws(Interrupted) {
    if isInterrupted() { throw Interrupted() }
  }

  /// Seconds that the cell took so far, over all its attempts.
  package var seconds: Double { earlierSeconds + MonotonicClock.now() - start }

  /// Refuses work that is known beforehand to need more memory than the cell may have.
  ///
  /// - Throws: `MemoryCapExceeded`.
  func checkMemory(predictedPeakBytes bytes: Double) throws(MemoryCapExceeded) {
    if let memoryCap, bytes > Double(memoryCap) {
      throw MemoryCapExceeded(bytes: bytes, cap: memoryCap)
    }
  }
}

/// A cell's tensors would need more memory than its cap leaves them.
package struct MemoryCapExceeded: Error, CustomStringConvertible {
  let bytes: Double
  /// What is left beside the program itself.
  let cap: Int

  package var description: String {
    "its tensors are predicted to need \(Metric.peakBytes.text(bytes)), more than the "
      + "\(Metric.peakBytes.text(Double(cap))) that its cap leaves them; it was not started"
  }
}

/// The user asked to stop.
package struct Interrupted: Error {}
