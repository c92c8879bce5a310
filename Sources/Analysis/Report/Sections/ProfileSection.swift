// Where the time of a step goes, of cells that were profiled.

import Records
import Statistics

/// For each profiled cell the answers, the kinds of work, and all operations.
struct ProfileSection: ReportSection {
  static let id = "profile"
  static let title = "Where the time goes"
  /// Operations that stand open; the others are folded away.
  private static let most = 12
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell was profiled: runexp run --profile does it"

  var content: HTML? {
    let cells = data.runs.flatMap(\.cells).compactMap { cell in
      cell.profile.map { (cell.label, $0.profiles) }
    }
    if cells.isEmpty { return nil }
    let parts = cells.flatMap { label, profiles in
      profiles.map { profile in
        let text = ProfileText(profile)
        let heading = HTML.element("h3", [:], HTML("\(label): \(profile.step)"))
        let answers = text.answers.map { paragraph($0 + ".") }
        let table = text.operations
        return
          ([heading] + answers + [
            text.totals.html,
            table.rows.count > Self.most
              ? folded("All \(table.rows.count) operations", table.html) : table.html,
            paragraph(text.limits),
          ]).joined
      }
    }
    return parts.joined
  }
}
