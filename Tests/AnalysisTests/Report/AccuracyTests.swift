// Accuracy in the report: against the size of the images, and at the evaluations of a training.

import Analysis
import Foundation
import Records
import Testing

@Suite struct AccuracyTests {
  /// Cells of two variants and three seeds.
  private static func rows(_ set: (inout CellRow) -> Void = { _ in }) -> [CellRow] {
    ["rope", "learned"].flatMap { variant in
      (1...3).map { seed -> CellRow in
        var row = CellRow(
          cell: "\(variant)-\(seed)", experiment: "seen", variant: variant, seed: seed, status: .ok)
        row.metrics[.accuracy] = 90 + Double(seed)
        set(&row)
        return row
      }
    }
  }

  /// A training's steps.jsonl with these accuracies at every fifth step.
  private static func steps(_ accuracies: [Double]) -> String {
    let evaluations = accuracies.enumerated().map { index, accuracy in
      let key = index == accuracies.count - 1 ? "val_loss" : "val_loss_estimate"
      return "{\"step\":\(5 * (index + 1)),\"\(key)\":1.5,\"accuracy_percent\":\(accuracy)}\n"
    }
    return ReportCase.steps(5 * accuracies.count, from: 2) + evaluations.joined()
  }

  private func section(_ rows: [CellRow], steps: [String: String] = [:]) throws -> String {
    let run = try ReportCase(
      record: ReportCase.record(training: true, headline: Metric.classifyingHeadline))
    try run.write(rows, steps: steps)
    let report = try run.report()
    let section = report.section("accuracy")
    #expect(report.missing.contains { $0.title == "Accuracy" } == section.isEmpty)
    return section
  }

  @Test func `accuracy has a curve of the evaluations, with a band over the seeds`() throws {
    let rows = Self.rows()
    let curves = rows.map { row in
      (row.cell, Self.steps([2, 50 + Double(row.seed), 90]))
    }
    let section = try section(rows, steps: Dictionary(uniqueKeysWithValues: curves))
    // In both shapes of the chart.
    #expect(section.components(separatedBy: "<svg class=\"chart").count - 1 == 2)
    #expect(section.contains(">accuracy, per cent</text>") && section.contains(">step</text>"))
    #expect(section.contains("rope, step 10: 52.0 % (51.0 % to 53.0 %, 3 seeds)"), "\(section)")
    #expect(section.components(separatedBy: "class=\"band\"").count - 1 == 2 * 2)
    #expect(section.contains("the others read up to evaluation_images of them"), "\(section)")
    // A share has an axis of equal steps, however small it began.
    #expect(section.contains("text-anchor=\"end\">60</text>"), "\(section)")
  }

  @Test func `a training that was stopped has read no whole split`() throws {
    let rows = Self.rows()
    let stopped = Self.steps([2, 50, 90]).replacing("\"val_loss\"", with: "\"val_loss_estimate\"")
    let section = try section(
      rows, steps: Dictionary(uniqueKeysWithValues: rows.map { ($0.cell, stopped) }))
    #expect(section.contains("Each read up to evaluation_images of them"), "\(section)")
    #expect(!section.contains("All of them are read"))
  }

  @Test func `one evaluation is no curve, and a text has no accuracy`() throws {
    let rows = Self.rows()
    let curves = rows.map { ($0.cell, Self.steps([90])) }
    #expect(try section(rows, steps: Dictionary(uniqueKeysWithValues: curves)).isEmpty)
    let texts = rows.map { ($0.cell, ReportCase.steps(10, from: 2)) }
    #expect(try section(rows, steps: Dictionary(uniqueKeysWithValues: texts)).isEmpty)
  }

  @Test func `larger images than those of training have a line a variant, and bars over the seeds`()
    throws
  {
    let rows = Self.rows { row in
      if row.variant == "rope" { row.metrics[.accuracyAtOneAndAHalf] = 80 + Double(row.seed) }
      row.metrics[.accuracyAtTwice] = 60 + Double(row.seed)
    }
    let section = try section(rows)
    #expect(section.components(separatedBy: "<svg class=\"chart").count - 1 == 2)
    #expect(section.contains(">pixels along each side, times those of training</text>"))
    for times in ["1.0", "1.5", "2.0"] { #expect(section.contains(">\(times)</text>"), "\(times)") }
    #expect(section.contains("rope, accuracy_1_5x_percent 82.0 % (3 seeds)"), "\(section)")
    #expect(section.contains("learned, accuracy_2x_percent 62.0 % (3 seeds)"))
    #expect(!section.contains("learned, accuracy_1_5x_percent"))
    #expect(section.components(separatedBy: "class=\"line\"").count - 1 == 2 * 2)
    #expect(section.components(separatedBy: "class=\"bar\"").count - 1 == 2 * 5)
  }
}
