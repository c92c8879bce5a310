// The summary of the run, in the words of summary.md.

import Statistics

/// The summary's document, but for what has a section with charts.
struct SummarySection: ReportSection {
  static let id = "summary"
  static let title = "Summary"
  private let data: ReportData

  init(_ data: ReportData) { self.data = data }

  let absence = "the run has no cells"

  // Predictions and growth stand with their charts.
  private static let elsewhere = ["Predicted and measured", "Growth"]

  var content: HTML? {
    var parts: [(title: String?, blocks: [DocumentBlock])] = [(nil, [])]
    // Title and coverage are in the page's head.
    for block in data.summary.document.blocks.dropFirst(2) {
      if case .heading(let text, let level) = block, level == 2 { parts.append((text, [])) }
      parts[parts.count - 1].blocks.append(block)
    }
    let shown = parts.filter { part in
      !part.blocks.isEmpty && !Self.elsewhere.contains(part.title ?? "")
    }
    if shown.isEmpty { return nil }
    return shown.map { part in
      guard part.title == "All metrics" else {
        return part.blocks.map { $0.html(deeper: 1) }.joined
      }
      return folded(
        "All metrics, point by point", part.blocks.dropFirst().map { $0.html(deeper: 1) }.joined)
    }.joined
  }
}
