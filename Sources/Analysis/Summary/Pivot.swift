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
    /// How the cells ended that have no value; empty where all have one.
    package let missing: String
    /// Whether it is better than every other entry of its row, and that stands after Holm's correction.
    package fileprivate(set) var isBest = false
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
  package init(
    _ metric: Metric, of cells: [CellRow], rows rowDimension: Dimension,
    columns columnDimension: Dimension
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
    for place in blocks.indices { mark(&blocks[place]) }
  }

  /// The dimensions of a run: its axes and, where there are several, its variants; seeds are summed up.
  package static func dimensions(_ names: AxisNames, _ cells: [CellRow]) -> [Dimension] {
    (Set(cells.map(\.variant)).count > 1 ? [.variant] : []) + names.keys.map { .axis($0) }
  }

  // Each row's best entry against every other of its row; Holm's correction goes over the whole table.
  private func mark(_ block: inout Block) {
    guard metric.better != .none else { return }
    let sign = metric.better == .lower ? 1.0 : -1.0
    var tests: [(row: Int, p: Double)] = []
    var candidates: [(row: Int, column: Int)] = []
    for (row, entries) in block.entries.enumerated() {
      let filled = entries.enumerated().compactMap { column, entry in
        entry.flatMap { entry in entry.sample.mean.map { (column, entry, $0 * sign) } }
      }
      // A mean over the seeds that happened to survive is no fair rival.
      guard filled.count > 1, filled.count == entries.count, filled.allSatisfy(\.1.missing.isEmpty),
        let best = filled.min(by: { $0.2 < $1.2 })
      else { continue }
      let others = filled.filter { $0.0 != best.0 }
      if metric.isExact, filled.allSatisfy(\.1.sample.isConstant) {
        if others.allSatisfy({ $0.2 > best.2 }) { block.entries[row][best.0]?.isBest = true }
        continue
      }
      let ps = others.map { best.1.p(against: $0.1) }
      candidates.append((row, best.0))
      tests += ps.map { (row, $0 ?? 1) }
    }
    let adjusted = Holm.adjust(tests.map(\.p))
    for (row, column) in candidates {
      let stands = zip(tests, adjusted).filter { $0.0.row == row }.allSatisfy { $0.1 < 0.05 }
      if stands { block.entries[row][column]?.isBest = true }
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
    let left = cells.filter { cell in !counted.contains { $0.cell == cell.cell } }
    missing = CellStatus.allCases.compactMap { status -> String? in
      let count = left.count { $0.status == status }
      if count == 0 { return nil }
      // A cell that ended well and has no such figure has nothing to be told of.
      let word = status == .ok ? "-" : status.words
      return count == cells.count ? word : "\(count) of \(cells.count) \(word)"
    }.joined(separator: ", ")
  }

  /// The paired t test's p over the seeds of both; nil with fewer than two.
  fileprivate func p(against other: Pivot.Entry) -> Double? {
    let shared = seeds.filter { other.seeds.contains($0) }
    func values(_ entry: Pivot.Entry) -> [Double] {
      shared.compactMap { seed in entry.seeds.firstIndex(of: seed).map { entry.sample.values[$0] } }
    }
    return PairedComparison(subject: values(self), baseline: values(other)).tTestP
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
  /// - Parameter isMarkdown: whether there is room for intervals.
  package func content(isMarkdown: Bool) -> [DocumentBlock] {
    blocks.flatMap { block -> [DocumentBlock] in
      let place = block.others.map { "\($0.name) \($0.text)" }.joined(separator: ", ")
      let rows = zip(block.rows, block.entries).map { row, entries in
        [row] + entries.map { text($0, isMarkdown: isMarkdown) }
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

  private func text(_ entry: Entry?, isMarkdown: Bool) -> String {
    guard let entry else { return "" }
    guard let mean = entry.sample.mean else { return entry.missing }
    var text = metric.text(mean)
    if let sd = entry.sample.sd, !(metric.isExact && entry.sample.isConstant) {
      text = "\(metric.text(mean, sd: sd)) (\(entry.sample.n))"
      if isMarkdown, let interval = entry.sample.interval() {
        text += " [\(metric.text(interval.low)), \(metric.text(interval.high))]"
      }
    }
    if !entry.missing.isEmpty, entry.missing != "-" { text += ", \(entry.missing)" }
    // A star rather than bold: the table escapes markup, and it reads without colour.
    return entry.isBest ? text + " *" : text
  }

  /// One row an entry: long and tidy.
  package func csv(header: Bool) -> String {
    let others = blocks.first?.others.map(\.name) ?? []
    var text =
      header
      ? CSV.line(
        ["metric"] + others + [
          rowName, columnName, "n", "mean", "sd", "mean_low", "mean_high", "best", "missing",
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

  /// One object an entry.
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
                JSON.Member("missing", .string(entry.missing.isEmpty ? nil : entry.missing)),
              ])
        }
      }
    }
  }
}
