// Runs of thousands of cells: what people read of them stays short, and no step of making it grows
// faster than the run.

import Analysis
import Config
import Foundation
import Records
import Statistics
import TestSupport
import Testing

@Suite struct LargeRunTests {
  /// Two variants and five seeds at each of so many points.
  private static func rows(points: Int) -> [CellRow] {
    (0..<points).flatMap { point in
      ["modern", "classic"].flatMap { variant in
        (1...5).map { seed in
          var row = CellRow(
            cell: "\(variant)-s\(seed)-\(point)", experiment: "large", variant: variant, seed: seed,
            axes: [
              .init("workload.optimizer.lr", .real(0.001 * Double(1 + point % 5))),
              .init("workload.steps", .integer(1 + point / 5)),
            ], status: .ok)
          let noise = Double((point * 7919 + seed * 104_729) % 1000) / 1e5
          row.metrics[.valLoss] = 2 + Double(point) / 1e4 + noise + (variant == "modern" ? 0 : 0.1)
          row.metrics[.initialLoss] = 4 + noise
          row.metrics[.tokensPerSecond] = 1000 + 1e4 * noise
          row.metrics[.peakBytes] = Double(1000 + point)
          row.metrics[.prediction(of: .peakBytes)] = Double(1000 + point)
          row.metrics[.gradNormCV] = 0.5 + noise
          row.setFact("device", "cpu")
          return row
        }
      }
    }
  }

  private static func summary(points: Int) -> Summary {
    Summary(experiment: "large", rows: rows(points: points), isTraining: true)
  }

  private static func run(points: Int, in place: TemporaryFolder) throws -> StoredRun {
    let folder = try RunFolder.create(in: place.path, experiment: "large")
    let cells = rows(points: points).enumerated().map { index, row in
      var line = PlanLine()
      (line.index, line.cell, line.label) = (index, row.cell, row.cell)
      (line.variant, line.seed, line.axes) = (row.variant, row.seed, row.axes)
      return StoredCell(line, row: row, in: folder)
    }
    return StoredRun(folder, record: nil, cells: cells)
  }

  @Test func `the overview of too many rows shows the best, the worst and the first`() throws {
    let content = Self.summary(points: 300).overview(hasRatios: false)
    let tables = content.compactMap { if case .table(let table) = $0 { table } else { nil } }
    #expect(tables.map(\.rows.count) == [10, 10, 180])
    #expect(content.last == .paragraph("420 more rows: summary.csv"))
    let losses = tables[0].header.firstIndex(of: "val_loss")
    let place = try #require(losses)
    #expect(tables[0].rows[0][place] < tables[1].rows[9][place])
    #expect(Self.summary(points: 50).overview(hasRatios: false).count == 1)
  }

  @Test func `what people read of a run does not grow with it`() throws {
    let place = try TemporaryFolder()
    func sizes(_ points: Int) throws -> (markdown: Int, report: Int) {
      let run = try Self.run(points: points, in: place)
      return (run.summary.document.markdown.utf8.count, Report(run).html.utf8.count)
    }
    let (less, more) = (try sizes(400), try sizes(800))
    #expect(Double(more.markdown) < 1.1 * Double(less.markdown))
    #expect(Double(more.report) < 1.1 * Double(less.report))
    #expect(more.report < 5_000_000)
  }

  @Test func `a report says which cells it draws`() throws {
    let html = Report(try Self.run(points: 300, in: try TemporaryFolder())).html
    #expect(html.contains("are of all 3000 cells"))
    #expect(html.contains("the 2000 of the first points"))
  }

  @Test(
    "four times the cells take about four times as long",
    arguments: ["summary", "digest", "report", "files"])
  func growth(_ what: String) throws {
    let place = try TemporaryFolder()
    func seconds(_ points: Int) throws -> Double {
      let run = try Self.run(points: points, in: place)
      return threadSeconds(of: {
        let summary = run.summary
        switch what {
        case "summary": break
        case "digest": _ = Digest(summary, name: "large", width: 80).text
        case "report": _ = Report(run)
        default: _ = (summary.csv, summary.json.line)
        }
      })
    }
    let (more, less) = (try seconds(400), try seconds(100))
    let exponent = log(more / less) / log(4)
    #expect(exponent < 1.4, "\(what) grows as n^\(exponent)")
  }
}
