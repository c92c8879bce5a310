// cells.csv and cells.jsonl: one row a cell, the same flat columns in both, rewritten whole after
// every cell, so that an interrupted run leaves tables that any reader takes as they are.

/// The rows of a run and the columns they are written in.
package struct CellTable: Sendable {
  private static let leading = [
    "cell", "experiment", "variant", "seed", "status", "reason", "nonfinite",
  ]

  /// All planned cells in the order of the plan.
  package private(set) var rows: [CellRow]
  private let expected: [Metric]

  /// A table of planned cells.
  ///
  /// - Parameter metrics: those the workload will report, so that columns do not come and go while
  ///   the run proceeds. Others that a row reports are added behind them.
  package init(_ rows: [CellRow], metrics: [Metric]) {
    self.rows = rows
    expected = metrics
  }

  /// Puts a cell's result in the place of its planned row; a cell not planned is added at the end.
  ///
  /// Two points of a matrix may resolve to the same cell: it runs once, and both rows have its result.
  package mutating func update(_ row: CellRow) {
    let places = rows.indices.filter { rows[$0].cell == row.cell && rows[$0].seed == row.seed }
    for index in places { rows[index] = row.at(rows[index].axes) }
    if places.isEmpty { rows.append(row) }
  }

  /// The names of the columns, in order: fixed ones, axes, `ran.` facts, metrics.
  package var columns: [String] {
    Self.leading + axes + facts.map { "ran." + $0 } + metrics.map(\.name)
  }

  /// The table as CSV text, with a header line.
  package var csv: String {
    let metrics = metrics
    let lines = rows.map { row in
      CSV.line(
        flat(row).map { Self.field($0) }
          + metrics.map { metric in
            row.metrics[metric].flatMap(metric.fileText)
          })
    }
    return CSV.line(columns) + lines.joined()
  }

  /// The table as JSONL text: every row has every column, missing values are null.
  package var jsonl: String {
    let columns = columns
    let metrics = metrics
    return rows.map { row in
      let values = flat(row) + metrics.map { $0.json(row.metrics[$0]) }
      return JSON.object(zip(columns, values).map { JSONMember($0, $1) }).line + "\n"
    }.joined()
  }

  /// Writes `cells.csv` and `cells.jsonl` into a run's folder.
  package func write(to folder: RunFolder) throws(ResultsError) {
    try folder.write(csv, to: "cells.csv")
    try folder.write(jsonl, to: "cells.jsonl")
  }

  private var axes: [String] { rows.flatMap { $0.axes.map(\.key) }.unique }

  private var facts: [String] { rows.flatMap { $0.facts.map(\.key) }.unique }

  private var metrics: [Metric] {
    var others = Set(rows.flatMap { $0.metrics.metrics })
    others.subtract(expected)
    return expected + Metric.inOrder(others)
  }

  // All columns but the metrics. Lists, such as a window per layer, become JSON text: flat.
  private func flat(_ row: CellRow) -> [JSON] {
    let fixed: [JSON] = [
      .string(row.cell), .string(row.experiment), .string(row.variant), .integer(row.seed),
      .string(row.status.rawValue), .string(row.reason), .string(row.metrics.nonfinite),
    ]
    let asked = axes.map { key in row.axes.first { $0.key == key }?.value ?? .null }
    let ran = facts.map { row.fact($0) ?? .null }
    return fixed + (asked + ran).map(Self.scalar)
  }

  private static func scalar(_ value: JSON) -> JSON {
    switch value {
    case .array, .object: .string(value.line)
    default: value
    }
  }

  private static func field(_ value: JSON) -> String? {
    switch value {
    case .null: nil
    case .string(let text): text
    case .real(let number): NumberText.real(number)
    default: value.line
    }
  }
}

extension CellTable {
  /// Reads the rows of a `cells.jsonl` text.
  ///
  /// - Throws: `JSONError` where a line is not JSON or not a row.
  package static func rows(reading jsonl: String) throws(JSONError) -> [CellRow] {
    var rows: [CellRow] = []
    for line in try JSON.lines(reading: jsonl) {
      guard let row = CellRow(flat: line) else {
        throw JSONError(problem: "line \(rows.count + 1) is not the row of a cell", offset: 0)
      }
      rows.append(row)
    }
    return rows
  }
}

extension CellRow {
  // Columns between the fixed ones and the first fact or metric are axes.
  fileprivate init?(flat line: JSON) {
    var axes: [JSONMember] = []
    var facts: [JSONMember] = []
    var metrics: [JSONMember] = []
    let fixed = ["cell", "experiment", "variant", "seed", "status", "reason", "nonfinite"]
    for member in line.members where !fixed.contains(member.key) {
      if member.key.hasPrefix("ran.") {
        facts.append(JSONMember(String(member.key.dropFirst(4)), member.value))
      } else if !metrics.isEmpty || Metric.named(member.key) != nil {
        metrics.append(member)
      } else {
        axes.append(member)
      }
    }
    let leading = line.members.filter { fixed.contains($0.key) }
    self.init(
      json: .object(
        leading + [
          JSONMember("axes", .object(axes.filter { $0.value != .null })),
          JSONMember("ran", .object(facts.filter { $0.value != .null })),
          JSONMember("metrics", .object(metrics.filter { $0.value != .null })),
        ]))
  }
}
