// Digest: what stands on the terminal at the end of a run. The answer comes first, then one table of the headline
// metrics with each variant's ratio to its baseline, then what could not be told and where the rest is, all in one screen.

import Config
internal import Foundation
import Records
package import Statistics

/// A run in so many lines of so many columns.
package struct Digest {
  private static let lines = 40

  fileprivate let summary: Summary
  private let name: String
  fileprivate let width: Int
  private let sample: CellText?
  private let shapes: Table?

  /// - Parameters:
  ///   - name: the run's, as commands take it.
  ///   - width: columns of the terminal.
  ///   - sample: what the best cell wrote.
  ///   - shapes: those of inspected models.
  package init(
    _ summary: Summary, name: String, width: Int, sample: CellText? = nil, shapes: Table? = nil
  ) {
    self.summary = summary
    self.name = name
    self.width = width
    self.sample = sample
    self.shapes = shapes
  }

  package var text: String {
    let ending = ending
    var page = Page(head + answers(before: ending))
    func room(_ more: [DocumentBlock]) -> Int {
      Self.lines - Page(page.blocks + more + ending).text(width: width).lineCount
    }
    for table in tables + (shapes.map { [Shown(caption: [], table: $0)] } ?? []) {
      // A blank line, header and rule are not rows; of fewer than five lines there is no table.
      let free = room(table.caption) - 3
      if free < min(5, table.rows) { break }
      page.blocks += table.blocks(rows: free)
    }
    page.blocks += ending
    var text = page.text(width: width)
    if let written = written(lines: Self.lines - text.lineCount - 1) { text += "\n" + written }
    return text
  }

  private var head: [DocumentBlock] {
    let title = [summary.experiment, summary.question].compactMap(\.self).joined(separator: ": ")
    return [.heading(title, level: 1), .paragraph(coverage)]
  }

  private var coverage: String {
    let rows = summary.blocks.flatMap(\.rows)
    let seeds = Set(rows.map(\.seed)).count
    let took = rows.compactMap { $0.metrics[.seconds] }.reduce(0, +)
    if let reason = common(rows) {
      return "0 of \(summary.coverage.planned) cells ok: \(reason)"
    }
    let parts = [
      summary.coverage.text, seeds > 1 ? "\(seeds) seeds" : nil,
      took >= 1 ? "\(Metric.seconds.text(took)) in all" : nil,
    ]
    return parts.compactMap(\.self).joined(separator: "; ")
  }

  /// Why no cell is ok, where that is the same for all: one sentence instead of a table without figures.
  private func common(_ rows: [CellRow]) -> String? {
    let reasons = rows.filter(\.status.isPlanned).map {
      [$0.status.words, $0.reason].compactMap(\.self).joined(separator: ": ")
    }.unique
    return summary.coverage.ok == 0 && reasons.count == 1 ? reasons[0] : nil
  }

  /// The answers, with as many names as there is room for.
  private func answers(before ending: [DocumentBlock]) -> [DocumentBlock] {
    if common(summary.blocks.flatMap(\.rows)) != nil { return [] }
    if let asked = summary.trainingQuestions {
      return [
        .paragraph(asked.title),
        .list(
          summary.expectationItems
            + asked.questions.map { question in
              ListItem(
                lead: question.question, question.words,
                below: [question.units].compactMap(\.self))
            }),
      ]
    }
    func fits(_ items: [ListItem]) -> Bool {
      Page(head + [.list(items)] + ending).text(width: width).lineCount <= Self.lines
    }
    // Every name is worth more than a table of the same figures.
    let items =
      [Int.max, 8, 4, 2, 1].lazy.map { summary.answers(naming: $0) }.first(where: fits)
      ?? Array(summary.answers(naming: 1).prefix(8))
    return items.isEmpty ? [] : [.list(items)]
  }

  /// What follows the tables.
  private var ending: [DocumentBlock] {
    if common(summary.blocks.flatMap(\.rows)) != nil { return [] }
    let notes = OverviewNotes(summary: summary).digest + [summary.seedsNote].compactMap(\.self)
    let predicted = summary.predictionNote.map { [ListItem($0)] } ?? []
    let items = notes.map { ListItem($0) } + predicted
    return (items.isEmpty ? [] : [.list(items)])
      + [
        .paragraph(
          "all metrics: runexp summary \(name) --full; charts: runexp report \(name)")
      ]
  }

  /// The first lines of the text that the best cell left, under its name; nil where it left none or no place is left.
  private func written(lines: Int) -> String? {
    guard lines >= 4, let text = sample else { return nil }
    let body = text.text.split(separator: "\n", omittingEmptySubsequences: false)
      .drop(while: \.isEmpty)
    let shown = body.prefix(lines - 2).map {
      $0.isEmpty ? "" : "    " + DisplayWidth.cut(String($0), to: width - 4)
    }
    let end = shown.lastIndex { !$0.isEmpty } ?? -1
    return ([text.title, ""] + shown.prefix(end + 1)).map { $0 + "\n" }.joined()
  }
}

extension String {
  fileprivate var lineCount: Int { count { $0 == "\n" } }
}

// The tables of headline metrics, in the form that fits.

extension Digest {
  /// A table with what stands above it.
  fileprivate struct Shown {
    let caption: [DocumentBlock]
    let table: Table

    var rows: Int { table.rows.count }

    /// The caption and as many rows as there is room for; how many more there are takes two lines.
    func blocks(rows: Int) -> [DocumentBlock] {
      guard table.rows.count > rows else { return caption + [.table(table)] }
      let some = Array(table.rows.prefix(rows - 2))
      return caption + [
        .table(Table(header: table.header, rows: some, left: table.left)),
        .paragraph("and \(table.rows.count - some.count) more rows"),
      ]
    }
  }

  /// The tables, the most telling first.
  fileprivate var tables: [Shown] {
    if summary.coverage.ok == 0 || summary.headline.isEmpty { return [] }
    let isCompared = summary.variants.count > 1
    if !summary.axes.keys.isEmpty, isCompared {
      let pivots = metrics.compactMap(pivot)
      if !pivots.isEmpty { return pivots }
    } else if isCompared || summary.variants.count == 1, summary.axes.keys.isEmpty,
      let table = byMetric
    {
      return [Shown(caption: [], table: table)]
    }
    return [Shown(caption: [], table: byVariant)]
  }

  /// The primary metrics, then the rest of the headline.
  private var metrics: [Metric] {
    (summary.primary + summary.headline).unique.filter { metric in
      summary.blocks.contains { $0.line(metric) != nil }
    }
  }

  /// A metric a row, the variants side by side, each with its ratio; nil where that is too wide.
  private var byMetric: Table? {
    guard let block = summary.blocks.first else { return nil }
    let columns = columns(named: summary.variants.count > 1 ? nil : "value")
    return [true, false].lazy.map { spread in
      Table(
        header: ["metric"] + columns.header,
        rows: summary.headline.compactMap { metric in
          block.line(metric).map { [metric.shownName] + columns.texts($0, spread) }
        })
    }.first { $0.width <= width }
  }

  /// A point of the axes a row, the variants side by side, each with its ratio; nil where not even the variants fit.
  private func pivot(_ metric: Metric) -> Shown? {
    [columns(), columns(hasRatios: false)].lazy.map { columns in
      Table(
        header: summary.axes.names + columns.header,
        rows: summary.blocks.map { block in
          summary.axes.texts(block.axes) + columns.texts(block.line(metric), false)
        }, left: Set(summary.axes.keys.indices))
    }.first { $0.width <= width }.map { Shown(caption: [.paragraph(metric.shownName)], table: $0) }
  }

  /// Columns of a metric: each variant's value and, but for the baseline, its ratio.
  private struct Columns {
    let header: [String]
    let texts: (_ line: SummaryLine?, _ spread: Bool) -> [String]
  }

  private func columns(named name: String? = nil, hasRatios: Bool = true) -> Columns {
    let baselines = hasRatios ? summary.baselines : Baselines(of: [])
    let isPair = summary.variants.count == 2
    // Two variants stand side by side, and the ratio after them.
    let order =
      isPair
      ? summary.variants.sorted { a, _ in baselines.baseline(of: a) == nil } : summary.variants
    func columns(_ variant: String) -> [String] {
      let ratio = baselines.baseline(of: variant).map { baseline in
        isPair ? "\(variant) / \(baseline)" : "/ \(baseline)"
      }
      return [name ?? variant] + (ratio.map { [$0] } ?? [])
    }
    return Columns(header: order.flatMap(columns)) { line, spread in
      order.flatMap { variant -> [String] in
        let value = line.flatMap { Digest.text($0, variant, spread: spread) } ?? "-"
        return [value]
          + (baselines.baseline(of: variant) == nil
            ? [] : [line.flatMap { $0.ratioText(variant) } ?? ""])
      }
    }
  }

  /// A variant a row at each point of the axes, the metrics side by side, each with its ratio; as many as fit.
  ///
  /// One variant by itself is held against its first point.
  private var byVariant: Table {
    let isCompared = summary.variants.count > 1
    let baselines = summary.variants.compactMap(summary.baselines.baseline).unique
    let ratio = baselines.count == 1 ? "/ \(baselines[0])" : isCompared ? "ratio" : "/ first"
    let names = summary.axes.names + (isCompared ? ["variant"] : [])
    let places = summary.blocks.flatMap { block in
      summary.variants.filter { variant in
        block.rows.contains { $0.variant == variant && $0.status != .excluded }
      }.map { (block, $0) }
    }
    func texts(_ metric: Metric, _ block: SummaryBlock, _ variant: String, spread: Bool) -> [String]
    {
      let line = block.line(metric)
      let value = line.flatMap { Self.text($0, variant, spread: spread) } ?? "-"
      if !metric.isRatioTold { return [value] }
      if isCompared { return [value, line.flatMap { $0.ratioText(variant) } ?? ""] }
      let first = summary.blocks[0].line(metric)?.estimate(variant)?.sample.mean ?? 0
      let mean = line?.estimate(variant)?.sample.mean
      return [value, first == 0 ? "" : mean.map { Comparison.ratioText($0 / first) } ?? ""]
    }
    func table(_ metrics: ArraySlice<Metric>, spread: Bool) -> Table {
      let header = metrics.flatMap { [$0.shownName] + ($0.isRatioTold ? [ratio] : []) }
      return Table(
        header: names + header,
        rows: places.map { block, variant in
          summary.axes.texts(block.axes) + (isCompared ? [variant] : [])
            + metrics.flatMap { texts($0, block, variant, spread: spread) }
        }, left: Set(names.indices))
    }
    let metrics = metrics
    let all = metrics.indices.reversed().lazy.flatMap { last in
      [true, false].map { table(metrics[...last], spread: $0) }
    }
    return all.first { $0.width <= width } ?? table(metrics.prefix(1), spread: false)
  }

  /// A value, with its spread over the seeds where there is room for it.
  private static func text(_ line: SummaryLine, _ variant: String, spread: Bool) -> String? {
    guard let estimate = line.estimate(variant), let mean = estimate.sample.mean else { return nil }
    if line.metric.bound != nil { return estimate.sample.values.max().map(line.metric.text) }
    guard spread, let sd = estimate.sample.sd, !(line.metric.isExact && estimate.sample.isConstant)
    else { return line.metric.text(mean) }
    return line.metric.text(mean, sd: sd)
  }
}

extension Metric {
  /// Its name, and of what has a bound that the largest value of all seeds is shown.
  fileprivate var shownName: String { bound == nil ? name : "largest \(name)" }
}

extension SummaryLine {
  /// A variant's ratio to its baseline; nil where a ratio says nothing.
  fileprivate func ratioText(_ variant: String) -> String? {
    metric.isRatioTold ? comparison(variant)?.values.ratioText : nil
  }
}
