// DigestTables: the tables of headline metrics on the first screen, in the form that fits.

import Config
import Records
import Statistics

extension Digest {
  /// A table with what stands above it.
  struct Shown {
    let caption: [DocumentBlock]
    /// Its first rows.
    let table: Table
    /// How many rows it has beside these.
    var left = 0

    var rows: Int { table.rows.count + left }

    /// The caption and as many rows as there is room for; how many more there are takes two lines.
    func blocks(rows: Int) -> [DocumentBlock] {
      guard self.rows > rows else { return caption + [.table(table)] }
      let some = Array(table.rows.prefix(rows - 2))
      return caption + [
        .table(Table(header: table.header, rows: some, left: table.left)),
        .paragraph("and \(self.rows - some.count) more rows"),
      ]
    }
  }

  /// The tables, the most telling first.
  var tables: [Shown] {
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
    return [byVariant]
  }

  /// More points than have room on a screen.
  private var points: ArraySlice<SummaryBlock> { summary.blocks.prefix(Self.lines) }

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

  /// A point of the axes a row, the variants side by side, each with its ratio; nil where not even
  /// the variants fit.
  private func pivot(_ metric: Metric) -> Shown? {
    [columns(), columns(hasRatios: false)].lazy.map { columns in
      Table(
        header: summary.axes.names + columns.header,
        rows: points.map { block in
          summary.axes.texts(block.axes) + columns.texts(block.line(metric), false)
        }, left: Set(summary.axes.keys.indices))
    }.first { $0.width <= width }.map {
      Shown(
        caption: [.paragraph(metric.shownName)], table: $0,
        left: summary.blocks.count - points.count)
    }
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

  /// A variant a row at each point of the axes, the metrics side by side, each with its ratio; as
  /// many as fit.
  ///
  /// One variant by itself is held against its first point.
  private var byVariant: Shown {
    let isCompared = summary.variants.count > 1
    let baselines = summary.variants.compactMap(summary.baselines.baseline).unique
    let ratio = baselines.count == 1 ? "/ \(baselines[0])" : isCompared ? "ratio" : "/ first"
    let names = summary.axes.names + (isCompared ? ["variant"] : [])
    let places = points.flatMap { block in
      block.plannedVariants.map { (block, $0) }
    }
    let left = summary.blocks.dropFirst(points.count).reduce(0) { $0 + $1.plannedVariants.count }
    func texts(_ metric: Metric, _ block: SummaryBlock, _ variant: String, spread: Bool) -> [String]
    {
      let line = block.line(metric)
      let value = line.flatMap { Self.text($0, variant, spread: spread) } ?? "-"
      if !metric.isRatioTold { return [value] }
      if isCompared { return [value, line.flatMap { $0.ratioText(variant) } ?? ""] }
      let first =
        summary.blocks[0].line(metric)?.estimate(variant)?.sample.level(of: metric) ?? 0
      let level = line?.estimate(variant)?.sample.level(of: metric)
      return [value, first == 0 ? "" : level.map { Comparison.ratioText($0 / first) } ?? ""]
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
    let fitting = all.first { $0.width <= width } ?? table(metrics.prefix(1), spread: false)
    return Shown(caption: [], table: fitting, left: left)
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
