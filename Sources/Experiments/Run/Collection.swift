// Collection: makes the tables and the summary of a run from the rows on disk, however and wherever its cells ran.

package import Analysis
import Foundation
package import Records

/// What a run has come to.
package struct Collection {
  package let folder: RunFolder
  package let summary: Summary
  /// Whether every cell is done, well or not.
  package let isComplete: Bool
  /// What cells left for people: the text that a model wrote, one a variant, or the shapes of each cell's model.
  package let texts: [CellText]

  /// Reads the rows and writes the tables and the summary.
  ///
  /// - Throws: `ResultsError` where the plan cannot be read, or the folder not be written.
  package init(_ folder: RunFolder) throws {
    let run = try StoredRun(folder)
    var progress = RunProgress(run)
    self.folder = folder
    summary = try progress.write()
    isComplete = run.isComplete
    texts = Self.texts(of: run)
  }

  /// The exit code that stands for the cells and for what the file expects of them.
  package var exitCode: Int32 {
    summary.coverage.ok == summary.coverage.planned && !summary.missesExpectation
      ? ExitCode.ok : ExitCode.someCellsFailed
  }

  /// Notes in `run.json` that the run has ended.
  ///
  /// - Parameter exitCode: what the run ended with.
  package func end(exitCode: Int32) throws {
    var record = try RunRecord(file: folder.file("run.json"))
    record.end = .now
    record.exit = Int(exitCode)
    try folder.write(record.json, to: "run.json")
  }

  private static func texts(of run: StoredRun) -> [CellText] {
    let cells = run.cells.filter { $0.row.status == .ok }
    let samples = run.rows.map(\.variant).unique.compactMap { variant -> CellText? in
      guard let cell = cells.first(where: { $0.row.variant == variant }) else { return nil }
      return CellText("\(variant) writes:", "\(cell.folder)/sample.txt")
    }
    return samples + cells.compactMap { CellText("\($0.label):", "\($0.folder)/report.txt") }
  }
}

/// The tables and the summary of a run while it goes on.
///
/// They are written anew after each cell, but in a large matrix not so often that writing them would take longer than
/// the cells.
struct RunProgress {
  /// Writing may take this share of the time.
  private static let share = 0.05

  private let folder: RunFolder
  private let record: RunRecord?
  private var table: CellTable
  private var last = -Double.infinity
  private var cost = 0.0

  init(_ run: StoredRun) {
    folder = run.folder
    record = run.record
    table = CellTable(run.rows, metrics: Metric.all)
  }

  mutating func update(_ row: CellRow) { table.update(row) }

  /// Writes the tables and the summary.
  @discardableResult
  mutating func write() throws -> Summary {
    let start = MonotonicClock.now()
    try table.write(to: folder)
    let summary = Summary(of: table.rows, record, experiment: folder.experiment)
    try summary.write(to: folder)
    last = MonotonicClock.now()
    cost = last - start
    return summary
  }

  /// Writes them where the last time was long enough ago.
  mutating func refresh() throws {
    if MonotonicClock.now() - last >= cost / Self.share { try write() }
  }
}

// CellText: a text that a cell left for people, to be shown at the end of a run.

/// A text with its title.
package struct CellText: Equatable, Sendable {
  /// Such as "modern writes:".
  package let title: String
  package let text: String

  /// - Parameter path: the text's file; nil when the cell left none.
  init?(_ title: String, _ path: String) {
    guard let text = try? AtomicFile.read(path) else { return nil }
    self.title = title
    self.text = text
  }
}
