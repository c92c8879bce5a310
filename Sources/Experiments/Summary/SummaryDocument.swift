// The summary as a document for people: summary.md and the text at the end of a run.

internal import Foundation

extension Summary {
  /// The summary for people; print its `text` on a terminal, write its `markdown` to summary.md.
  package var document: Page {
    var blocks: [DocumentBlock] = [.heading(experiment, level: 1), .paragraph(coverage.text)]
    for block in self.blocks {
      let title = block.title
      if !title.isEmpty { blocks.append(.heading(title, level: 2)) }
      blocks += block.content
      if asksVerdict, let verdict = Verdict(block) {
        blocks += verdict.content(level: title.isEmpty ? 2 : 3)
      }
    }
    return Page(blocks)
  }
}

extension SummaryBlock {
  fileprivate var content: [DocumentBlock] {
    var blocks: [DocumentBlock] = []
    if !lines.isEmpty { blocks.append(.table(table)) }
    if variants.count > 2, let differences { blocks.append(.table(differences)) }
    let notes = SummaryNotes(self).all
    if !notes.isEmpty { blocks.append(.list(notes.map { ListItem($0) })) }
    return blocks
  }

  // Two variants stand in one table with their difference; more get a second table for it.
  private var table: Table {
    let others = variants.filter { $0 != baseline }
    let isPair = variants.count == 2
    var header = ["metric"] + variants.map { $0.isEmpty ? "value" : $0 }
    if let baseline { header += others.map { "\($0) / \(baseline)" } }
    if isPair, let baseline, let subject = others.first {
      header += ["\(subject) - \(baseline) [95 %]", "better"]
    }
    let rows = lines.map { line in
      var row = [line.metric.name] + line.estimates.map { line.text($0) }
      row += line.comparisons.map { $0.ratioText }
      if isPair, let comparison = line.comparisons.first {
        row += [line.difference(comparison), comparison.outcome.text]
      }
      return row
    }
    return Table(header: header, rows: rows, left: isPair ? [0, header.count - 1] : [0])
  }

  private var differences: Table? {
    let rows = lines.flatMap { line in
      line.comparisons.filter { !$0.isExact && $0.pairs.n >= 2 }.map { comparison in
        [
          line.metric.name, "\(comparison.subject) - \(comparison.baseline)",
          line.difference(comparison), comparison.outcome.text,
        ]
      }
    }
    if rows.isEmpty { return nil }
    return Table(
      header: ["metric", "variants", "difference [95 %]", "better"], rows: rows, left: [0, 1, 3])
  }
}

extension SummaryLine {
  /// A variant's value: `1.8234 ± 0.0040 (3)`, or the value alone where it is exact or one.
  func text(_ estimate: Estimate) -> String {
    guard let mean = estimate.sample.mean else { return "-" }
    guard let sd = estimate.sample.sd, !(metric.isExact && estimate.sample.isConstant) else {
      return metric.text(mean)
    }
    return "\(metric.text(mean, sd: sd)) (\(estimate.n))"
  }

  /// The difference with its interval, where there is one.
  func difference(_ comparison: Comparison) -> String {
    let pairs = comparison.pairs
    guard let difference = pairs.difference else { return "-" }
    guard !comparison.isExact, let interval = pairs.interval else {
      return metric.difference(difference)
    }
    return metric.difference(difference, within: interval)
  }
}

extension Comparison {
  /// The ratio of the means: `0.934`; "-" where there is none.
  var ratioText: String {
    guard let ratio = pairs.ratio else { return "-" }
    return String(format: abs(ratio) < 9.9995 ? "%.3f" : "%.1f", ratio)
  }
}

extension Comparison.Outcome {
  /// The last column of the table.
  var text: String {
    switch self {
    case .better(let variant): variant
    case .same: "same"
    case .notFound: "no difference found"
    case .cannotTell: "cannot tell"
    case .none: ""
    }
  }
}
