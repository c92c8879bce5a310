// Names in charts stand at their own lines, and no two series of a chart look alike.

import Analysis
import Config
import Foundation
import Records
import Testing

@Suite struct LabelTests {
  @Test func `labels that touch move apart, as little as it takes`() {
    func apart(_ wanted: [Double]) -> [Double] {
      LabelPlaces.apart(wanted, gap: 16, within: 0...300)
    }
    #expect(apart([]) == [] && apart([50, 10, 90]) == [50, 10, 90])
    #expect(apart([100, 100, 100]) == [84, 100, 116])
    #expect(apart([100, 40, 104]) == [94, 40, 110])
    #expect(apart([50, 52, 51, 10]) == [35, 67, 51, 10])
    #expect(apart([295, 300]) == [284, 300] && apart([-20, 2]) == [0, 16])
    let many = LabelPlaces.apart([5, 5, 5], gap: 16, within: 0...20)
    #expect(many == [-12, 4, 20])
  }

  @Test func `the name of a line that ends early stands at its end`() throws {
    let run = try ReportCase()
    let rows = ["rope", "learned"].map { variant in
      CellRow(cell: variant, experiment: "case", variant: variant, seed: 1, status: .ok)
    }
    func losses(_ count: Int) -> [String: String] {
      let lines = (0..<count).map { "{\"position\":\($0),\"loss\":\(3 - Double($0) / 64)}\n" }
      return ["loss-by-position.jsonl": lines.joined()]
    }
    try run.write(
      rows, configuration: ["workload": ["sequence": 16]],
      files: ["rope": losses(64), "learned": losses(16)])
    let chart = try #require(try run.report().charts.first)
    func place(_ name: String) throws -> Double {
      let label = chart.components(separatedBy: "<text class=\"name\" x=\"").dropFirst().first {
        $0.contains("data-series=\"\(name)\"")
      }
      return try #require(label?.split(separator: "\"").first.flatMap { Double($0) })
    }
    let (early, late) = try (place("learned"), place("rope"))
    #expect(early < 0.5 * late)
  }

  @Test func `ten variants have ten colours, each of which the page defines`() throws {
    let run = try ReportCase(record: ReportCase.record(training: true, headline: [.valLoss]))
    let rows = (0..<10).flatMap { variant in
      [0.001, 0.01].map { rate -> CellRow in
        var row = CellRow(
          cell: "c-\(variant)-\(rate)", experiment: "case", variant: "v\(variant)", seed: 1,
          axes: [.init("workload.optimizer.lr", .real(rate))], status: .ok)
        row.metrics[.valLoss] = 2 + Double(variant) / 10
        return row
      }
    }
    try run.write(rows)
    let report = try run.report()
    let colours = Set(
      report.section("final-loss").components(separatedBy: "var(--c").dropFirst().map {
        String($0.prefix { $0 != ")" })
      })
    #expect(colours.count == 10)
    // Light, dark and on paper.
    for colour in colours {
      #expect(report.html.components(separatedBy: "--c\(colour): #").count - 1 == 3)
    }
  }
}
