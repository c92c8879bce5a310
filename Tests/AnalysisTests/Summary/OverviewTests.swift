// The overview of runs of many cells: its rows and columns, its notes, and the whole text.

import Analysis
import Config
import Foundation
import Records
import Testing
import Statistics

@Suite struct OverviewTests {
  @Test func `a matrix prints one table, the growth of its metrics and the worst predictions`() {
    #expect(
      KernelCases.summary.digest.text == """
        kernels

        14 of 15 cells ok: 1 oom

        sequence  variant  step_seconds  flops_per_s  peak_bytes  workspace_bytes  status
        ────────  ───────  ────────────  ───────────  ──────────  ───────────────  ──────
             512  naive         18.4 ms       29.1 G    12.0 MiB         8.00 MiB  ok
             512  flash1         7.9 ms       68.0 G    5.03 MiB         1.03 MiB  ok
             512  flash2         5.0 ms        107 G    5.03 MiB         1.03 MiB  ok
            1024  naive         70.2 ms       30.6 G    40.0 MiB         32.0 MiB  ok
            1024  flash1        30.1 ms       71.4 G    10.1 MiB         2.06 MiB  ok
            1024  flash2        19.1 ms        112 G    10.1 MiB         2.06 MiB  ok
            2048  naive        289.2 ms       29.7 G     144 MiB          128 MiB  ok
            2048  flash1       123.9 ms       69.3 G    20.1 MiB         4.12 MiB  ok
            2048  flash2        78.9 ms        109 G    20.1 MiB         4.12 MiB  ok
            4096  naive          1.11 s       30.9 G     544 MiB          512 MiB  ok
            4096  flash1       476.1 ms       72.2 G    40.2 MiB         8.25 MiB  ok
            4096  flash2       303.0 ms        113 G    40.2 MiB         8.25 MiB  ok
            8192  naive               -            -           -                -  oom
            8192  flash1         2.00 s       68.6 G    80.5 MiB         16.5 MiB  ok
            8192  flash2         1.27 s        108 G    80.5 MiB         16.5 MiB  ok

        - naive, sequence 8192, seed 1: oom: the device had no more memory
        - 1 seed: cannot tell differences in step_seconds, flops_per_s from noise; 3 seeds can show a large one

        Growth

        workspace_bytes grows with sequence
          naive: sequence^2.00 from 512 to 4096
          flash1: sequence^1.00 from 512 to 8192
          flash2: sequence^1.00 from 512 to 8192
        step_seconds grows with sequence
          naive: sequence^1.98 [1.91, 2.05] from 512 to 4096
          flash1: sequence^2.00 [1.95, 2.04] from 512 to 8192
          flash2: sequence^2.00 [1.95, 2.04] from 512 to 8192

        Predicted and measured

        the largest error of each quantity; all 18 rows: summary.md

        quantity         where                            predicted  measured      error
        ───────────────  ───────────────────────────────  ─────────  ────────  ─────────
        peak_bytes       flash1, sequence 512 and 1 more   4.03 MiB  5.03 MiB  -19.9 % !
        workspace_bytes  naive, sequence 512               8.00 MiB  8.00 MiB        0 %

        !: 9 of 18 are off by more than 1 %

        every metric of every cell: summary.md

        """)
  }

  @Test func `the whole document has every metric of every point as well`() {
    let text = KernelCases.summary.document.markdown
    #expect(text.contains("## All metrics"))
    #expect(text.contains("### workload.sequence = 8192"))
    #expect(text.contains("flash1 / naive"))
    #expect(!text.contains("| predicted_workspace_bytes"))
    #expect(text.contains("| flash1, sequence 4096 and 1 more |"))
  }

  @Test func `training of one or two variants without axes prints what the whole document has`() {
    let summary = Summary(experiment: "e", rows: SummaryCases.fourSeeds, isTraining: true)
    #expect(!summary.isWide)
    #expect(summary.digest == summary.document)
    let wide = Summary(experiment: "e", rows: SummaryCases.axes, isTraining: true)
    #expect(wide.isWide && wide.digest != wide.document)
    #expect(Summary(experiment: "e", rows: SummaryCases.oneSeed, isTraining: false).isWide)
  }

  @Test func `cells that ended alike for one reason are one note`() {
    var rows = KernelCases.rows
    for index in rows.indices where rows[index].variant == "flash1" {
      rows[index].status = .unavailable
      rows[index].reason = "there is no GPU"
    }
    let summary = Summary(
      experiment: "e", rows: rows, isTraining: false, headline: KernelCases.headline)
    let text = summary.digest.text
    #expect(text.contains("- 5 cells unavailable: there is no GPU\n"))
    #expect(text.components(separatedBy: "there is no GPU").count == 2)
  }

  @Test func `a variant of which some seeds failed says how many`() throws {
    let rows = (1...3).map { seed -> CellRow in
      var row = KernelCases.row("flash2", sequence: 512, seed: seed)
      if seed == 2 { row.status = .killed }
      return row
    }
    let summary = Summary(
      experiment: "e", rows: rows, isTraining: false, headline: [.flopsPerSecond, .valLoss])
    let table = try #require(summary.overview)
    #expect(table.header == ["sequence", "flops_per_s", "status"])
    #expect(table.rows == [["512", "107 ± 0 G (2)", "1 of 3 killed"]])
  }

  @Test func `without headline metrics the first that were measured are shown`() {
    let summary = Summary(experiment: "e", rows: KernelCases.rows, isTraining: false)
    #expect(
      summary.headline == [.stepSeconds, .flopsPerSecond, .peakBytes, .workspaceBytes])
    let train = Summary(experiment: "e", rows: SummaryCases.oneSeed, isTraining: true)
    #expect(train.headline == [.valLoss, .tokensPerSecond, .peakBytes, .parameters])
  }

  @Test func `what differs at every point alike is said once`() {
    var rows = KernelCases.rows
    for index in rows.indices {
      rows[index].setFact("kernel", .string(rows[index].variant))
      rows[index].setFact("kernel_reason", .string("asked for \(rows[index].variant)"))
    }
    let text = Summary(experiment: "e", rows: rows, isTraining: false).digest.text
    let note = "- what ran differs in kernel: naive naive, flash1 flash1, flash2 flash2\n"
    #expect(text.components(separatedBy: note).count == 2)
    #expect(!text.contains("kernel_reason"))
  }

  @Test func `what was asked for and ran is no note, and what auto chose is a column`() throws {
    var rows = KernelCases.rows
    for index in rows.indices {
      let isAuto = rows[index].variant == "flash2"
      let isShort = rows[index].axes[0].value == 512
      rows[index].setFact("kernel_requested", .string(isAuto ? "auto" : rows[index].variant))
      rows[index].setFact("kernel", .string(isAuto && isShort ? "naive" : rows[index].variant))
    }
    let table = try #require(
      Summary(experiment: "e", rows: rows, isTraining: false).overview)
    #expect(table.header.prefix(3) == ["sequence", "variant", "executed"])
    #expect(table.rows[2].prefix(3) == ["512", "flash2", "naive"])
    #expect(table.rows[5].prefix(3) == ["1024", "flash2", "flash2"])
    let asked = rows.filter { $0.variant != "flash2" }
    let text = Summary(experiment: "e", rows: asked, isTraining: false).digest.text
    #expect(!text.contains("executed") && !text.contains("what ran differs"))
  }

  @Test func `axes go by the shortest name and components by their word`() throws {
    let rows = [("swiglu", 1.5), ("gelu", 1.6)].map { word, loss -> CellRow in
      let value: JSON = word == "gelu" ? ["type": "gelu", "hidden": 512] : .string(word)
      return SummaryCases.small(
        "", seed: 1, loss: loss,
        axes: [.init("model.ffn", value), .init("model.attention.heads", 4)])
    }
    let summary = Summary(experiment: "e", rows: rows, isTraining: true)
    let table = try #require(summary.overview)
    #expect(table.header.prefix(2) == ["ffn", "heads"])
    #expect(table.rows.map { $0[0] } == ["swiglu", "gelu"])
    #expect(table.left == [0])
  }
}
