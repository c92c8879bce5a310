// The overview of a run of many cells: one table with a row for each variant at each point of the
// axes, and the workload's headline metrics as columns.

import Config
import Records
package import Statistics

extension Summary {
  /// The overview's table; nil where it would have no column.
  package var overview: Table? {
    let columns = overviewColumns
    let rows = blocks.flatMap { block in
      variants.map { variant in columns.map { $0.text(block, variant) } }
    }
    if columns.isEmpty || rows.isEmpty { return nil }
    let left = columns.indices.filter { columns[$0].isWords }
    return Table(header: columns.map(\.name), rows: rows, left: Set(left))
  }

  private struct Column {
    let name: String
    /// Words stand to the left, numbers to the right.
    let isWords: Bool
    let text: (SummaryBlock, String) -> String
  }

  private var overviewColumns: [Column] {
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
    columns += headline.map { metric in
      Column(name: metric.name, isWords: false) { $0.text(metric, $1) }
    }
    if coverage.ok < coverage.counts.values.reduce(0, +) {
      columns.append(Column(name: "status", isWords: true) { $0.status($1) })
    }
    return columns
  }

  // Whether `auto` ran one kernel here and another there.
  private var choosesKernels: Bool {
    let rows = blocks.flatMap(\.rows).filter { $0.fact("kernel_requested") == "auto" }
    return rows.compactMap { $0.fact("kernel")?.text }.unique.count > 1
  }
}

extension SummaryBlock {
  /// A variant's value of a metric: `1.8234 ± 0.0040 (3)`, or "-".
  fileprivate func text(_ metric: Metric, _ variant: String) -> String {
    guard let line = line(metric), let estimate = line.estimate(variant) else { return "-" }
    return line.text(estimate)
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
