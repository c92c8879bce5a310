// The whole summary as a document for people: summary.md, and what `--full` prints.

internal import Foundation
import Records
package import Statistics

extension Summary {
  /// The whole summary, for summary.md.
  package var document: Page {
    var page = head
    if isWide { page += sections + [.heading("All metrics", level: 2)] }
    let shown = blocks.prefix(Self.mostPoints)
    for block in shown {
      let title = block.title
      let level = isWide ? 3 : 2
      if !title.isEmpty { page.append(.heading(title, level: level)) }
      page += block.content(tests: tests)
      // At one point they are the answers, and stand first.
      if asksVerdict, blocks.count > 1, let verdict = TrainingQuestions(block) {
        page += verdict.content(level: title.isEmpty ? level : level + 1)
      }
    }
    if shown.count < blocks.count { page.append(morePoints) }
    return Page(isWide ? page : page + predictionContent)
  }

  /// So many points with all their metrics are for people.
  static var mostPoints: Int { 100 }

  /// How many more points there are, and where.
  var morePoints: DocumentBlock {
    .paragraph("\(blocks.count - Self.mostPoints) more points: summary.csv")
  }

  private var head: [DocumentBlock] {
    let answers = answers
    let title = trainingQuestions.map { [DocumentBlock.heading($0.title, level: 2)] } ?? []
    return [.heading(experiment, level: 1)] + (question.map { [.paragraph($0)] } ?? [])
      + [coverage.text, deviceNote, loadNote].compactMap(\.self).map { .paragraph($0) } + title
      + (answers.isEmpty ? [] : [.list(answers)])
  }

  private var sections: [DocumentBlock] {
    let notes = OverviewNotes(summary: self).all.map { ListItem($0) }
    return overview(hasRatios: false)
      + (notes.isEmpty ? [] : [.list(notes)])
      + rateSensitivityContent + differencesContent + scalingContent + predictionContent
  }
}

extension SummaryBlock {
  /// Every metric of one point, with the notes on it.
  func content(tests: Int) -> [DocumentBlock] {
    var blocks: [DocumentBlock] = []
    if !shown.isEmpty { blocks.append(.table(table)) }
    if variants.count > 2, let differences { blocks.append(.table(differences)) }
    let notes = SummaryNotes(self, tests: tests).all
    if !notes.isEmpty { blocks.append(.list(notes.map { ListItem($0) })) }
    return blocks
  }

  // Predictions have a table of their own, beside what they predict.
  private var shown: [SummaryLine] { lines.filter { $0.metric.predicts == nil } }

  // Two variants stand in one table with their difference; more get a second table for it.
  private var table: Table {
    let pairs = variants.compactMap { variant in
      baselines.baseline(of: variant).map { (subject: variant, baseline: $0) }
    }
    var header = ["metric"] + variants.map { $0.isEmpty ? "value" : $0 }
    header += pairs.map { "\($0.subject) / \($0.baseline)" }
    let isPair = pairs.count == 1
    if isPair { header += ["difference [95 %]", "verdict"] }
    let rows = shown.map { line in
      var row = [line.metric.name] + line.estimates.map { line.text($0) }
      row += line.comparisons.map { $0.values.ratioText }
      if isPair, let comparison = line.comparisons.first {
        row += [line.metric.text(comparison.values), line.metric.text(comparison.verdict)]
      }
      return row
    }
    return Table(
      header: header, rows: rows, left: isPair ? [0, header.count - 1] : [0],
      joined: isPair ? [header.count - 1] : [])
  }

  private var differences: Table? {
    let rows = shown.flatMap { line in
      line.comparisons.filter { !$0.isExact && $0.values.test.n >= 2 }.map { comparison in
        [
          line.metric.name, comparison.title,
          line.metric.text(comparison.values), line.metric.text(comparison.verdict),
        ]
      }
    }
    if rows.isEmpty { return nil }
    return Table(
      header: ["metric", "variants", "difference [95 %]", "verdict"], rows: rows, left: [0, 1, 3],
      joined: [3])
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
}

extension Metric {
  /// A difference with its interval, where there is one; of times and rates the ratio with its own.
  func text(_ comparison: Comparison) -> String {
    if comparesByRatio, comparison.ratio != nil { return comparison.ratioFigure }
    guard let difference = comparison.difference else { return "-" }
    guard let interval = comparison.interval else { return self.difference(difference) }
    return self.difference(difference, within: interval)
  }
}

extension Comparison {
  /// The ratio of the means: `0.934`; "-" where there is none.
  var ratioText: String { ratio.map(Self.ratioText) ?? "-" }

  /// The ratio with its interval, where there is one: `1.082 x [1.020, 1.150]`.
  var ratioFigure: String {
    let ends = ratioInterval.map { [$0.low, $0.high].map(Self.ratioText).joined(separator: ", ") }
    return ratioText + " x" + (ends.map { " [\($0)]" } ?? "")
  }

  /// A ratio for people: `0.934`, `12.3`, `0.00049`.
  static func ratioText(_ ratio: Double) -> String {
    let size = abs(ratio)
    return String(
      format: size < 0.001 && size > 0 ? "%.2g" : size < 9.9995 ? "%.3f" : "%.1f", ratio)
  }
}
