// The tables of the run, in the words of summary.md; the answers stand in the page's head.

import Statistics

/// The overview, and folded away every metric.
struct SummarySection: ReportSection {
  static let id = "summary"
  static let title = "Summary"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "no cell has a result"

  var content: HTML? {
    let notes = OverviewNotes(summary: data.summary).all.map { ListItem($0) }
    let parts =
      (data.summary.overview.map { [$0.html] } ?? [])
      + (notes.isEmpty ? [] : [DocumentBlock.list(notes).html()])
    let every = everyMetric
    if every.isEmpty { return parts.isEmpty ? nil : parts.joined }
    return parts.joined + folded("Every metric", every.map { $0.html(deeper: 1) }.joined)
  }

  /// What the summary says of each point of the axes.
  private var everyMetric: [DocumentBlock] {
    data.summary.blocks.flatMap { block in
      (block.title.isEmpty ? [] : [.heading(block.title, level: 2)])
        + block.content(tests: data.summary.tests)
    }
  }
}
