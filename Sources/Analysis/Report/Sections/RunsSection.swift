// Runs of one experiment against the first of them: what 'runexp diff' says of them, in its words.

import Records
import Statistics

/// A diff for each run but the first.
struct RunsSection: ReportSection {
  static let id = "runs"
  static let title = "Run against run"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "there is one run"

  var content: HTML? {
    guard let first = data.runs.first, data.runs.count > 1 else { return nil }
    let base = DiffSide(first)
    return data.runs.dropFirst().map { run -> HTML in
      let new = DiffSide(run)
      let diff = RunDiff(base, new, data.diffOptions(base, new))
      return .element("h3", [:], HTML("\(new.name) against \(base.name)"))
        + diff.page.blocks.map { $0.html(deeper: 2) }.joined
    }.joined
  }
}
