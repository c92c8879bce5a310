// The matrix with any axis as rows and columns: what is averaged, what is marked, what is not
// hidden; and its speed.

import Analysis
import Config
import Foundation
import Records
import Statistics
import TestSupport
import Testing

@Suite("Pivot")
struct PivotTests {
  private static func row(
    _ variant: String, _ length: Int, _ seed: Int, _ loss: Double?,
    status: CellStatus = .ok, bytes: Double? = nil
  ) -> CellRow {
    var row = CellRow(
      cell: "\(variant)-\(length)-\(seed)", experiment: "e", variant: variant, seed: seed,
      axes: [.init("workload.sequence", .integer(length))], status: status)
    row.metrics[.valLoss] = loss
    row.metrics[.peakBytes] = bytes
    return row
  }

  /// Two variants, two lengths, four seeds: `a` is lower by a little and steadily at 64, not at
  /// 128.
  private static let rows: [CellRow] = (1...4).flatMap { seed -> [CellRow] in
    let noise = Double(seed) * 0.1
    let odd = seed % 2 == 0 ? 0.3 : -0.3
    return [
      row("a", 64, seed, 1 + noise, bytes: 100),
      row("b", 64, seed, 1.2 + noise + odd / 1000, bytes: 200),
      row("a", 128, seed, 1 + noise, bytes: 300), row("b", 128, seed, 1 + noise + odd, bytes: 300),
    ]
  }

  private static let sequence = Pivot.Dimension.axis("workload.sequence")

  @Test("entries are means over seeds, and the best is marked only where it stands")
  func entries() throws {
    let pivot = Pivot(.valLoss, of: Self.rows, rows: Self.sequence, columns: .variant)
    #expect(pivot.columns == ["a", "b"])
    let block = try #require(pivot.blocks.first)
    #expect(block.rows == ["64", "128"])
    #expect(block.entries[0][0]?.sample.mean == 1.25)
    #expect(block.entries[0].map { $0?.isBest } == [true, false])
    #expect(block.entries[1].map { $0?.isBest } == [false, false])
    let text = Page(pivot.content(hasRoom: false)).text
    #expect(text.contains("1.2500 ± 0.1291 (4) *"))
    let turned = Pivot(.valLoss, of: Self.rows, rows: .variant, columns: Self.sequence)
    #expect(turned.columns == ["64", "128"])
    #expect(turned.rowName == "variant")
  }

  @Test("what has a bound says whether it keeps it, and nothing of it is best")
  func bounded() {
    let errors: [(String, Double, Double?)] = [
      ("a", 2e-8, 3e-7), ("b", 0.5, 3e-7), ("c", 0.5, nil),
    ]
    let rows = errors.map { variant, error, bound -> CellRow in
      var row = Self.row(variant, 64, 1, nil)
      row.metrics[.relativeError] = error
      row.metrics[.relativeErrorBound] = bound
      return row
    }
    let pivot = Pivot(.relativeError, of: rows, rows: Self.sequence, columns: .variant)
    #expect(!pivot.hasBest)
    let text = Page(pivot.content(hasRoom: false)).text
    #expect(
      text.contains(
        "2.0e-08, within its bound of 3.0e-07  5.0e-01, beyond its bound of 3.0e-07  "
          + "5.0e-01, with no bound to keep"), "\(text)")
  }

  @Test("a best entry is one that the run's summary does not doubt")
  func summary() {
    // b is lower by a little: by itself that is found, among the tests of five others it is not.
    let losses: [(String, [Double])] = [
      ("a", [1.53, 1.54, 1.53, 1.56]), ("b", [1.50, 1.52, 1.49, 1.51]),
    ]
    let same: [Double] = [1.5, 1.54, 1.58, 1.52]
    let other = (3...7).map { ("v\($0)", same) }
    func rows(_ all: [(String, [Double])]) -> [CellRow] {
      all.flatMap { variant, losses in
        zip(1..., losses).map { Self.row(variant, 64, $0, $1) }
      }
    }
    let shown = rows(losses)
    let summary = Summary(experiment: "e", rows: rows(losses + other), isTraining: true)
    #expect(Pivot(.valLoss, of: shown, rows: Self.sequence, columns: .variant).hasBest)
    #expect(
      !Pivot(.valLoss, of: shown, rows: Self.sequence, columns: .variant, beside: summary).hasBest)
  }

  @Test("what the mark means is told of tested metrics and of counts apart")
  func marks() {
    func pivot(_ metric: Metric) -> Pivot {
      Pivot(metric, of: Self.rows, rows: Self.sequence, columns: .variant)
    }
    let start = "*: better than every other of its row; "
    #expect(
      Pivot.note(on: [pivot(.valLoss)])
        == start + "val_loss after Holm's correction over the table")
    #expect(Pivot.note(on: [pivot(.peakBytes)]) == start + "peak_bytes as counted, no test")
    #expect(
      Pivot.note(on: [pivot(.valLoss), pivot(.peakBytes)])
        == start + "val_loss after Holm's correction over the table; "
        + "peak_bytes as counted, no test")
    #expect(Pivot.note(on: [pivot(.tokensPerSecond)]) == nil)
  }

  @Test("exact figures are best where they are lowest, and not where they are equal")
  func exact() throws {
    let pivot = Pivot(.peakBytes, of: Self.rows, rows: Self.sequence, columns: .variant)
    #expect(pivot.blocks[0].entries[0].map { $0?.isBest } == [true, false])
    #expect(pivot.blocks[0].entries[1].map { $0?.isBest } == [false, false])
  }

  @Test(
    "cells that did not end well are named, never averaged over, and nothing is best beside them")
  func missing() throws {
    var rows = Self.rows
    rows[0] = Self.row("a", 64, 1, nil, status: .oom)
    for place in rows.indices where rows[place].variant == "b" && rows[place].axes[0].value == 128 {
      rows[place] = Self.row("b", 128, rows[place].seed, 0.001, status: .diverged)
    }
    let pivot = Pivot(.valLoss, of: rows, rows: Self.sequence, columns: .variant)
    #expect(pivot.blocks[0].entries[0][0]?.missing == "1 of 4 oom")
    #expect(pivot.blocks[0].entries[0][0]?.sample.n == 3)
    #expect(pivot.blocks[0].entries[0].map { $0?.isBest } == [false, false])
    #expect(pivot.blocks[0].entries[1][1]?.missing == "diverged")
    #expect(pivot.blocks[0].entries[1].map { $0?.isBest } == [false, false])
    #expect(Page(pivot.content(hasRoom: false)).text.contains("diverged"))
  }

  @Test("what is neither rows nor columns makes tables, and seeds can be shown")
  func blocks() throws {
    let seeds = Pivot(.valLoss, of: Self.rows, rows: .variant, columns: .seed)
    #expect(seeds.blocks.count == 2)
    #expect(seeds.blocks.map { $0.others.map(\.text) } == [["64"], ["128"]])
    #expect(seeds.columns == ["1", "2", "3", "4"])
    let csv = seeds.csv(header: true).split(separator: "\n")
    #expect(csv.count == 1 + 16)
    #expect(
      csv[0] == "metric,sequence,variant,seed,n,mean,sd,mean_low,mean_high,best,bound,missing")
    #expect(seeds.lines.count == 16)
  }

  @Test("a summary takes time in proportion to its cells")
  func speed() throws {
    func seconds(points: Int) -> Double {
      let rows = (0..<points).flatMap { point in
        ["a", "b"].flatMap { variant in (1...5).map { Self.row(variant, point, $0, 1) } }
      }
      let start = threadSeconds()
      let summary = Summary(experiment: "e", rows: rows, isTraining: false, headline: [.valLoss])
      #expect(summary.blocks.count == points)
      return threadSeconds() - start
    }
    let (few, many) = (seconds(points: 100), seconds(points: 1000))
    #expect(many < 30 * few, "\(few) s for 1000 cells, \(many) s for 10,000")
  }

  @Test("a prediction that is off by more than the tolerance is marked, one of a time never")
  func tolerance() throws {
    var row = Self.row("a", 64, 1, nil, bytes: 100)
    row.metrics[.prediction(of: .peakBytes)] = 103
    row.metrics[.stepSeconds] = 2
    row.metrics[.prediction(of: .stepSeconds)] = 1
    var summary = Summary(experiment: "e", rows: [row], isTraining: false)
    #expect(summary.wrongPredictions.map(\.metric) == [.peakBytes])
    #expect(summary.document.text.contains("+3.0 % !"))
    #expect(summary.document.text.contains("1 of 2 are off by more than 1 %"))
    summary.tolerance = 5
    #expect(summary.wrongPredictions.isEmpty)
    #expect(!summary.document.text.contains("!"))
  }

  @Test("unequal sizes are named with where they lie")
  func fairness() throws {
    var gated = Self.row("swiglu", 64, 1, 1)
    var plain = Self.row("gelu", 64, 1, 1)
    gated.metrics[.parameters] = 150
    plain.metrics[.parameters] = 120
    gated.metrics[.feedForwardParameters] = 90
    plain.metrics[.feedForwardParameters] = 60
    gated.metrics[.attentionParameters] = 30
    plain.metrics[.attentionParameters] = 30
    let summary = Summary(
      experiment: "e", rows: [gated, plain], baseline: "gelu", isTraining: true)
    #expect(
      summary.fairnessNotes == [
        "not like for like: swiglu has 25.0 % more parameters than gelu (150 against 120): "
          + "50.0 % more in the feed-forwards"
      ])
    gated.metrics[.parameters] = 515
    gated.metrics[.feedForwardParameters] = 120
    #expect(
      Summary(experiment: "e", rows: [gated, plain], baseline: "gelu", isTraining: true)
        .fairnessNotes == [
          "not like for like: swiglu has 4.3 times as many parameters as gelu (515 against 120): "
            + "2.0 times as many in the feed-forwards"
        ])
  }
}
