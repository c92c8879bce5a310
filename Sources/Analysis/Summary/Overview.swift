// The overview of a run of many cells: one table with a row for each variant at each point of the
// axes, and the workload's headline metrics as columns.

import Config
internal import Foundation
import Records
package import Statistics

extension Summary {
  /// The overview: a table, and of too many rows to read the best, the worst and the first of them;
  /// empty where it would have no column, or no cell has a result.
  ///
  /// - Parameter hasRatios: whether each metric is followed by the ratio to the baseline, where one
  ///   says something.
  package func overview(hasRatios: Bool) -> [DocumentBlock] {
    if coverage.ok == 0 { return [] }
    let columns = overviewColumns(hasRatios: hasRatios)
    let places = blocks.flatMap { block in
      block.plannedVariants.map { Place(block: block, variant: $0) }
    }
    if columns.isEmpty || places.isEmpty { return [] }
    let left = columns.indices.filter { columns[$0].isWords }
    func table(_ places: some Collection<Place>) -> DocumentBlock {
      .table(
        Table(
          header: columns.map(\.name),
          rows: places.map { place in columns.map { $0.text(place.block, place.variant) } },
          left: Set(left), joined: Set(columns.indices.filter { columns[$0].isRatio })))
    }
    if places.count <= DocumentBlock.most { return [table(places)] }
    var content: [DocumentBlock] = []
    let tokenizers = rows.tokenizers
    if let metric = headline.first(where: {
      $0.direction != nil && $0.compares(over: tokenizers)
    }) {
      let ranked = ranked(places, by: metric)
      content = [
        .paragraph("The best of \(places.count) by \(metric.name):"),
        table(ranked.prefix(Self.mostRanked)), .paragraph("The worst:"),
        table(ranked.suffix(Self.mostRanked)),
      ]
    }
    let first = places.prefix(DocumentBlock.most - 2 * Self.mostRanked)
    return content + [
      .paragraph("The first, in the plan's order:"), table(first),
      .paragraph("\(places.count - first.count) more rows: summary.csv"),
    ]
  }

  /// A variant at a point of the axes.
  private struct Place {
    let block: SummaryBlock
    let variant: String
  }

  private static var mostRanked: Int { 10 }

  /// Those that have a value of a metric, by its mean, the best first.
  private func ranked(_ places: [Place], by metric: Metric) -> [Place] {
    let valued = places.compactMap { place in
      place.block.mean(metric, of: place.variant).map { (place, $0) }
    }
    return valued.sorted { metric.direction == .lower ? $0.1 < $1.1 : $0.1 > $1.1 }.map(\.0)
  }

  private struct Column {
    let name: String
    /// Words stand to the left, numbers to the right.
    let isWords: Bool
    /// Whether it is the ratio of the metric before.
    var isRatio = false
    let text: (SummaryBlock, String) -> String
  }

  private func overviewColumns(hasRatios: Bool) -> [Column] {
    var columns = zip(axes.keys, axes.names).map { key, name in
      Column(name: name, isWords: !axes.values(key).allSatisfy { $0.number != nil }) { block, _ in
        axes.text(key, block.axes.first { $0.key == key }?.value)
      }
    }
    if variants.count > 1 {
      columns.append(Column(name: "variant", isWords: true) { _, variant in variant })
    }
    if choosesKernels {
      columns.append(Column(name: "executed", isWords: true) { $0.kernels($1) })
    }
    columns += headline.flatMap { metric in
      [Column(name: metric.name, isWords: false) { $0.text(metric, $1) }]
        + (hasRatios ? [ratio(metric)].compactMap(\.self) : [])
    }
    if coverage.ok < coverage.planned {
      columns.append(Column(name: "status", isWords: true) { $0.status($1) })
    }
    return columns
  }

  /// A metric's ratio to the baseline; nil where no variant has one.
  private func ratio(_ metric: Metric) -> Column? {
    let all = blocks.flatMap { $0.ratios(metric) }
    if all.isEmpty { return ratioToFirst(metric) }
    let baselines = all.map(\.baseline).unique
    return Column(
      name: baselines.count == 1 ? "/ \(baselines[0])" : "ratio", isWords: false, isRatio: true
    ) { block, variant in
      block.ratios(metric).first { $0.subject == variant }.map { "\($0.values.ratioText) x" } ?? ""
    }
  }

  /// One variant by itself is held against its first point.
  private func ratioToFirst(_ metric: Metric) -> Column? {
    guard variants.count == 1, blocks.count > 1, metric.isRatioTold,
      let first = blocks[0].line(metric)?.estimate(variants[0])?.sample.level(of: metric),
      first != 0
    else { return nil }
    return Column(name: "/ first", isWords: false, isRatio: true) { block, variant in
      let level = block.line(metric)?.estimate(variant)?.sample.level(of: metric)
      return level.map { Comparison.ratioText($0 / first) + " x" } ?? ""
    }
  }

  // Whether `auto` ran one kernel here and another there.
  private var choosesKernels: Bool {
    let rows = rows.filter { $0.fact("kernel_requested") == "auto" }
    return rows.compactMap { $0.fact("kernel")?.text }.unique.count > 1
  }
}

extension SummaryBlock {
  /// A variant's value of a metric: `1.8234 ± 0.0040 (3)`, or "-".
  fileprivate func text(_ metric: Metric, _ variant: String) -> String {
    guard let line = line(metric), let estimate = line.estimate(variant) else { return "-" }
    return line.text(estimate)
  }

  /// The comparisons of a metric that a ratio says something of.
  fileprivate func ratios(_ metric: Metric) -> [VariantComparison] {
    guard metric.isRatioTold else { return [] }
    return (line(metric)?.comparisons ?? []).filter { $0.values.ratio != nil }
  }

  /// The kernels that ran for a variant: `flash2`.
  fileprivate func kernels(_ variant: String) -> String {
    let ran = rows.filter { $0.variant == variant }.compactMap { $0.fact("kernel")?.text }.unique
    return ran.isEmpty ? "-" : ran.joined(separator: ", ")
  }

  /// How a variant's cells ended: `ok`, `unavailable`, `1 of 3 diverged`.
  fileprivate func status(_ variant: String) -> String {
    let cells = rows.filter { $0.variant == variant }
    return CellStatus.allCases.compactMap { status -> String? in
      let count = cells.count { $0.status == status }
      if count == 0 { return nil }
      if count == cells.count { return status.words }
      return status == .ok ? nil : "\(count) of \(cells.count) \(status.words)"
    }.joined(separator: ", ")
  }
}

extension CellStatus {
  /// The status as people read it: `not run`.
  var words: String { rawValue.replacing("_", with: " ") }
}

// The notes under the overview: what the notes of all points say, each thing once.

/// The notes of a run of many cells.
struct OverviewNotes {
  /// Notes that differ from point to point: after so many the reader is sent to summary.md.
  private static let limit = 6

  let summary: Summary

  /// All notes, in the order in which they are printed.
  var all: [String] {
    models + machines + concurrency + missing() + Self.first(Self.limit, of: absences) + seeds
      + Self.first(Self.limit, of: unequal)
  }

  /// What must be known on one screen: excluded cells are counted in the coverage, seeds have a
  /// note of their own.
  var digest: [String] {
    models + machines + [summary.deviceNote, summary.loadNote].compactMap(\.self) + concurrency
      + Self.first(4, of: missing(.excluded)) + Self.first(2, of: absences) + rounds.prefix(1)
      + Self.first(2, of: confounded)
      + inequalities
  }

  /// What is noted at any point, each thing once.
  private func ofPoints(_ notes: @Sendable (SummaryNotes) -> [String]) -> [String] {
    summary.blocks.mappedByThreads { [tests = summary.tests] block, _ in
      notes(SummaryNotes(block, tests: tests))
    }.flatMap(\.self).unique
  }

  private var rounds: [String] {
    ofPoints { $0.rounds }
  }

  // A line a measure: `parameters: gqa-8 -12.0 %, mqa-1 -15.4 % against mha-32`.
  private var inequalities: [String] {
    SummaryNotes.measures.compactMap { metric, noun in
      let all = summary.blocks.mappedByThreads { block, _ -> [VariantComparison] in
        // Most points are told without a comparison.
        block.isEqual(metric)
          ? []
          : (block.line(metric)?.comparisons ?? []).filter {
            SummaryNotes.unequal($0.values) != nil
          }
      }.flatMap(\.self)
      if all.isEmpty { return nil }
      let texts = all.map(\.baseline).unique.map { baseline in
        let some = all.filter { $0.baseline == baseline }
        let texts = some.map(\.subject).unique.map { subject in
          let shares = some.filter { $0.subject == subject }
            .compactMap { $0.values.ratio.map { 100 * ($0 - 1) } }
          let ends = [shares.min() ?? 0, shares.max() ?? 0].map { String(format: "%+.1f", $0) }
          return "\(subject) \(ends.unique.joined(separator: " to ")) %"
        }
        let more = texts.count > 4 ? " and \(texts.count - 4) more" : ""
        return texts.prefix(4).joined(separator: ", ") + "\(more) against \(baseline)"
      }
      return "not like for like in \(noun): \(texts.joined(separator: "; "))"
    }
  }

  // What ran otherwise than its rivals, whatever the point.
  private var confounded: [String] {
    ofPoints { $0.confounded }
  }

  /// Where the variants are not compared on equal terms.
  var fairness: [String] { concurrency + unequal }

  private var concurrency: [String] {
    summary.facts.contains("concurrent_cells") ? ofPoints { $0.concurrency } : []
  }

  // Points are compared with each other as well. Of several runs, which are not, one may not state
  // its machine.
  private var machines: [String] {
    let facts = MachineFact.allCases.map(\.rawValue)
    let stated =
      summary.facts.isDisjoint(with: facts)
      ? [] : rows.filter { row in facts.contains { row.fact($0) != nil } }
    if stated.isEmpty { return ofPoints { $0.devices } }
    return SummaryNotes.processors(of: stated).map { [$0] } ?? ofPoints { $0.machines }
  }

  private static func first(_ limit: Int, of notes: [String]) -> [String] {
    guard notes.count > limit else { return notes }
    let more = notes.count - limit
    return notes.prefix(limit) + [
      "\(Wording.count(more, "more such note")) \(more == 1 ? "is" : "are") under the tables of "
        + "summary.md"
    ]
  }

  private var rows: [CellRow] { summary.rows }

  private var models: [String] {
    summary.facts.isDisjoint(with: SummaryNotes.modelFacts) ? [] : ofPoints { $0.models }
  }

  // "8 cells unavailable: no GPU" rather than eight lines that say the same.
  private func missing(_ left: CellStatus? = nil) -> [String] {
    var groups: [(row: CellRow, count: Int)] = []
    var places: [[String?]: Int] = [:]
    for row in rows where row.status != .ok && row.status != left {
      let key = [row.status.rawValue, row.reason]
      if let place = places[key] {
        groups[place].count += 1
      } else {
        places[key] = groups.count
        groups.append((row, 1))
      }
    }
    return groups.map { row, count in
      let reason = row.reason.map { ": " + $0 } ?? ""
      return (count == 1 ? "\(label(row)): " : "\(count) cells ") + row.status.words + reason
    }
  }

  private func label(_ row: CellRow) -> String {
    let variant = summary.variants.count > 1 ? row.variant : nil
    let label = summary.axes.label(variant: variant, at: row.axes)
    return (label.isEmpty ? "" : label + ", ") + "seed \(row.seed)"
  }

  private var seeds: [String] {
    let n = summary.blocks.map(\.seeds).max() ?? 0
    let timed = ofPoints { $0.rounds }
    if n != 1 { return SummaryNotes.seeds(n, compares: summary.comparesSeeds) + timed }
    let told = Set(
      summary.eachDifference.lazy.filter { $0.comparison.values.hasRounds }.map(\.metric)
        + summary.axisComparisons.filter { $0.values.values.hasRounds }.map(\.metric))
    let sampled = summary.headline.filter { !$0.isExact && !told.contains($0) }.map(\.name)
    if sampled.isEmpty { return timed }
    return timed + [
      "1 seed: cannot tell differences in \(sampled.joined(separator: ", ")) from noise; "
        + "\(Comparison.fewSeeds) seeds can show a large one"
    ]
  }

  // What was not measured though the cells ended well.
  private var absences: [String] {
    summary.facts.isDisjoint(with: Metric.absenceFacts) ? [] : placed { $0.absences }
  }

  // What is not like for like.
  private var unequal: [String] { placed { $0.confounded + $0.unfair } }

  /// Notes on the points, each once: at every point alike, or with the first that it is of.
  private func placed(_ found: (SummaryNotes) -> [String]) -> [String] {
    let notes = summary.blocks.map { block in
      (block.axes, found(SummaryNotes(block, tests: summary.tests)))
    }
    let all = notes.flatMap(\.1).unique
    var points: [String: [[CellRow.Entry]]] = [:]
    for (axes, some) in notes { for note in some.unique { points[note, default: []].append(axes) } }
    return all.map { note in
      let places = points[note] ?? []
      if places.count == notes.count { return note }
      let first = summary.axes.label(variant: nil, at: places[0])
      return places.count == 1
        ? "\(first): \(note)" : "\(first) and \(places.count - 1) more: \(note)"
    }
  }
}

extension Sample {
  /// What ratios are taken of: the geometric mean of times and rates, as everywhere, else the mean.
  func level(of metric: Metric) -> Double? {
    guard metric.comparesByRatio, n > 0, values.allSatisfy({ $0 > 0 }) else { return mean }
    return exp(values.map { log($0) }.reduce(0, +) / Double(n))
  }
}
