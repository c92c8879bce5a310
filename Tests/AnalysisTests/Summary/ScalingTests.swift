// Growth along an axis: which metrics and axes are fitted, and what is said of them.

import Analysis
import Config
import Records
import Testing
import Statistics

@Suite struct ScalingTests {
  private static func summary(_ rows: [CellRow]) -> Summary {
    Summary(
      experiment: "e", rows: rows, isTraining: false, headline: KernelCases.headline,
      scaling: KernelCases.scaling)
  }

  private static func growth(_ metric: Metric, _ variant: String) throws -> Growth {
    try #require(
      KernelCases.summary.growths.first { $0.metric == metric && $0.variant == variant })
  }

  @Test func `a quadratic and a linear workspace give the exponents 2 and 1`() throws {
    let naive = try Self.growth(.workspaceBytes, "naive")
    #expect(abs(naive.law.exponent - 2) < 1e-12)
    #expect(naive.range == 512...4096)
    let flash = try Self.growth(.workspaceBytes, "flash2")
    #expect(abs(flash.law.exponent - 1) < 1e-12)
    #expect(flash.range == 512...8192)
    #expect(flash.law.n == 5)
  }

  @Test func `times that scatter give an interval that covers the true exponent`() throws {
    for variant in ["naive", "flash1", "flash2"] {
      let interval = try #require(try Self.growth(.stepSeconds, variant).law.interval)
      #expect(interval.low < 2 && 2 < interval.high)
      #expect(interval.high - interval.low < 0.2)
    }
  }

  @Test func `a few fits over one range are one sentence`() {
    let rows = KernelCases.rows.filter { $0.axes[0].value != 8192 && $0.variant != "flash1" }
    let text = Self.summary(rows).document.text
    #expect(
      text.contains(
        "workspace_bytes grows as sequence^2.00 (naive), ^1.00 (flash2) from 512 to 4096\n"))
    let alone = Self.summary(rows.filter { $0.variant == "naive" }).document.text
    #expect(alone.contains("workspace_bytes grows as sequence^2.00 from 512 to 4096\n"))
  }

  @Test func `each combination of the other axes has its own fit`() {
    let rows = KernelCases.rows.map { row in
      var moved = CellRow(
        cell: row.cell, experiment: row.experiment, variant: "", seed: 1,
        axes: row.axes + [.init("model.attention.kernel", .string(row.variant))],
        status: row.status)
      moved.metrics = row.metrics
      return moved
    }
    let summary = Self.summary(rows)
    let fits = summary.growths.filter { $0.metric == .workspaceBytes }
    #expect(fits.map { $0.others.map(\.value) } == [["naive"], ["flash1"], ["flash2"]])
    #expect(summary.document.text.contains("  naive: sequence^2.00 from 512 to 4096\n"))
  }

  @Test func `axes that are no sizes, and metrics that do not change, are not spoken of`() {
    #expect(
      Self.summary(KernelCases.rows.filter { $0.axes[0].value.number ?? 0 < 2048 }).growths.isEmpty)
    let rates = [0.001, 0.01, 0.1].map { rate in
      SummaryCases.row("a", seed: 1, loss: 1, axes: [.init("workload.optimizer.lr", .real(rate))])
    }
    func growths(_ rows: [CellRow]) -> [Growth] {
      Summary(
        experiment: "e", rows: rows, baseline: "classic", isTraining: true,
        scaling: [.peakBytes, .tokensPerSecond]
      ).growths
    }
    #expect(growths(rates).isEmpty)
    let same = [1, 2, 4].map { size in
      SummaryCases.row("a", seed: 1, loss: 1, axes: [.init("workload.batch", .integer(size))])
    }
    #expect(growths(same).isEmpty)
  }

  @Test func `the JSON has each fit with its range`() throws {
    let fits = try #require(KernelCases.summary.json["scaling"]).elements
    #expect(fits.count == 6)
    let first = try #require(fits.first)
    #expect(first["axis"] == "workload.sequence")
    #expect(first["metric"] == "workspace_bytes")
    #expect(first["variant"] == "naive")
    #expect(first["points"] == 4)
    #expect(first["from"] == 512 && first["to"] == 4096)
    #expect(abs(try #require(first["exponent"]?.number) - 2) < 1e-12)
  }

  @Test func `the exponent of a count is told without an interval, which no chance gives it`() {
    let rows = KernelCases.rows.map { row -> CellRow in
      var row = row
      if let bytes = row.metrics[.workspaceBytes] { row.metrics[.workspaceBytes] = bytes + 1e6 }
      return row
    }
    let text = Self.summary(rows).document.text
    #expect(!text.contains(/workspace_bytes grows.*\n.*sequence\^[0-9.]+ \[/), "\(text)")
    #expect(text.contains(/step_seconds grows.*\n.*sequence\^[0-9.]+ \[/), "\(text)")
  }
}
