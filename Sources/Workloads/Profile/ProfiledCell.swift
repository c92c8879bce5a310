// ProfiledCell: what a profile of a cell leaves: a table's figures in profile.json, and the calls of
// one step of each kind in trace.json.

import Config
package import Records

/// The profile of one cell.
package struct ProfiledCell: Sendable {
  package let record: CellProfile
  private let steps: [ProfiledStep]

  /// Profiles a cell.
  ///
  /// - Parameters:
  ///   - steps: how many of each kind are recorded.
  /// - Throws: `NotProfiled` where the workload has no steps, or the device lacks a kernel.
  package init(_ workload: any Workload, _ cell: CellJob, label: String, steps: Int) throws {
    self.steps = try workload.profile(cell, steps: steps)
    var record = CellProfile()
    (record.cell, record.profiles) = (label, self.steps.map(\.profile))
    self.record = record
  }

  /// The trace, a JSON file.
  package var trace: String { ChromeTrace(steps, of: record.cell).json.document }

  /// Writes both files into a cell's folder.
  package func write(to folder: String) throws(ResultsError) {
    try AtomicFile.write(record.json, to: "\(folder)/profile.json")
    try AtomicFile.write(trace, to: "\(folder)/trace.json")
  }
}
