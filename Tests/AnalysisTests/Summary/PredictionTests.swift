// Predicted beside measured: naming, errors, and what is left out where it is long.

import Analysis
import Config
import Records
import Testing
import Statistics

@Suite struct PredictionTests {
  private static func row(
    _ variant: String, predicted: Double?, measured: Double?, seed: Int = 1
  ) -> CellRow {
    var row = CellRow(
      cell: "c-\(variant)-\(seed)", experiment: "e", variant: variant, seed: seed, status: .ok)
    row.metrics[.peakBytes] = measured
    row.metrics[.prediction(of: .peakBytes)] = predicted
    return row
  }

  private static func summary(_ rows: [CellRow]) -> Summary {
    Summary(experiment: "e", rows: rows, isTraining: false)
  }

  @Test func `any metric has a prediction, which is found by its name`() {
    let prediction = Metric.prediction(of: .valLoss)
    #expect(prediction.name == "predicted_val_loss")
    #expect(prediction.certainty == .analytic)
    #expect(prediction.predicts == "val_loss")
    #expect(Metric.valLoss.predicts == nil)
    #expect(Metric.named("predicted_val_loss")?.certainty == .analytic)
    #expect(Metric.named("predicted_nothing") == nil)
    #expect(Metric.all.contains(.prediction(of: .workspaceBytes)))
  }

  @Test(arguments: [
    (110.0, 100.0, 10.0), (90, 100, -10), (100, 100, 0), (0, 0, 0), (0.0, 50.0, -100.0),
  ]) func `the error is predicted minus measured as a share of measured`(
    predicted: Double, measured: Double, error: Double
  ) throws {
    let rows = [Self.row("", predicted: predicted, measured: measured)]
    let prediction = try #require(Self.summary(rows).predictions.first)
    #expect(abs(try #require(prediction.errorPercent) - error) < 1e-12)
  }

  @Test func `a measured zero that was not predicted has no error in per cent`() throws {
    let prediction = try #require(
      Self.summary([Self.row("", predicted: 5, measured: 0)]).predictions.first)
    #expect(prediction.errorPercent == nil)
    #expect(
      Self.summary([Self.row("", predicted: 5, measured: 0)]).document.text.hasSuffix(
        """
        quantity    predicted  measured  error
        ──────────  ─────────  ────────  ─────
        peak_bytes        5 B       0 B    - !

        !: 1 of 1 are off by more than 1 %

        All metrics

        metric      value
        ──────────  ─────
        peak_bytes    0 B

        """))
  }

  @Test func `equal rows are one, and a value that was only predicted or only measured is none`() {
    let rows = [
      Self.row("a", predicted: 1024, measured: 1000),
      Self.row("b", predicted: 1024, measured: 1000),
      Self.row("c", predicted: 2048, measured: nil), Self.row("d", predicted: nil, measured: 10),
    ]
    let summary = Self.summary(rows)
    #expect(summary.predictions.count == 1)
    #expect(summary.predictions.first?.places.map(\.variant) == ["a", "b"])
    #expect(
      summary.document.text.contains("peak_bytes  a and 1 more   1.00 KiB    1000 B  +2.4 % !\n"))
  }

  @Test func `every prediction is in the file`() throws {
    let rows = (1...20).map { Self.row("v\($0)", predicted: 1000 + Double($0), measured: 1000) }
    let summary = Self.summary(rows)
    #expect(summary.document.text.contains("peak_bytes  v19"))
    let json = try #require(summary.json["predictions"]).elements
    #expect(json.count == 20)
    #expect(json.last?["predicted"] == 1020)
    #expect(abs(try #require(json.last?["error_percent"]?.number) - 2) < 1e-12)
  }

  @Test func `a predicted time is a floor and has no error`() throws {
    var row = Self.row("", predicted: nil, measured: nil)
    row.metrics[.forwardSeconds] = 0.0042
    row.metrics[.prediction(of: .forwardSeconds)] = 0.001
    let summary = Self.summary([row])
    #expect(
      summary.document.text.contains("forward_seconds     1.0 ms    4.2 ms  4.2 x the floor\n"))
    // No machine beats its multiply-adds: then the peak is too low, and that is said.
    row.metrics[.forwardSeconds] = 0.0005
    row.metrics[.valLoss] = 2
    let slow = Digest(Self.summary([row]), name: "fujv", width: 200).text
    #expect(
      slow.contains("0.5 x its floor: the machine was slower when its peak was measured"),
      "\(slow)")
    // What the caches may beat is no floor, beaten or not.
    for (measured, text) in [(0.0005, "0.5 x the estimate\n"), (0.0042, "4.2 x the estimate\n")] {
      var row = Self.row("", predicted: nil, measured: nil)
      row.metrics[.decodeSeconds] = measured
      row.metrics[.prediction(of: .decodeSeconds)] = 0.001
      let estimated = Self.summary([row]).document.text
      #expect(estimated.contains(text) && !estimated.contains("floor"), "\(estimated)")
    }
    let json = try #require(summary.json["predictions"]?.elements.first)
    #expect(json["is_floor"] == true && json["error_percent"] == .null)
  }

  @Test func `a training of two variants ends with its predictions`() {
    var rows = SummaryCases.oneSeed
    rows[0].metrics[.prediction(of: .peakBytes)] = Double(180 << 20)
    let text = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true).document
      .text
    #expect(
      text.hasSuffix(
        """
        Predicted and measured

        quantity    where   predicted  measured  error
        ──────────  ──────  ─────────  ────────  ─────
        peak_bytes  modern    180 MiB   180 MiB    0 %

        """))
    #expect(!text.contains("predicted_peak_bytes"))
  }

  @Test func `one prediction is told as one`() {
    var rows = [SummaryCases.small("", seed: 1, loss: 2)]
    for (text, more) in [
      ("the one predicted size or count was met within 1 %", 0),
      ("all 2 predicted sizes and counts were met within 1 %", 1),
    ] {
      rows[0].metrics[.prediction(of: .parameters)] = 1000
      if more == 1 {
        rows[0].metrics[.peakBytes] = 5
        rows[0].metrics[.prediction(of: .peakBytes)] = 5
      }
      let summary = Summary(experiment: "e", rows: rows, isTraining: true)
      let digest = Digest(summary, name: "x", width: 100).text
      #expect(digest.contains("- \(text)\n"), "\(digest)")
    }
  }
}
