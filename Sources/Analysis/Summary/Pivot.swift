// Pivot: the matrix of a run with any axis as rows and any as columns, seeds summed up.

package import Config
internal import Foundation
package import Records
package import Statistics

/// One metric of a run as tables of two dimensions.
package struct Pivot: Sendable {
  /// What rows and columns can be: an axis by its dotted path, the variant or the seed.
  package enum Dimension: Equatable, Sendable {
    case axis(String)
    case variant, seed
  }

  /// What stands at a row and a column.
  package struct Entry: Sendable {
    /// The values by seed, of cells that ended ok.
    package let sample: Sample
    let seeds: [Int]
    /// The rounds that each seed's value was measured in.
    let rounds: [[TimingRound]]
    /// How the cells ended that have no value; empty where all have one.
    package let missing: String
    /// Whether it keeps the metric's bound, in words; nil where there is none.
    let bound: String?
    /// Whether it is better than every other entry of its row.
    package fileprivate(set) var isBest = false
    /// Whether a test said so, after Holm's correction; a count is better as it is.
    fileprivate var isTested = false
  }

  /// A table at one combination of what is neither rows nor columns.
  package struct Block: Sendable {
    /// The other dimensions' values, by name.
    package let others: [(name: String, text: String)]
    package let rows: [String]
    /// Entries by row, then column; nil where no cell was planned.
    package fileprivate(set) var entries: [[Entry?]]
  }

  package let metric: Metric
  package let rowName: String
  package let columnName: String
  package let columns: [String]
  package private(set) var blocks: [Block]

  /// - Parameters:
  ///   - cells: the run's rows, in the order of the plan.
  ///   - rowDimension: what the rows are; must differ from `columnDimension`.
  ///   - summary: what was said of the same cells before, which must hold here as well.
  package init(
    _ metric: Metric, of cells: [CellRow], rows rowDimension: Dimension,
    columns columnDimension: Dimension, beside summary: Summary? = nil
  ) {
    self.metric = metric
    let names = AxisNames(cells)
    rowName = rowDimension.name(names)
    columnName = columnDimension.name(names)
    let others = Self.dimensions(names, cells).filter {
      $0 != rowDimension && $0 != columnDimension
    }
    let columns = cells.map { columnDimension.text($0, names) }.unique
    self.columns = columns
    var groups: [(texts: [String], cells: [CellRow])] = []
    var places: [[String]: Int] = [:]
    for cell in cells {
      let texts = others.map { $0.text(cell, names) }
      if let place = places[texts] {
        groups[place].cells.append(cell)
      } else {
        places[texts] = groups.count
        groups.append((texts, [cell]))
      }
    }
    blocks = groups.map { texts, cells in
      let rows = cells.map { rowDimension.text($0, names) }.unique
      let grouped = Dictionary(grouping: cells) {
        [rowDimension.text($0, names), columnDimension.text($0, names)]
      }
      let entries = rows.map { row in
        columns.map { column in grouped[[row, column]].map { Entry(metric, $0) } }
      }
      return Block(
        others: zip(others, texts).map { ($0.name(names), $1) }, rows: rows, entries: entries)
    }
    mark(among: summary?.comparisons ?? [])
  }

  /// The dimensions of a run: its axes and, where there are several, its variants; seeds are summed
  /// up.
  package static func dimensions(_ names: AxisNames, _ cells: [CellRow]) -> [Dimension] {
    (Set(cells.map(\.variant)).count > 1 ? [.variant] : []) + names.keys.map { .axis($0) }
  }

  // Each row's best entry against every other of its row, all judged together: they are one table.
  private mutating func mark(among others: [Comparison]) {
    guard let direction = metric.direction else { return }
    var candidates: [(block: Int, row: Int, column: Int, comparisons: Range<Int>)] = []
    var comparisons: [Comparison] = []
    for (block, row) in blocks.enumerated().flatMap({ place, block in
      block.entries.indices.map { (place, $0) }
    }) {
      let entries = blocks[block].entries[row].compactMap(\.self)
      // A mean over the seeds that happened to survive is no fair rival.
      guard entries.count > 1, entries.count == columns.count,
        entries.allSatisfy({ $0.missing.isEmpty }),
        let best = columns.indices.min(by: { left, right in
          let means = [left, right].map { entries[$0].sample.mean ?? .nan }
          return direction == .lower ? means[0] < means[1] : means[0] > means[1]
        })
      else { continue }
      let first = comparisons.count
      for other in columns.indices where other != best {
        let sides = [entries[best], entries[other]]
        comparisons.append(
          Comparison(
            subject: sides[0].values, baseline: sides[1].values, isRatio: metric.comparesByRatio,
            rounds: metric.rounds(sides[0].timed, sides[1].timed),
            question: metric.question(
              isPrimary: true, isConstant: sides.allSatisfy(\.sample.isConstant))))
      }
      candidates.append((block, row, best, first..<comparisons.count))
    }
    Comparison.judge(&comparisons, among: others)
    for one in candidates where comparisons[one.comparisons].allSatisfy({ $0.verdict == .better }) {
      blocks[one.block].entries[one.row][one.column]?.isBest = true
      blocks[one.block].entries[one.row][one.column]?.isTested =
        comparisons[one.comparisons].contains { $0.holmP != nil }
    }
  }
}

extension Pivot.Entry {
  init(_ metric: Metric, _ cells: [CellRow]) {
    let counted = cells.filter { cell in
      cell.metrics[metric] != nil && cell.status == .ok
    }
    seeds = counted.map(\.seed)
    sample = Sample(counted.compactMap { $0.metrics[metric] })
    rounds = counted.map { $0.rounds ?? [] }
    bound =
      metric.bound == nil || counted.isEmpty
      ? nil : metric.text(.of(sample.values, within: metric.limit(in: counted)))
    let left = cells.filter { cell in !counted.contains { $0.cell == cell.cell } }
    missing = CellStatus.allCases.compactMap { status -> String? in
      let count = left.count { $0.status == status }
      if count == 0 { return nil }
      // A cell that ended well and has no such figure has nothing to be told of.
      let word = status == .ok ? "-" : status.words
      return count == cells.count ? word : "\(count) of \(cells.count) \(word)"
    }.joined(separator: ", ")
  }

  fileprivate var timed: [(seed: Int, rounds: [TimingRound])] {
    zip(seeds, rounds).map { ($0, $1) }
  }

  fileprivate var values: [(seed: Int, value: Double)] {
    zip(seeds, sample.values).map { ($0, $1) }
  }
}

extension Pivot.Dimension {
  /// What a person calls it; nil where there is no such dimension.
  package init?(_ name: String, _ names: AxisNames) {
    switch name {
    case "variant": self = .variant
    case "seed": self = .seed
    default:
      guard let key = names.keys.first(where: { $0 == name || names.name($0) == name }) else {
        return nil
      }
      self = .axis(key)
    }
  }

  package func name(_ names: AxisNames) -> String {
    switch self {
    case .axis(let key): names.name(key)
    case .variant: "variant"
    case .seed: "seed"
    }
  }

  fileprivate func text(_ cell: CellRow, _ names: AxisNames) -> String {
    switch self {
    case .axis(let key): names.text(key, cell.axes.first { $0.key == key }?.value)
    case .variant: cell.variant
    case .seed: "\(cell.seed)"
    }
  }
}

// PivotPage: pivots for people, on a terminal and in Markdown, and for programs, as CSV and JSON.

extension Pivot {
  /// The tables.
  ///
  /// - Parameter hasRoom: whether there is room for intervals.
  package func content(hasRoom: Bool) -> [DocumentBlock] {
    blocks.flatMap { block -> [DocumentBlock] in
      let place = block.others.map { "\($0.name) \($0.text)" }.joined(separator: ", ")
      let rows = zip(block.rows, block.entries).map { row, entries in
        [row] + entries.map { text($0, hasRoom: hasRoom) }
      }
      return [
        .heading(place.isEmpty ? metric.name : "\(metric.name), \(place)", level: 2),
        .table(
          Table(header: ["\(rowName) \\ \(columnName)"] + columns, rows: rows)),
      ]
    }
  }

  /// Whether any entry is marked as best.
  package var hasBest: Bool {
    blocks.contains { $0.entries.contains { $0.contains { $0?.isBest == true } } }
  }

  /// What the mark of the best entries means; nil where there is none in any of the tables.
  package static func note(on pivots: [Pivot]) -> String? {
    let best = pivots.flatMap { pivot in
      pivot.blocks.flatMap { $0.entries.flatMap(\.self) }.compactMap(\.self)
        .filter(\.isBest).map { (pivot.metric, $0.isTested) }
    }
    if best.isEmpty { return nil }
    let kinds = [(true, "after Holm's correction over the table"), (false, "as counted, no test")]
    let words = kinds.compactMap { isTested, words -> String? in
      let names = best.filter { $0.1 == isTested }.map(\.0.name).unique
      return names.isEmpty ? nil : "\(names.joined(separator: ", ")) \(words)"
    }
    return "*: better than every other of its row; \(words.joined(separator: "; "))"
  }

  private func text(_ entry: Entry?, hasRoom: Bool) -> String {
    guard let entry else { return "" }
    guard let mean = entry.sample.mean else { return entry.missing }
    var text = metric.text(mean)
    if let sd = entry.sample.sd, !(metric.isExact && entry.sample.isConstant) {
      text = "\(metric.text(mean, sd: sd)) (\(entry.sample.n))"
      if hasRoom, let interval = entry.sample.interval() {
        text += " [\(metric.text(interval.low)), \(metric.text(interval.high))]"
      }
    }
    if !entry.missing.isEmpty, entry.missing != "-" { text += ", \(entry.missing)" }
    if let bound = entry.bound { text += ", \(bound)" }
    // A star rather than bold: the table escapes markup, and it reads without colour.
    return entry.isBest ? text + " *" : text
  }

  /// One row per entry: long and tidy.
  package func csv(header: Bool) -> String {
    let others = blocks.first?.others.map(\.name) ?? []
    var text =
      header
      ? CSV.line(
        ["metric"] + others + [
          rowName, columnName, "n", "mean", "sd", "mean_low", "mean_high", "best", "bound",
          "missing",
        ]) : ""
    for line in lines {
      text += CSV.line(
        line.members.map { member in
          switch member.value {
          case .null: nil
          case .string(let text): text
          case .real(let number): NumberText.real(number)
          default: member.value.line
          }
        })
    }
    return text
  }

  /// One object per entry.
  package var lines: [JSON] {
    blocks.flatMap { block in
      zip(block.rows, block.entries).flatMap { row, entries in
        zip(columns, entries).compactMap { column, entry -> JSON? in
          guard let entry else { return nil }
          let interval = entry.sample.interval()
          return .object(
            [JSON.Member("metric", .string(metric.name))]
              + block.others.map { JSON.Member($0.name, .string($0.text)) } + [
                JSON.Member(rowName, .string(row)), JSON.Member(columnName, .string(column)),
                JSON.Member("n", .integer(entry.sample.n)),
                JSON.Member("mean", .real(entry.sample.mean)),
                JSON.Member("sd", .real(entry.sample.sd)),
                JSON.Member("mean_low", .real(interval?.low)),
                JSON.Member("mean_high", .real(interval?.high)),
                JSON.Member("best", .bool(entry.isBest)),
                JSON.Member("bound", .string(entry.bound)),
                JSON.Member("missing", .string(entry.missing.isEmpty ? nil : entry.missing)),
              ])
        }
      }
    }
  }
}
