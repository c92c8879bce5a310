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
    if data.summary.coverage.ok == 0 { return nil }
    let notes =
      OverviewNotes(summary: data.summary).all
      + eachRun { name, summary in
        summary.seedsNote.map { [name, $0].compactMap(\.self).joined(separator: ": ") }
      }
    let parts =
      data.summary.overview(hasRatios: true).map { $0.html() }
      + (notes.isEmpty ? [] : [DocumentBlock.list(notes.map { ListItem($0) }).html()])
    let every = everyMetric
    if every.isEmpty { return parts.isEmpty ? nil : parts.joined }
    return parts.joined + folded("Every metric", every.map { $0.html(deeper: 1) }.joined)
  }

  /// What there is to say of each run, with its name where there are several.
  private func eachRun<Words>(_ words: (String?, Summary) -> Words?) -> [Words] {
    zip(data.runs.namesOnPage, data.summaries).compactMap(words)
  }

  /// What each run's summary says of each point of its axes.
  private var everyMetric: [DocumentBlock] {
    eachRun { name, summary in
      summary.blocks.prefix(Summary.mostPoints).flatMap { block -> [DocumentBlock] in
        let title = [name ?? "", block.title].filter { !$0.isEmpty }.joined(separator: ": ")
        return (title.isEmpty ? [] : [.heading(title, level: 2)])
          + block.content(tests: summary.tests)
      } + (summary.blocks.count > Summary.mostPoints ? [summary.morePoints] : [])
    }.flatMap(\.self)
  }
}
