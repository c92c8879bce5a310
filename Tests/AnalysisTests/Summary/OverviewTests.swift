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
      KernelCases.summary.document.text == """
        kernels

        14 of 15 cells ok: 1 oom

        step_seconds at sequence 4096: naive 1.11 s, flash1 476.1 ms (0.429 x), flash2 303.0 ms (0.273 x)
        flops_per_s at sequence 4096: naive 30.9 G, flash1 72.2 G (2.333 x), flash2 113 G (3.667 x)
        peak_bytes at sequence 4096: naive 544 MiB, flash1 40.2 MiB (0.074 x), flash2 40.2 MiB (0.074 x)
        workspace_bytes at sequence 4096: naive 512 MiB, flash1 8.25 MiB (0.016 x), flash2 8.25 MiB (0.016 x)
        step_seconds against naive: 1 seed is too few to say: flash1 0.429 x, flash2 0.273 x
        flops_per_s against naive: 1 seed is too few to say: flash1 2.333 x, flash2 3.667 x
        peak_bytes against naive: better: flash1 0.074 to 0.419 x, flash2 0.074 to 0.419 x
        workspace_bytes against naive: better: flash1 0.016 to 0.129 x, flash2 0.016 to 0.129 x
        Is workspace_bytes linear in sequence (^0.75 to ^1.25)? yes: flash1, flash2 ^1.00; no, faster: naive ^2.00
        Is step_seconds linear in sequence (^0.75 to ^1.25)? no, faster: naive ^1.98 [1.91, 2.05], flash1, flash2 ^2.00 [1.95, 2.04]

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

        quantity         where                             predicted  measured      error
        ───────────────  ────────────────────────────────  ─────────  ────────  ─────────
        peak_bytes       naive, sequence 512                11.0 MiB  12.0 MiB   -8.3 % !
        peak_bytes       flash1, sequence 512 and 1 more    4.03 MiB  5.03 MiB  -19.9 % !
        peak_bytes       naive, sequence 1024               38.0 MiB  40.0 MiB   -5.0 % !
        peak_bytes       flash1, sequence 1024 and 1 more   8.06 MiB  10.1 MiB  -19.9 % !
        peak_bytes       naive, sequence 2048                140 MiB   144 MiB   -2.8 % !
        peak_bytes       flash1, sequence 2048 and 1 more   16.1 MiB  20.1 MiB  -19.9 % !
        peak_bytes       naive, sequence 4096                536 MiB   544 MiB   -1.5 % !
        peak_bytes       flash1, sequence 4096 and 1 more   32.2 MiB  40.2 MiB  -19.9 % !
        peak_bytes       flash1, sequence 8192 and 1 more   64.5 MiB  80.5 MiB  -19.9 % !
        workspace_bytes  naive, sequence 512                8.00 MiB  8.00 MiB        0 %
        workspace_bytes  flash1, sequence 512 and 1 more    1.03 MiB  1.03 MiB        0 %
        workspace_bytes  naive, sequence 1024               32.0 MiB  32.0 MiB        0 %
        workspace_bytes  flash1, sequence 1024 and 1 more   2.06 MiB  2.06 MiB        0 %
        workspace_bytes  naive, sequence 2048                128 MiB   128 MiB        0 %
        workspace_bytes  flash1, sequence 2048 and 1 more   4.12 MiB  4.12 MiB        0 %
        workspace_bytes  naive, sequence 4096                512 MiB   512 MiB        0 %
        workspace_bytes  flash1, sequence 4096 and 1 more   8.25 MiB  8.25 MiB        0 %
        workspace_bytes  flash1, sequence 8192 and 1 more   16.5 MiB  16.5 MiB        0 %

        !: 9 of 18 are off by more than 1 %

        All metrics

        workload.sequence = 512

        metric              naive    flash1    flash2  flash1 / naive  flash2 / naive
        ───────────────  ────────  ────────  ────────  ──────────────  ──────────────
        step_seconds      18.4 ms    7.9 ms    5.0 ms           0.429           0.273
        flops_per_s        29.1 G    68.0 G     107 G           2.333           3.667
        peak_bytes       12.0 MiB  5.03 MiB  5.03 MiB           0.419           0.419
        workspace_bytes  8.00 MiB  1.03 MiB  1.03 MiB           0.129           0.129

        - 1 seed: no interval can be given; 3 seeds can show a large difference

        workload.sequence = 1024

        metric              naive    flash1    flash2  flash1 / naive  flash2 / naive
        ───────────────  ────────  ────────  ────────  ──────────────  ──────────────
        step_seconds      70.2 ms   30.1 ms   19.1 ms           0.429           0.273
        flops_per_s        30.6 G    71.4 G     112 G           2.333           3.667
        peak_bytes       40.0 MiB  10.1 MiB  10.1 MiB           0.252           0.252
        workspace_bytes  32.0 MiB  2.06 MiB  2.06 MiB           0.064           0.064

        - 1 seed: no interval can be given; 3 seeds can show a large difference

        workload.sequence = 2048

        metric              naive    flash1    flash2  flash1 / naive  flash2 / naive
        ───────────────  ────────  ────────  ────────  ──────────────  ──────────────
        step_seconds     289.2 ms  123.9 ms   78.9 ms           0.429           0.273
        flops_per_s        29.7 G    69.3 G     109 G           2.333           3.667
        peak_bytes        144 MiB  20.1 MiB  20.1 MiB           0.140           0.140
        workspace_bytes   128 MiB  4.12 MiB  4.12 MiB           0.032           0.032

        - 1 seed: no interval can be given; 3 seeds can show a large difference

        workload.sequence = 4096

        metric             naive    flash1    flash2  flash1 / naive  flash2 / naive
        ───────────────  ───────  ────────  ────────  ──────────────  ──────────────
        step_seconds      1.11 s  476.1 ms  303.0 ms           0.429           0.273
        flops_per_s       30.9 G    72.2 G     113 G           2.333           3.667
        peak_bytes       544 MiB  40.2 MiB  40.2 MiB           0.074           0.074
        workspace_bytes  512 MiB  8.25 MiB  8.25 MiB           0.016           0.016

        - 1 seed: no interval can be given; 3 seeds can show a large difference

        workload.sequence = 8192

        metric           naive    flash1    flash2  flash1 / naive  flash2 / naive
        ───────────────  ─────  ────────  ────────  ──────────────  ──────────────
        step_seconds         -    2.00 s    1.27 s               -               -
        flops_per_s          -    68.6 G     108 G               -               -
        peak_bytes           -  80.5 MiB  80.5 MiB               -               -
        workspace_bytes      -  16.5 MiB  16.5 MiB               -               -

        - naive, seed 1: oom: the device had no more memory

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

  @Test func `cells that ended alike for one reason are one note`() {
    var rows = KernelCases.rows
    for index in rows.indices where rows[index].variant == "flash1" {
      rows[index].status = .unavailable
      rows[index].reason = "there is no GPU"
    }
    let summary = Summary(
      experiment: "e", rows: rows, isTraining: false, headline: KernelCases.headline)
    let text = summary.document.text
    #expect(text.contains("- 5 cells unavailable: there is no GPU\n"))
    // Once here; the tables of all metrics repeat it at each point.
    #expect(text.components(separatedBy: "\n- 5 cells unavailable").count == 2)
  }

  @Test func `a variant of which some seeds failed says how many`() throws {
    let rows = (1...3).map { seed -> CellRow in
      var row = KernelCases.row("flash2", sequence: 512, seed: seed)
      if seed == 2 { row.status = .killed }
      return row
    }
    let summary = Summary(
      experiment: "e", rows: rows, isTraining: false, headline: [.flopsPerSecond, .valLoss])
    let table = try #require(summary.overview(hasRatios: false).firstTable)
    #expect(table.header == ["sequence", "flops_per_s", "status"])
    #expect(table.rows == [["512", "107 ± 0 G (2)", "1 of 3 killed"]])
  }

  @Test func `without headline metrics the first that were measured are shown`() {
    let summary = Summary(experiment: "e", rows: KernelCases.rows, isTraining: false)
    #expect(
      summary.headline == [.stepSeconds, .flopsPerSecond, .peakBytes, .workspaceBytes])
    let train = Summary(
      experiment: "e", rows: SummaryCases.oneSeed, baseline: "classic", isTraining: true)
    #expect(train.headline == [.valLoss, .tokensPerSecond, .peakBytes, .parameters])
  }

  @Test func `what differs at every point alike is said once`() {
    var rows = KernelCases.rows
    for index in rows.indices {
      rows[index].setFact("kernel", .string(rows[index].variant))
      rows[index].setFact("kernel_reason", .string("asked for \(rows[index].variant)"))
    }
    let text = Summary(experiment: "e", rows: rows, isTraining: false).document.text
    let note = "- what ran differs in kernel: naive naive, flash1 flash1, flash2 flash2\n"
    // Once here, and once at each of the five points.
    #expect(text.components(separatedBy: note).count == 7)
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
      Summary(experiment: "e", rows: rows, isTraining: false).overview(hasRatios: false)
        .firstTable)
    #expect(table.header.prefix(3) == ["sequence", "variant", "executed"])
    #expect(table.rows[2].prefix(3) == ["512", "flash2", "naive"])
    #expect(table.rows[5].prefix(3) == ["1024", "flash2", "flash2"])
    let asked = rows.filter { $0.variant != "flash2" }
    let text = Summary(experiment: "e", rows: asked, isTraining: false).document.text
    #expect(!text.contains("executed") && !text.contains("what ran differs"))
  }

  @Test func `axes go by the shortest name and components by their word`() throws {
    let rows = [("swiglu", 1.5), ("gelu", 1.6)].map { word, loss -> CellRow in
      let value: JSON = word == "gelu" ? ["type": "gelu", "hidden": 512] : .string(word)
      return SummaryCases.small(
        "", seed: 1, loss: loss,
        axes: [.init("model.ffn", value), .init("model.attention.heads", 4)])
    }
    let summary = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true)
    let table = try #require(summary.overview(hasRatios: false).firstTable)
    #expect(table.header.prefix(2) == ["ffn", "heads"])
    #expect(table.rows.map { $0[0] } == ["swiglu", "gelu"])
    #expect(table.left == [0])
  }
}

extension [DocumentBlock] {
  /// The first table among them.
  var firstTable: Table? {
    lazy.compactMap { if case .table(let table) = $0 { table } else { nil } }.first
  }
}
