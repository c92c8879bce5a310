// PendingCells: which cells of a run a scheduler is to run.

import Config
package import Records

/// Which cells of a run are to run.
package struct PendingCells: Sendable {
  /// Statuses that run again, beside those of cells that are not done.
  package let retried: Set<CellStatus>
  /// Whether cells that are not done run as well.
  package let takesPending: Bool

  /// `pending`, `all`, or statuses such as `failed,timeout`.
  ///
  /// - Returns: nil where a word is none of these.
  package init?(_ words: String) {
    let finals = CellStatus.allCases.filter { $0.isFinal && $0 != .ok && $0 != .excluded }
    var retried: Set<CellStatus> = []
    var takesPending = false
    for word in words.split(separator: ",") {
      switch word {
      case "pending": takesPending = true
      case "all": (takesPending, retried) = (true, Set(finals))
      default:
        guard let status = finals.first(where: { $0.rawValue == word }) else { return nil }
        retried.insert(status)
      }
    }
    if !takesPending, retried.isEmpty { return nil }
    self.retried = retried
    self.takesPending = takesPending
  }

  /// The words that may be asked for.
  package static var words: [String] {
    ["pending", "all"]
      + CellStatus.allCases.filter { $0.isFinal && $0 != .ok && $0 != .excluded }.map(\.rawValue)
  }

  /// Whether a cell is to run.
  package func contains(_ cell: StoredCell) -> Bool {
    cell.order != nil
      && (cell.row.status.isFinal ? retried.contains(cell.row.status) : takesPending)
  }
}
