// CellProfiler: profiles one cell of an experiment in this process, without a run's folder.

import Config
import Foundation
package import Records
package import Workloads

/// Profiles cells.
package struct CellProfiler {
  private let options: RunOptions
  private let environment: [String: String]

  package init(_ options: RunOptions, environment: [String: String]) {
    self.options = options
    self.environment = environment
  }

  /// The cell that is meant.
  ///
  /// - Parameter name: its label, how it begins or ends, or its variant; nil for the first.
  /// - Throws: `NoSuchCell`.
  package static func cell(
    named name: String?, of experiment: PlannedExperiment
  ) throws -> PlannedCell {
    let cells = experiment.cells.filter { $0.workload != nil && $0.model != nil }
    guard let first = cells.first else { throw NoSuchCell(description: "no cell is to run") }
    guard let name else { return first }
    let ways: [(PlannedCell) -> Bool] = [
      { $0.label == name }, { $0.variant == name }, { $0.label.hasPrefix(name) },
      { $0.label.hasSuffix(name) },
    ]
    for way in name.isEmpty ? [] : ways {
      if let found = cells.first(where: way) { return found }
    }
    let labels = cells.map(\.label)
    let hint =
      Suggestion.nearest(to: name, among: labels).map { "did you mean '\($0)'?" }
      ?? "there are \(labels.prefix(8).joined(separator: ", "))"
    throw NoSuchCell(description: "no cell \(Wording.quote(name)): \(hint)")
  }

  /// Profiles a cell.
  ///
  /// - Parameters:
  ///   - choice: where it runs; where its file says when nil.
  ///   - steps: of each kind that are recorded.
  /// - Throws: `NotProfiled`; `PluginError` where there is no such device; `DataError` where its text
  ///   cannot be had; `RunError.interrupted`.
  package func profile(
    _ cell: PlannedCell, on choice: DeviceChoice? = nil, steps: Int
  ) throws -> ProfiledCell {
    guard let workload = cell.workload, let model = cell.model else {
      throw NoSuchCell(description: "the cell \(cell.label) is excluded: \(cell.exclusion ?? "")")
    }
    let interrupts = Interrupts()
    // There is nothing to tidy up.
    interrupts.mayFinish = false
    let finder = DeviceFinder(options, environment: environment)
    let choice = choice ?? cell.device
    try finder.check(for: [choice])
    let reporter = CellReporter(
      ProgressBar(Terminal.progress(isQuiet: options.isQuiet)), headline: [], log: nil)
    if let warning = finder.warning(for: [choice]) { reporter.warn(warning) }
    // Nobody reads it: what counts is the seed.
    let row = CellRow(
      cell: "profiled", experiment: "", variant: cell.variant, seed: cell.seed)
    let job = CellJob(
      row: row, model: model, device: try finder.open(choice).device,
      precision: cell.precision.elementType, folder: "",
      data: DatasetLoader(options, environment: environment), savesInitial: false,
      progress: reporter, isInterrupted: { interrupts.signal != nil })
    do {
      return try ProfiledCell(workload, job, label: cell.label, steps: steps)
    } catch is Interrupted {
      throw RunError.interrupted(interrupts.exitCode ?? 130)
    }
  }
}

/// There is no cell that is meant.
package struct NoSuchCell: Error, CustomStringConvertible {
  package let description: String
}
