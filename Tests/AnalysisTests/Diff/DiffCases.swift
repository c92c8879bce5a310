// Runs made up for the tests of diff: written to disk as the engine writes them, with values that a
// test decides.

import Analysis
import Config
import Foundation
import Records
import TestSupport
import Testing

/// Makes run folders whose cells have given values.
struct DiffCases {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// One cell of a made-up run.
  struct Cell {
    var variant = "a"
    var seed = 1
    var axes: [String: JSON] = [:]
    var status = CellStatus.ok
    var reason: String?
    var metrics: [(Metric, Double)] = []
    var configuration: JSON = [
      "model": ["norm": ["type": "rmsnorm"]], "workload": ["type": "train"],
    ]
    /// Nil as in runs of version 0.1.0.
    var derived: [String]? = []
    var facts: [String: JSON] = [:]
  }

  /// Writes a run and opens it as a side.
  func side(
    _ cells: [Cell], program: String = "p", version: String = "1", cpu: String = "c",
    variant: String? = nil
  ) throws -> DiffSide {
    let run = try RunFolder.create(in: folder.path, experiment: "e")
    var lines: [JSON] = []
    for (index, cell) in cells.enumerated() {
      let axes = cell.axes.sorted { $0.key < $1.key }
      let id = "c-\(index)"
      let line: JSON = [
        "index": .integer(index), "order": .integer(index), "cell": .string(id),
        "label": .string("cell \(index)"), "variant": .string(cell.variant),
        "seed": .integer(cell.seed),
        "axes": .object(axes.map { JSON.Member($0.key, $0.value) }),
        "status": "not_run", "reason": .null, "ran": .object([]), "config": cell.configuration,
      ]
      let derived = cell.derived.map { JSON.Member("derived", .array($0.map { .string($0) })) }
      lines.append(.object(line.members + [derived].compactMap(\.self)))
      var row = CellRow(
        cell: id, experiment: "e", variant: cell.variant, seed: cell.seed, status: cell.status,
        reason: cell.reason)
      for (metric, value) in cell.metrics { row.metrics[metric] = value }
      for (key, value) in cell.facts { row.setFact(key, value) }
      try AtomicFile.write(row.json, to: "\(run.makeCell(id))/result.json")
    }
    try run.write(lines: lines, to: "plan.jsonl")
    try run.write(
      [
        "program": ["version": .string(version), "sha256": .string(program)],
        "host": ["cpu": .string(cpu)],
        "summary": ["headline": ["val_loss", "step_seconds"], "training": true],
      ] as JSON, to: "run.json")
    return DiffSide(try StoredRun(run), variant: variant)
  }

  /// A cell a seed with these values of one metric.
  static func seeds(
    _ metric: Metric, _ values: [Double], variant: String = "a", from first: Int = 1
  ) -> [Cell] {
    values.enumerated().map { index, value in
      Cell(variant: variant, seed: first + index, metrics: [(metric, value)])
    }
  }
}
