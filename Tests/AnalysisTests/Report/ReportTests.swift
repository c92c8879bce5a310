// The report of whole, partly failed, killed and empty runs.

import Analysis
import Config
import Foundation
import FoundationXML
import Records
import Testing

@Suite struct ReportTests {
  private func training(_ variants: [String] = ["modern", "classic"]) throws -> ReportCase {
    let run = try ReportCase(
      record: ReportCase.record(
        training: true, headline: [.valLoss, .peakBytes], scaling: [.peakBytes]))
    var rows: [CellRow] = []
    var steps: [String: String] = [:]
    for variant in variants {
      for (seed, length) in [(1, 64), (2, 64), (1, 128), (2, 128), (1, 256), (2, 256)] {
        var row = CellRow(
          cell: "c\(variants.firstIndex(of: variant) ?? 0)-\(seed)-\(length)", experiment: "case",
          variant: variant, seed: seed, axes: [.init("workload.sequence", .integer(length))],
          status: .ok)
        row.metrics[.valLoss] = 2 + Double(seed) / 10
        row.metrics.set(.peakBytes, length * length)
        row.metrics[.prediction(of: .peakBytes)] = Double(length * length)
        row.metrics[.kvCacheBytesPerToken] = 256
        row.metrics[.peakPercent] = 43
        rows.append(row)
        steps[row.cell] = ReportCase.steps(1000, from: 4, spike: 500)
      }
    }
    try run.write(rows, steps: steps)
    return run
  }

  /// Reads every drawing as XML.
  private func expectWellFormed(_ report: Report) {
    for chart in report.charts {
      #expect(XMLParser(data: Data(chart.utf8)).parse(), "\(chart.prefix(200))")
      #expect(!chart.contains("nan") && !chart.contains("inf") && !chart.contains("NaN"))
      #expect(chart.contains("role=\"img\"") && chart.contains("aria-label=\""))
    }
  }

  @Test func `a training has curves, growth, predictions and a cache`() throws {
    let report = try training().report()
    for title in ["Summary", "Loss", "Stability", "KV cache", "Predicted and measured"] {
      #expect(report.sections.contains(title))
    }
    // Loss, gradient norm and logit at three lengths; final loss; one scaling metric; cache; one
    // prediction.
    #expect(report.charts.count == 3 * 3 + 1 + 1 + 1 + 1)
    expectWellFormed(report)
    #expect(report.html.contains("Is it true?"))
    #expect(report.html.contains("12 of 12 cells ok"))
    #expect(report.html.contains("^2.00"))
  }

  @Test func `the head of a training of two variants says who is asked about, then the answers`()
    throws
  {
    let run = try ReportCase(
      record: ReportCase.record(training: true, headline: [.valLoss], scaling: []))
    let rows = ["modern", "classic"].flatMap { variant in
      (1...3).map { seed -> CellRow in
        var row = CellRow(
          cell: "\(variant)-\(seed)", experiment: "case", variant: variant, seed: seed, status: .ok)
        row.metrics[.valLoss] = (variant == "modern" ? 1 : 2) + Double(seed * seed) / 100
        return row
      }
    }
    try run.write(rows, steps: [:])
    let html = try run.report().html
    let parts = html.components(separatedBy: "classic against modern")
    #expect(parts.count > 1)
    #expect(parts[1].contains("As good?") && !parts[0].contains("As good?"))
  }

  @Test func `what is to be known of all figures stands in boxes apart from each other`() throws {
    let load: JSON = ["load_average": 3.5, "busy": 0.5, "stolen": 0.01]
    let run = try ReportCase(
      record: .object(ReportCase.record(training: true).members + [JSON.Member("load", load)]))
    try run.write([CellRow(cell: "c1", experiment: "case", variant: "", seed: 1, status: .ok)])
    let html = try run.report().html
    let parts = html.components(separatedBy: "<div class=\"states\">")
    let boxes = parts.last?.components(separatedBy: "</div>").first ?? ""
    #expect(parts.count == 2 && boxes.contains("coverage whole\">1 of 1 cell ok"), "\(boxes)")
    #expect(boxes.contains("coverage incomplete\">the machine was busy"), "\(boxes)")
    let style = html.components(separatedBy: ".states {").last?.prefix { $0 != "}" } ?? ""
    #expect(style.contains("display: flex") && style.contains("gap:"), "\(style)")
  }

  @Test func `the same run gives the same bytes`() throws {
    let run = try training()
    #expect(try run.report().html == run.report().html)
  }

  @Test func `a page of 48 cells stays below two megabytes`() throws {
    let report = try training((0..<8).map { "variant-\($0)" }).report()
    #expect(report.html.utf8.count < 2_000_000)
    #expect(report.charts.count >= 12)
  }

  @Test func `names are no markup`() throws {
    let evil = "<script>alert('&')</script>"
    let report = try training(["modern", evil]).report()
    #expect(!report.html.contains("<script>alert"))
    #expect(report.html.contains("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"))
    // The page's own script and data are the only ones.
    #expect(report.html.components(separatedBy: "<script").count == 3)
    #expect(report.html.components(separatedBy: "</script").count == 3)
    #expect(report.explorable?["settings"]?.elements[0]["values"]?.elements[1] == .string(evil))
    expectWellFormed(report)
  }

  @Test func `YAML and reasons are no markup`() throws {
    let run = try ReportCase(yaml: "# </title><img src=x onerror=alert(1)>\nname: case\n")
    try run.write([
      CellRow(
        cell: "c1", experiment: "case", variant: "", seed: 1, status: .failed,
        reason: "</td><iframe src=//evil>")
    ])
    let html = try run.report().html
    #expect(!html.contains("<img") && !html.contains("<iframe"))
    #expect(html.contains("&lt;/td&gt;&lt;iframe"))
  }

  @Test func `nothing is fetched`() throws {
    let html = try training().report().html
    for pattern in ["src=", "url(", "@import", "<iframe", "<object", "<link rel=\"stylesheet"] {
      #expect(!html.contains(pattern), "\(pattern)")
    }
    #expect(html.contains("default-src &#39;none&#39;"))
    let links = html.components(separatedBy: "href=\"").dropFirst()
    #expect(links.allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("data:,") })
  }

  @Test func `a run that only began says so, and what is missing and why`() throws {
    let run = try ReportCase(yaml: nil, record: .null)
    try run.write([CellRow(cell: "c1", experiment: "case", variant: "a", seed: 1)])
    let report = try run.report()
    #expect(report.charts.isEmpty)
    #expect(report.html.contains("0 of 1 cell ok: 1 not run; the run has not ended, or was killed"))
    let missing = Dictionary(uniqueKeysWithValues: report.missing.map { ($0.title, $0.reason) })
    #expect(missing["Loss"] == "no cell of this run wrote losses step by step")
    #expect(missing["Environment"] == nil || missing["Environment"] == "run.json could not be read")
    #expect(missing["Experiment file"] != nil)
    #expect(report.html.contains("Not in this report"))
  }

  @Test func `cells that failed are listed with their reasons, and their curves end in a cross`()
    throws
  {
    let run = try ReportCase(record: ReportCase.record(training: true))
    let rows = [
      CellRow(cell: "c1", experiment: "case", variant: "a", seed: 1, status: .ok),
      CellRow(
        cell: "c2", experiment: "case", variant: "a", seed: 2, status: .diverged,
        reason: "the loss of step 30 is not finite"),
      CellRow(
        cell: "c3", experiment: "case", variant: "b", seed: 1, status: .oom,
        reason: "2 GiB wanted"),
    ]
    let broken =
      ReportCase.steps(30, from: 4).replacing("\"val_loss\":2.0", with: "\"val_loss\":null")
      + "{\"step\":30,\"loss\":null,\"lr\":0.001,\"grad_norm\":null,\"max_attention_logit\":null}\n"
      + "{\"step\":31,\"lo"
    try run.write(rows, steps: ["c1": ReportCase.steps(40, from: 4), "c2": broken])
    let report = try run.report()
    #expect(report.html.contains("1 of 3 cells ok: 1 oom, 1 diverged"))
    #expect(report.html.contains("2 GiB wanted"))
    #expect(report.html.contains("c2 diverged: the loss of step 30 is not finite"))
    #expect(report.html.contains("Without a curve: c3 (oom)."))
    expectWellFormed(report)
  }

  @Test func `an attention benchmark stands under the measured roof`() throws {
    let run = try ReportCase(record: ReportCase.record(scaling: [.forwardSeconds]))
    let rows = [512, 1024, 2048].map { length -> CellRow in
      var row = CellRow(
        cell: "c\(length)", experiment: "case", variant: "flash2", seed: 1,
        axes: [.init("workload.sequence", .integer(length))], status: .ok)
      row.setFact("device", "cpu")
      row.setFact("precision", "f32")
      row.metrics[.forwardSeconds] = 1e-9 * Double(length * length)
      row.metrics[.forwardFLOPsPerSecond] = 1e11
      row.metrics[.forwardPeakPercent] = 50
      row.metrics.set(.savedBytes, 4 * length)
      row.metrics[.deviceBandwidth] = 17_179_869_184
      return row
    }
    try run.write(
      rows,
      configuration: [
        "model": ["width": 64, "attention": ["type": "mha", "heads": 1]],
        "workload": ["type": "attention", "sequence": 1024, "batch": 1],
      ])
    let report = try run.report()
    #expect(report.html.contains("peak 200 GFLOP/s, memory bandwidth 16.0 GiB/s"))
    // q, k, v and the output of 1024 x 64 floats and 4096 bytes kept: 1048576 + 4096 bytes, and
    // 1024 x 1024 x 100 operations.
    #expect(report.html.contains("sequence 1024: 100 GFLOP/s at 100 FLOP a byte"))
    expectWellFormed(report)
  }

  @Test func `values that have no place leave no trace of NaN`() throws {
    let run = try ReportCase(record: ReportCase.record(scaling: [.peakBytes, .stepSeconds]))
    let rows = [1, 2, 4].map { size -> CellRow in
      var row = CellRow(
        cell: "c\(size)", experiment: "case", variant: "", seed: 1,
        axes: [.init("model.layers", .integer(size))], status: .ok)
      row.metrics[.peakBytes] = 0
      row.metrics[.stepSeconds] = size == 2 ? .infinity : 0.5
      row.metrics[.prediction(of: .peakBytes)] = 0
      row.metrics[.peakPercent] = 0
      return row
    }
    try run.write(rows)
    expectWellFormed(try run.report())
  }
}
