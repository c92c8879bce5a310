// Each workload's section: the chart that answers its question.

import Analysis
import Config
import Foundation
import Records
import Testing

@Suite struct ReportSectionTests {
  private static let rate = "workload.optimizer.lr"

  /// Two variants at three rates with three seeds, of which all of one variant at the highest
  /// diverge.
  private func sweep() throws -> Report {
    let run = try ReportCase(
      record: ReportCase.record(training: true, headline: [.valLoss], primary: [.valLoss]))
    var rows: [CellRow] = []
    var steps: [String: String] = [:]
    for (index, variant) in ["plain", "normed"].enumerated() {
      for (place, rate) in [0.001, 0.01, 0.1].enumerated() {
        for seed in 1...3 {
          let hasDiverged = variant == "plain" && rate == 0.1
          var row = CellRow(
            cell: "c\(index)\(place)\(seed)", experiment: "case", variant: variant, seed: seed,
            axes: [.init(Self.rate, .real(rate))], status: hasDiverged ? .diverged : .ok)
          row.metrics[.initialLoss] = 4
          if !hasDiverged {
            row.metrics[.valLoss] = abs(Double(place) - 1) + 2 + 0.01 * Double(seed * (index + 1))
          }
          rows.append(row)
          steps[row.cell] = ReportCase.steps(50, from: 4, spike: hasDiverged ? 40 : nil)
        }
      }
    }
    try run.write(rows, steps: steps)
    return try run.report()
  }

  @Test func `the head answers before all else: bounds, and verdicts on each primary metric`()
    throws
  {
    let run = try ReportCase(
      record: ReportCase.record(headline: [.relativeError], primary: [.peakBytes]))
    let rows = [("rope", 1e-8, 3e-7), ("waves", 0.5, nil)].map { variant, error, bound in
      var row = CellRow(
        cell: "c-\(variant)", experiment: "case", variant: variant, seed: 1, status: .ok)
      row.metrics[.relativeError] = error
      row.metrics[.relativeErrorBound] = bound
      row.metrics.set(.peakBytes, variant == "rope" ? 1000 : 2000)
      return row
    }
    try run.write(rows)
    let html = try run.report().html
    let head = html.components(separatedBy: "</header>")[0]
    #expect(head.contains("Do scores depend on the distance of two tokens alone?"))
    #expect(head.contains("yes: rope") && head.contains("no: waves"))
    #expect(head.contains("rope") && head.contains("better"))
  }

  @Test func `a sweep of learning rates shows the final loss against the rate`() throws {
    let section = try sweep().section("final-loss")
    #expect(section.contains("Lowest mean: plain 2.0200 at lr 0.01, normed 2.0400 at lr 0.01."))
    #expect(section.contains("plain, lr 0.1: 3 of 3 diverged"))
    #expect(section.contains("class=\"end\"") && section.contains(">0.001</text>"))
    // Three seeds at each of three rates, but for those that diverged; in both shapes of the chart.
    #expect(section.components(separatedBy: "class=\"mark\"").count - 1 == 2 * (9 + 6))
    #expect(section.contains("Sensitivity to the learning rate"))
  }

  @Test func `of a large sweep fewer values have the points of their cells`() throws {
    let run = try ReportCase(
      record: ReportCase.record(training: true, headline: [.valLoss], primary: [.valLoss]))
    var rows: [CellRow] = []
    for variant in ["plain", "normed"] {
      for rate in 1...10 {
        for steps in 1...50 {
          for seed in 1...10 {
            var row = CellRow(
              cell: "\(variant)-\(rate)-\(steps)-\(seed)", experiment: "case", variant: variant,
              seed: seed,
              axes: [
                .init(Self.rate, .real(0.001 * Double(rate))),
                .init("workload.steps", .integer(steps)),
              ], status: .ok)
            row.metrics[.valLoss] = 2 + 0.01 * Double(seed + rate + steps)
            rows.append(row)
          }
        }
      }
    }
    try run.write(rows)
    let report = try run.report()
    let section = report.section("final-loss")
    // Ten panels of two lines of ten seeds: 40 values make 8000 points; of ten rates all have theirs.
    #expect(section.contains("Of many values along the axis, 40 have their points."))
    #expect(section.components(separatedBy: "class=\"mark\"").count - 1 == 8000 + 16 * 2 * 100)
    // And of the best rates at so many points only some are told.
    let head = report.html.components(separatedBy: "</header>")[0]
    #expect(head.contains("80 more lines: summary.csv"))
  }

  @Test func `curves of all rates are in one panel per variant, in shades from low to high`() throws
  {
    let report = try sweep()
    let section = report.section("loss")
    #expect(section.components(separatedBy: "<svg class=\"chart\"").count - 1 == 2)
    for text in ["lr 0.001", "lr 0.01", "lr 0.1"] {
      #expect(section.contains("<li data-series=\"\(text)\">"))
    }
    #expect(section.contains("var(--low)") && section.contains("var(--high)"))
    // The spike of 44 does not flatten the rest: the axis ends a little above the losses at the
    // start.
    #expect(
      section.contains("text-anchor=\"end\">4</text>") || section.contains("\"end\">4.0</text>"))
    #expect(!section.contains("text-anchor=\"end\">10</text>"))
  }

  @Test func `what too few seeds cannot tell is a sentence and no picture`() throws {
    let run = try ReportCase(
      record: ReportCase.record(training: true, headline: [.valLoss], primary: [.valLoss]))
    let rows = ["a", "b", "c"].enumerated().flatMap { index, variant in
      (1...2).map { seed in
        var row = CellRow(
          cell: "\(variant)\(seed)", experiment: "case", variant: variant, seed: seed, status: .ok)
        row.metrics[.valLoss] = 2 + 0.1 * Double(index) + 0.03 * Double(seed * (index + 1))
        return row
      }
    }
    try run.write(rows)
    let html = try run.report().html
    #expect(html.contains("val_loss: 2 seeds are too few to say of any of 2 differences"))
    #expect(!html.contains("class=\"forest-row"))
  }

  @Test func `a lone drawing has a second, wide shape, and curves a panel of their later half`()
    throws
  {
    let html = try sweep().html
    let parts = html.components(separatedBy: "class=\"chart wide\"")
    #expect(parts.count > 1 && parts.dropFirst().allSatisfy { $0.contains("</svg>") })
    #expect(html.contains("viewBox=\"0 0 900 330\"") && html.contains("viewBox=\"0 0 480 310\""))
  }

  @Test func `what is out of sight is not laid out, yet as tall as it will be; paper has all`()
    throws
  {
    let html = try sweep().html
    let charts = html.components(separatedBy: "<svg class=\"chart").dropFirst()
    #expect(!charts.isEmpty)
    for chart in charts {
      let sizes =
        chart.components(separatedBy: "viewBox=\"0 0 ").dropFirst().first?
        .components(separatedBy: "\"").first ?? ""
      let shape = sizes.replacing(" ", with: "/")
      #expect(chart.contains("style=\"aspect-ratio:\(shape)\""), "\(chart.prefix(100))")
    }
    let tables = html.components(separatedBy: "style=\"--rows:").dropFirst()
    #expect(!tables.isEmpty)
    for table in tables {
      let rows = table.components(separatedBy: "<tr>").count - 1
      #expect(table.hasPrefix("\(rows)\""), "\(table.prefix(100))")
    }
    let style = html.components(separatedBy: "@media print")
    #expect(style.count == 2)
    #expect(style.first?.contains("content-visibility: auto") == true)
    #expect(style.last?.contains("content-visibility: visible") == true)
  }

  @Test func `differences stand in a forest plot with the verdicts of the summary`() throws {
    let run = try ReportCase(
      record: ReportCase.record(training: true, headline: [.valLoss], primary: [.valLoss]))
    let rows = ["base", "worse", "even"].enumerated().flatMap { index, variant in
      (1...6).map { seed -> CellRow in
        var row = CellRow(
          cell: "c\(index)-\(seed)", experiment: "case", variant: variant, seed: seed, status: .ok)
        let noise = 0.01 * Double(seed * (index + 2) % 5)
        row.metrics[.valLoss] = 2 + noise + (variant == "worse" ? 1 : 0)
        return row
      }
    }
    try run.write(rows)
    let section = try run.report().section("differences")
    let lines = section.components(separatedBy: "forest-row ").dropFirst()
    #expect(section.contains("worse against base") && section.contains("even against base"))
    #expect(lines.first?.hasPrefix("worse\"") == true)
    #expect(section.contains(">worse</span>") && section.contains("no difference larger than"))
    #expect(section.contains("class=\"interval\""))
  }

  @Test
  func `variants whose caches take the same are one line, and a rolling one is on the same axis`()
    throws
  {
    let run = try ReportCase()
    let rows = ["a", "b", "gqa", "rolling"].flatMap { variant in
      [64, 128].map { length -> CellRow in
        var row = CellRow(
          cell: "c-\(variant)-\(length)", experiment: "case", variant: variant, seed: 1,
          axes: [.init("workload.sequence", .integer(length))], status: .ok)
        row.setFact("buffer", variant == "rolling" ? "rolling" : "full")
        let bytes = variant == "gqa" ? 64 : 256
        row.metrics.set(.kvCacheBytesPerToken, bytes)
        row.metrics.set(.cacheBytes, variant == "rolling" ? 32 * bytes : length * bytes)
        return row
      }
    }
    try run.write(
      rows,
      configurations: Dictionary(
        uniqueKeysWithValues: rows.map { row in
          (row.cell, ["workload": ["sequence": row.axes[0].value]])
        }))
    let section = try run.report().section("cache")
    #expect(section.components(separatedBy: "<svg class=\"chart\"").count - 1 == 1)
    for name in ["a, b", "gqa", "rolling"] {
      #expect(section.contains("<li data-series=\"\(name)\">"))
    }
    // In both shapes of the chart.
    #expect(section.components(separatedBy: "class=\"line\"").count - 1 == 2 * 3)
  }

  @Test func `the loss by position and the scores by distance come from the cells' files`() throws {
    let run = try ReportCase()
    let rows = [1, 2].map { seed -> CellRow in
      var row = CellRow(
        cell: "c\(seed)", experiment: "case", variant: "rope", seed: seed, status: .ok)
      row.metrics[.relativeErrorBound] = 3.6e-7
      return row
    }
    let losses = (0..<64).map { "{\"position\":\($0),\"loss\":\(3 - Double($0) / 64)}\n" }.joined()
    let scores = [0, 1, 2, 4].map { distance in
      "{\"distance\":\(distance),\"mean_logit\":\(8 - distance),\"sd\":1,\"relative_error\":2e-8}\n"
    }.joined()
    try run.write(
      rows, configuration: ["workload": ["sequence": 16]],
      files: [
        "c1": ["loss-by-position.jsonl": losses, "curve.jsonl": scores],
        "c2": ["loss-by-position.jsonl": losses + "{\"posi", "curve.jsonl": scores],
      ])
    let report = try run.report()
    let loss = report.section("extrapolation")
    #expect(loss.contains("length of training") && loss.contains(">16</text>"))
    #expect(loss.contains(">48</text>") && loss.contains("class=\"line\""))
    let position = report.section("position")
    #expect(position.components(separatedBy: "<svg class=\"chart\"").count - 1 == 2)
    // The text of the bound begins right of the axis, by the width of its letters on a narrow page.
    let text = "bound: six roundings, 3.6e-07"
    let bound = try #require(
      position.firstMatch(of: #/<text class="guide"[^>]* x="([0-9.]+)"[^>]*>bound: six/#))
    let axis = try #require(position.firstMatch(of: #/<path class="axis" d="M([0-9.]+) /#))
    let middle = try #require(Double(bound.output.1))
    let left = try #require(Double(axis.output.1))
    #expect(position.contains(">\(text)</text>"))
    #expect(middle - Double(text.count) * 9.3 / 2 > left - 1, "\(middle) \(left)")
  }

  @Test func `of images the scores have a panel for each direction of the distance`() throws {
    let run = try ReportCase()
    let row = CellRow(cell: "c1", experiment: "case", variant: "rope", seed: 1, status: .ok)
    let scores = [0, 1, 2, 4].map { distance in
      "{\"distance\":\(distance),\"mean_logit\":\(8 - distance),\"sd\":1,\"relative_error\":2e-8}\n"
    }.joined()
    try run.write(
      [row],
      files: [
        "c1": [
          "curve-rows.jsonl": scores, "curve-columns.jsonl": scores,
          "curve-diagonal.jsonl": scores,
        ]
      ])
    let position = try run.report().section("position")
    #expect(position.components(separatedBy: "<svg class=\"chart\"").count - 1 == 2 * 3)
    for counted in ["rows", "columns", "rows and columns alike"] {
      #expect(position.contains(">distance in \(counted)<"))
    }
  }

  @Test func `losses stand in nats a token and in bits a byte`() throws {
    let run = try ReportCase(
      record: ReportCase.record(
        training: true, headline: [.valLoss, .valBitsPerByte, .initialValBitsPerByte],
        primary: [.valBitsPerByte]))
    let figures = [("char", 1.5, 2.1875), ("merged", 3.25, 2.0625)]
    try run.write(
      figures.map { variant, nats, bits in
        var row = CellRow(
          cell: "c-\(variant)", experiment: "case", variant: variant, seed: 1, status: .ok)
        if variant == "merged" { row.setFact("tokenizer_sha256", "sha256-1") }
        (row.metrics[.valLoss], row.metrics[.valBitsPerByte]) = (nats, bits)
        row.metrics[.initialValBitsPerByte] = bits + 1
        return row
      }, steps: ["c-char": ReportCase.steps(40, from: 4)])
    let report = try run.report()
    // The overview, and all metrics.
    let parts = report.section("summary").replacing("<wbr/>", with: "")
      .components(separatedBy: "Every metric")
    #expect(parts.count == 2)
    for part in parts {
      for text in ["val_loss", "val_bits_per_byte", "initial_val_bits_per_byte"] {
        #expect(part.contains(">\(text)</"), "\(text)")
      }
      for text in ["1.5000", "3.2500", "2.1875", "2.0625", "3.1875", "3.0625"] {
        #expect(part.contains(">\(text)"), "\(text)")
      }
    }
    // Curves are in nats, and say what compares.
    #expect(report.section("loss").contains("do not compare, val_bits_per_byte does."))
  }

  @Test func `a table too wide for the page goes on below, under the same names`() throws {
    let run = try ReportCase(record: ReportCase.record(training: true, headline: [.valLoss]))
    let variants = (0..<12).map { "a-variant-called-\($0)" }
    try run.write(
      variants.enumerated().map { index, variant in
        var row = CellRow(
          cell: "c\(index)", experiment: "case", variant: variant, seed: 1, status: .ok)
        row.metrics[.valLoss] = 2 + Double(index)
        return row
      })
    let section = try run.report().section("summary")
    let tables = section.components(separatedBy: "<table>").dropFirst()
    #expect(tables.count > 2)
    let every = tables.dropFirst()
    #expect(every.allSatisfy { $0.contains(">metric</th>") || $0.contains(">variant</th>") })
    for variant in variants {
      let isShown = every.contains { $0.contains(">\(variant)</th>") }
      #expect(isShown, "\(variant)")
    }
  }

  @Test func `readers can choose among settings, and options that differ besides`() throws {
    let run = try ReportCase(record: ReportCase.record(training: true, headline: [.valLoss]))
    let kinds = [("a", "rmsnorm", 1), ("b", "layernorm", 1), ("c", "rmsnorm", 2)]
    let rows = kinds.map { variant, _, _ in
      var row = CellRow(
        cell: "c-\(variant)", experiment: "case", variant: variant, seed: 1, status: .ok)
      row.metrics[.valLoss] = 2
      return row
    }
    try run.write(
      rows,
      configurations: Dictionary(
        uniqueKeysWithValues: zip(rows, kinds).map { row, kind in
          let norm: JSON = ["type": .string(kind.1)]
          return (row.cell, ["model": ["norm": norm, "layers": .integer(kind.2), "width": 64]])
        }),
      steps: ["c-a": ReportCase.steps(40, from: 4)])
    let data = try #require(try run.report().explorable)
    let settings = data["settings"]?.elements ?? []
    #expect(settings.compactMap { $0["name"]?.text } == ["variant", "type", "layers"])
    #expect(settings[1]["values"] == ["rmsnorm", "layernorm"])
    #expect(settings[2]["numbers"]?.elements.compactMap(\.number) == [1, 2])
    let cells = data["cells"]?.elements ?? []
    #expect(cells.map { $0["at"] } == [[0, 0, 0], [1, 1, 0], [2, 0, 1]])
    #expect(cells[0]["curve"]?.elements.count == 40 && cells[1]["curve"]?.elements.isEmpty == true)
    #expect(data["metrics"]?.elements.first?["name"] == "val_loss")
  }

  @Test func `cells of several runs stand on one page, told apart by the run`() throws {
    let cases = try (0..<2).map { _ in
      try ReportCase(record: ReportCase.record(training: true, headline: [.valLoss]))
    }
    for (index, run) in cases.enumerated() {
      let rows = ["a", "b"].map { variant -> CellRow in
        var row = CellRow(
          cell: "c-\(variant)", experiment: "case", variant: variant, seed: 1, status: .ok)
        row.metrics[.valLoss] = 2 + Double(index)
        return row
      }
      try run.write(rows, steps: ["c-a": ReportCase.steps(40, from: 4)])
    }
    let report = Report(try cases.map { try StoredRun($0.folder) })
    let letters = cases.map { String($0.folder.id.description.suffix(4)) }
    #expect(report.html.contains("4 of 4 cells ok"))
    for run in cases { #expect(report.html.contains(run.folder.id.description)) }
    let settings = report.explorable?["settings"]?.elements ?? []
    #expect(settings.compactMap { $0["name"]?.text } == ["variant", "run"])
    #expect(settings[1]["values"]?.elements == letters.map { .string($0) })
    // Loss, gradient norm and logit, a panel per run.
    #expect(report.charts.count == 3 * 2)
  }

  @Test func `a page of a run that goes on reads itself again, and a finished one does not`() throws
  {
    let run = try ReportCase(record: ReportCase.record(training: true))
    try run.write([
      CellRow(cell: "c1", experiment: "case", variant: "", seed: 1, status: .ok),
      CellRow(cell: "c2", experiment: "case", variant: "", seed: 2),
    ])
    let stored = try StoredRun(run.folder)
    let live = Report([stored], isLive: true).html
    #expect(live.contains("<html lang=\"en\" data-live=\"") && live.contains("the run goes on"))
    #expect(live.contains("http-equiv=\"refresh\""))
    // What has not come to its turn is no failure.
    #expect(!live.contains(">not run</td>"))
    let still = Report([stored]).html
    #expect(!still.contains("data-live=") && !still.contains("http-equiv=\"refresh\""))
  }
}
