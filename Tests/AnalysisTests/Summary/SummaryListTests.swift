// The flat lists of summary.json: of long ones the first entries, and where all are.

import Analysis
import Config
import Records
import TestSupport
import Statistics
import Testing

@Suite struct SummaryListTests {
  /// Two variants and three learning rates at each of some sizes.
  private static func summary(sizes: Int) -> Summary {
    let rows = ["modern", "classic"].flatMap { variant in
      (1...sizes).flatMap { size in
        [0.001, 0.01, 0.1].map { rate in
          var row = SummaryCases.small(
            variant, seed: 1, loss: 2 + rate,
            axes: [
              CellRow.Entry("workload.sequence", .integer(size)),
              CellRow.Entry("workload.optimizer.lr", .real(rate)),
            ])
          row.metrics[.initialLoss] = 4
          row.metrics[Metric.prediction(of: .parameters)] = 1000
          row.metrics[.peakBytes] = Double(100 * size)
          return row
        }
      }
    }
    return Summary(
      experiment: "e", rows: rows, baseline: "classic", isTraining: true,
      primary: [.valLoss], scaling: [.peakBytes])
  }

  private func written(_ summary: Summary) throws -> (run: RunFolder, folder: TemporaryFolder) {
    let folder = try TemporaryFolder()
    let run = try RunFolder.create(in: folder.path, experiment: "e")
    try AtomicFile.write("what an earlier summary left\n", to: run.file("summary.jsonl"))
    try summary.write(to: run)
    return (run, folder)
  }

  @Test func `short lists are whole, and there is no further file`() throws {
    let summary = Self.summary(sizes: 4)
    let json = summary.json
    #expect(json["differences"]?.elements.count == 12 && json["differences_left"] == 0)
    #expect(json["predictions"]?.elements.count == 24 && json["predictions_left"] == 0)
    #expect(json["rate_sensitivity"]?["variants"]?.elements.count == 8)
    let (run, folder) = try written(summary)
    #expect(!AtomicFile.exists(run.file("summary.jsonl")))
    withExtendedLifetime(folder) {}
  }

  @Test func `of long lists the JSON has the first, and other files all`() throws {
    let summary = Self.summary(sizes: 1002)
    let json = summary.json
    let rates = try #require(json["rate_sensitivity"])
    for (list, key, left) in [
      (json, "differences", 3006 - 1000), (json, "predictions", 6012 - 1000),
      (rates, "variants", 2004 - 1000), (rates, "comparisons", 2),
    ] {
      #expect(list[key]?.elements.count == 1000, "\(key)")
      #expect(list["\(key)_left"]?.whole == left, "\(key)")
    }
    // One fit for each rate and variant: all are there.
    #expect(json["scaling"]?.elements.count == 6 && json["scaling_left"] == 0)
    let (run, folder) = try written(summary)
    let lines = try JSON.lines(reading: AtomicFile.read(run.file("summary.jsonl")))
    let lists = Dictionary(grouping: lines) { $0["list"]?.text ?? "" }
    #expect(
      lists.mapValues(\.count) == [
        "rate_sensitivity.variants": 2004,
        "rate_sensitivity.comparisons": 1002,
      ])
    let first = try #require(rates["variants"]?.elements.first)
    #expect(
      lists["rate_sensitivity.variants"]?.first
        == .object([JSON.Member("list", "rate_sensitivity.variants")] + first.members))
    // What the other two lack is in the table.
    let table = CSV.rows(reading: try AtomicFile.read(run.file("summary.csv")))
    let metric = try #require(table[0].firstIndex(of: "metric"))
    let difference = try #require(table[0].firstIndex(of: "difference"))
    #expect(table.count { $0[metric] == "val_loss" && $0[difference] != nil } == 3006)
    #expect(table.count { $0[metric] == "predicted_parameters" } == 6012)
    #expect(summary.document.markdown.contains(" more rows: summary.jsonl"))
    withExtendedLifetime(folder) {}
  }

  /// Two variants at three sizes and with three kinds of cache, each held against a bound.
  private static var bounded: Summary {
    let caches: [(String, Double)] = [("f32", 4), ("bf16", 2), ("q8", 1)]
    let rows = ["modern", "classic"].flatMap { variant in
      caches.flatMap { cache, width in
        [64, 128, 256].map { size in
          var row = SummaryCases.small(
            variant, seed: 1, loss: 2 + width / 100,
            axes: [
              CellRow.Entry("workload.sequence", .integer(size)),
              CellRow.Entry("workload.cache", .string(cache)),
            ])
          row.metrics[.peakBytes] = width * Double(size)
          row.metrics[.relativeError] = 1e-8 * Double(size)
          row.metrics[.relativeErrorBound] = 2e-6
          return row
        }
      }
    }
    return Summary(
      experiment: "e", rows: rows, baseline: "classic", isTraining: false, primary: [.valLoss],
      scaling: [.peakBytes])
  }

  @Test(
    "of what no table tells the JSON has the first, and a file of lines all",
    arguments: [18, 17, 6, 5])
  func linesOfLongLists(most: Int) throws {
    var summary = Self.bounded
    let all = summary.json
    summary.mostEntries = most
    let json = summary.json
    let (run, folder) = try written(summary)
    #expect(try AtomicFile.read(run.file("summary.json")) == json.document)
    let path = run.file("summary.jsonl")
    let lines = try AtomicFile.exists(path) ? AtomicFile.read(path) : ""
    var expected = ""
    // Two variants, which have two caches beside the first at each of three sizes, a fit for each
    // of three caches, and a bound at each of nine points.
    for (key, count) in [("axis_comparisons", 12), ("scaling", 6), ("bounds", 18)] {
      let entries = try #require(all[key]).elements
      #expect(entries.count == count && all["\(key)_left"] == 0, "\(key)")
      #expect(json[key] == .array(Array(entries.prefix(most))), "\(key)")
      #expect(json["\(key)_left"]?.whole == max(0, count - most), "\(key)")
      guard count > most else { continue }
      for entry in entries {
        expected += JSON.object([JSON.Member("list", .string(key))] + entry.members).line + "\n"
      }
    }
    #expect(lines == expected)
    withExtendedLifetime(folder) {}
  }
}
