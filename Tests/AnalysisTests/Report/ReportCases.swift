// Runs on disk for the tests of the report: written as the runner writes them, without running
// anything.

import Analysis
import Config
import Foundation
import Records
import TestSupport

/// A run in a folder of its own.
struct ReportCase {
  let temporary = try? TemporaryFolder()
  let folder: RunFolder

  init(
    experiment: String = "case", yaml: String? = "# Is it true?\nname: case\n",
    record: JSON = .object([])
  ) throws {
    folder = try RunFolder.create(
      in: temporary?.file("results") ?? "", experiment: experiment,
      now: 1_795_000_000)
    if let yaml { try folder.write(yaml, to: "experiment.yaml") }
    if record != .null { try folder.write(record, to: "run.json") }
  }

  /// The record of a run with these summary metrics.
  static func record(
    training: Bool = false, headline: [Metric] = [], primary: [Metric] = [], scaling: [Metric] = []
  ) -> JSON {
    [
      "program": ["name": "runexp", "version": "1.2.3", "commit": .null],
      "host": ["cpu": "A CPU", "memory_bytes": 1_073_741_824],
      "summary": [
        "training": .bool(training), "headline": .array(headline.map { .string($0.name) }),
        "primary": .array(primary.map { .string($0.name) }),
        "scaling": .array(scaling.map { .string($0.name) }), "compare": .object([]),
      ],
      "start": "2026-11-25T06:49:33Z", "end": "2026-11-25T06:59:33Z", "exit": 0,
    ]
  }

  /// Writes the plan and each cell's result, curve and other files.
  func write(
    _ rows: [CellRow], configuration: JSON = .null, configurations: [String: JSON] = [:],
    steps: [String: String] = [:], files: [String: [String: String]] = [:]
  ) throws {
    try folder.write(
      lines: rows.enumerated().map { index, row in
        [
          "index": .integer(index), "cell": .string(row.cell), "label": .string(row.cell),
          "variant": .string(row.variant), "seed": .integer(row.seed),
          "axes": .object(row.axes.map { JSON.Member($0.key, $0.value) }), "status": "not_run",
          "config": configurations[row.cell] ?? configuration,
        ]
      }, to: "plan.jsonl")
    for row in rows where row.status != .notRun {
      let path = try folder.makeCell(row.cell)
      try AtomicFile.write(row.json, to: "\(path)/result.json")
      for (name, text) in files[row.cell] ?? [:] {
        try AtomicFile.write(text, to: "\(path)/\(name)")
      }
      if let text = steps[row.cell] { try AtomicFile.write(text, to: "\(path)/steps.jsonl") }
    }
  }

  func report() throws -> Report { Report(try StoredRun(folder)) }

  /// A training's steps.jsonl.
  static func steps(_ count: Int, from loss: Double, spike: Int? = nil) -> String {
    (0..<count).map { step -> String in
      let value = loss / (1 + Double(step) / 50) + (step == spike ? 40 : 0)
      return "{\"step\":\(step),\"loss\":\(value),\"lr\":0.001,\"grad_norm\":1.5,"
        + "\"max_attention_logit\":\(1 + step),\"seconds\":0.01}\n"
    }.joined() + "{\"step\":\(count),\"val_loss\":\(loss / 2)}\n"
  }
}

extension Report {
  /// The part of the page under a title.
  func section(_ id: String) -> String {
    let parts = html.components(separatedBy: "<section id=\"\(id)\"")
    return parts.count < 2 ? "" : parts[1].components(separatedBy: "</section>")[0]
  }

  /// The data of the section that readers draw in.
  var explorable: JSON? {
    let parts = html.components(separatedBy: "id=\"cells\">")
    guard parts.count == 2 else { return nil }
    return try? JSON(reading: parts[1].components(separatedBy: "</script>")[0])
  }

  /// The drawings of the page.
  var charts: [String] {
    html.components(separatedBy: "<svg class=\"chart\"").dropFirst().map { part in
      let end = part.range(of: "</svg>")?.upperBound ?? part.endIndex
      return "<svg class=\"chart\"" + part[..<end]
    }
  }
}
