// RunProgress: the tables and the summary of a run while it goes on. They are written anew after each cell, but in a
// large matrix not so often that writing them would take longer than the cells.

import Analysis
import Records

/// What a run has so far.
struct RunProgress {
  /// Writing may take this share of the time.
  private static let share = 0.05

  let folder: RunFolder
  var table: CellTable
  /// Ids of the cells that were done before.
  var finished: Set<String> = []
  private var last = -Double.infinity
  private var cost = 0.0

  init(_ folder: RunFolder, table: CellTable) {
    self.folder = folder
    self.table = table
  }

  /// Writes the tables and the summary.
  ///
  /// - Parameter summarise: makes the summary of the table.
  @discardableResult
  mutating func write(_ summarise: (CellTable) -> Summary) throws -> Summary {
    let start = MonotonicClock.now()
    try table.write(to: folder)
    let summary = summarise(table)
    try summary.write(to: folder)
    last = MonotonicClock.now()
    cost = last - start
    return summary
  }

  /// Writes them where the last time was long enough ago.
  mutating func refresh(_ summarise: (CellTable) -> Summary) throws {
    if MonotonicClock.now() - last >= cost / Self.share { try write(summarise) }
  }
}
