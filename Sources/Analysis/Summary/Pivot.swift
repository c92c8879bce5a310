// Pivot: the matrix of a run with any axis as rows and any as columns, seeds summed up.

import Config
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
