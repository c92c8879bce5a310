// Collection: makes the tables and the summary of a run from the rows on disk, however and wherever
// its cells ran.

package import Analysis
import Foundation
package import Records

/// What a run has come to.
package struct Collection {
  package let run: StoredRun
  package let summary: Summary
  /// Whether every cell is done, well or not.
  package let isComplete: Bool

  /// Reads the rows and writes the tables and the summary.
  ///
  /// - Parameter isWritten: false where another program keeps them: then they stay as they are.
  /// - Throws: `ResultsError` where the plan cannot be read, or the folder not be written.
  package init(_ folder: RunFolder, isWritten: Bool = true) throws {
    run = try StoredRun(folder)
    if isWritten {
      var progress = RunProgress(run)
      summary = try progress.write()
    } else {
      summary = run.summary(of: run.rows)
    }
    isComplete = run.isComplete
  }

  /// The exit code that stands for the cells and for what the file expects of them.
  package var exitCode: Int32 {
    summary.coverage.ok == summary.coverage.planned && !summary.missesExpectation
      ? ExitCode.ok : ExitCode.someCellsFailed
  }

  /// Notes in `run.json` that the run has ended, and on what its cells ran; a run that had ended so
  /// already keeps its end.
  ///
  /// - Parameter exitCode: what the run ended with.
  package func end(exitCode: Int32) throws {
    var record = try RunRecord(file: run.folder.file("run.json"))
    if record.end != nil, record.exit == Int(exitCode), record.devices == run.devices { return }
    record.devices = run.devices
    record.end = .now
    record.exit = Int(exitCode)
    try run.folder.write(record.json, to: "run.json")
  }
}

/// The tables and the summary of a run while it goes on.
///
/// They are written anew after each cell, but in a large matrix not so often that writing them
/// would take longer than the cells.
struct RunProgress {
  /// Writing may take this share of the time.
  private static let share = 0.05

  private let run: StoredRun
  private var table: CellTable
  private var last = -Double.infinity
  private var cost = 0.0

  init(_ run: StoredRun) {
    self.run = run
    table = CellTable(run.rows, metrics: Metric.all)
  }

  mutating func update(_ row: CellRow) { table.update(row) }

  /// Writes the tables and the summary.
  @discardableResult
  mutating func write() throws -> Summary {
    let start = MonotonicClock.now()
    try table.write(to: run.folder)
    let summary = run.summary(of: table.rows)
    try summary.write(to: run.folder)
    last = MonotonicClock.now()
    cost = last - start
    return summary
  }

  /// Writes them where the last time was long enough ago.
  mutating func refresh() throws {
    if MonotonicClock.now() - last >= cost / Self.share { try write() }
  }
}
