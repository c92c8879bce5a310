// What stands on the terminal: the answer first, on one screen, whatever was run.

import Analysis
import Config
import Foundation
import Records
import Statistics
import TestSupport
import Testing

@Suite struct DigestTests {
  private static func digest(
    _ rows: [CellRow], width: Int = 80, isTraining: Bool = true, headline: [Metric] = [],
    primary: [Metric] = [], sample: CellText? = nil
  ) -> String {
    Digest(
      Summary(
        experiment: "modern", question: "Is it better?", rows: rows, baseline: "classic",
        isTraining: isTraining, headline: headline, primary: primary), name: "fujv", width: width,
      sample: sample
    ).text
  }

  @Test func `a training of two variants answers its questions, then shows the figures`() {
    let sample = CellText("modern/seed=3 writes (val_loss 1.8190):", "\n\nTo be\nor not\n")
    #expect(
      Self.digest(SummaryCases.fourSeeds, sample: sample) == """
        modern: Is it better?

        7 of 8 cells ok: 1 diverged; 4 seeds

        modern against classic

        As good? yes, better: -0.1303 [-0.1455, -0.1152]
        Faster in training? no difference larger than 2 %
        Less memory in training? yes, 0.750 x
        Less memory in the KV cache? yes, 0.500 x
        More stable? cannot tell: only grad_norm_cv moved, for the better; two measures
          must

        metric                classic           modern  modern / classic
        ────────────  ───────────────  ───────────────  ────────────────
        val_loss      1.9547 ± 0.0122  1.8245 ± 0.0050             0.933
        tokens_per_s    4.11 ± 0.07 k    4.10 ± 0.03 k             0.998
        peak_bytes            240 MiB          180 MiB             0.750
        parameters             4.80 M           4.20 M             0.875

        - classic, seed 4: diverged: the loss is nan at step 140
        - not like for like in parameters: modern -12.5 % against classic

        all metrics: runexp summary fujv --full; charts: runexp report fujv

        modern/seed=3 writes (val_loss 1.8190):

            To be
            or not

        """)
  }

  @Test func `verdicts are told by metric and baseline, those alike together`() {
    let means: [(String, Double)] = [("a", 2), ("b", 1.5), ("c", 1.6), ("d", 2.5)]
    let rows = means.flatMap { variant, mean in
      (1...3).map { seed -> CellRow in
        let loss = mean + Double(seed * seed) / 1000
        return SummaryCases.small(variant, seed: seed, loss: variant == "a" ? mean : loss)
      }
    }
    #expect(
      Self.digest(rows) == """
        modern: Is it better?

        12 of 12 cells ok; 3 seeds

        val_loss against a: the largest difference is that of d
          d +0.5047 [+0.4946, +0.5147]: worse
          b -0.4953 [-0.5054, -0.4853]: better
          c -0.3953 [-0.4054, -0.3853]: better

        metric           a       b    / a       c    / a       d    / a
        ──────────  ──────  ──────  ─────  ──────  ─────  ──────  ─────
        val_loss    2.0000  1.5047  0.752  1.6047  0.802  2.5047  1.252
        parameters  1.00 k  1.00 k  1.000  1.00 k  1.000  1.00 k  1.000

        all metrics: runexp summary fujv --full; charts: runexp report fujv

        """)
  }

  @Test func `over an axis a verdict says where it holds, and each primary metric has a table`() {
    let rows = KernelCases.rows
    #expect(
      Self.digest(
        rows, isTraining: false, headline: KernelCases.headline,
        primary: [.stepSeconds, .workspaceBytes]) == """
          modern: Is it better?

          14 of 15 cells ok: 1 oom

          step_seconds at sequence 4096: naive 1.11 s, flash1 476.1 ms (0.429 x), flash2
            303.0 ms (0.273 x)
          workspace_bytes at sequence 4096: naive 512 MiB, flash1 8.25 MiB (0.016 x),
            flash2 8.25 MiB (0.016 x)
          step_seconds against naive: 1 seed is too few to say: flash1 0.429 x, flash2
            0.273 x
          workspace_bytes against naive: better: flash1 0.016 to 0.129 x, flash2 0.016 to
            0.129 x

          step_seconds

          sequence     naive    flash1  / naive    flash2  / naive
          ────────  ────────  ────────  ───────  ────────  ───────
          512        18.4 ms    7.9 ms    0.429    5.0 ms    0.273
          1024       70.2 ms   30.1 ms    0.429   19.1 ms    0.273
          2048      289.2 ms  123.9 ms    0.429   78.9 ms    0.273
          4096        1.11 s  476.1 ms    0.429  303.0 ms    0.273
          8192             -    2.00 s        -    1.27 s        -

          workspace_bytes

          sequence     naive    flash1  / naive    flash2  / naive
          ────────  ────────  ────────  ───────  ────────  ───────
          512       8.00 MiB  1.03 MiB    0.129  1.03 MiB    0.129
          1024      32.0 MiB  2.06 MiB    0.064  2.06 MiB    0.064
          2048       128 MiB  4.12 MiB    0.032  4.12 MiB    0.032
          4096       512 MiB  8.25 MiB    0.016  8.25 MiB    0.016
          8192             -  16.5 MiB        -  16.5 MiB        -

          - naive, sequence 8192, seed 1: oom: the device had no more memory
          - 3 seeds can show a large difference: the same command with --into latest --set
            seeds=1..3
          - not as predicted within 1 %: peak_bytes -19.9 % (flash1, sequence 512 and 1
            more)

          all metrics: runexp summary fujv --full; charts: runexp report fujv

          """)
  }

  @Test func `a run of which nothing is ok for one reason is one sentence`() {
    let rows = (1...24).map { seed in
      CellRow(
        cell: "c\(seed)", experiment: "e", variant: "flash3", seed: seed, status: .unavailable,
        reason: "there is no CUDA plugin")
    }
    #expect(
      Self.digest(rows) == """
        modern: Is it better?

        0 of 24 cells ok: unavailable: there is no CUDA plugin

        """)
  }

  @Test func `cells that failed for reasons of their own leave room for the answer`() {
    let rows = (1...40).map { seed -> CellRow in
      var row = SummaryCases.row(seed % 2 == 0 ? "modern" : "classic", seed: seed / 2, loss: 2)
      if seed > 6 {
        row.status = .failed
        row.reason = "file \(seed) is gone"
      }
      return row
    }
    let text = Self.digest(rows)
    #expect(text.count { $0 == "\n" } <= 40, "\(text)")
    #expect(text.contains("As good?"), "\(text)")
    #expect(text.contains("more such notes are under the tables of summary.md"), "\(text)")
  }

  @Test(
    "it is one screen of 80 columns, whatever was run",
    arguments: [
      (1, 1), (1, 40), (2, 1), (2, 6), (3, 2), (3, 30), (5, 1), (5, 6), (12, 1), (12, 6), (40, 1),
      (40, 2),
    ])
  func screen(variants: Int, points: Int) {
    for (seeds, kernels) in [(1, 1), (2, 3), (3, 1)] {
      let text = Self.digest(
        Self.rows(variants: variants, points: points, kernels: kernels, seeds: seeds))
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      #expect(lines.count <= 40)
      #expect(lines.allSatisfy { DisplayWidth.of(String($0)) <= 80 })
      #expect(variants == 1 || text.contains("against"))
      #expect(text.contains("runexp summary fujv --full"))
    }
  }

  private static func rows(variants: Int, points: Int, kernels: Int, seeds: Int) -> [CellRow] {
    var random = Simulation(seed: 7)
    var rows: [CellRow] = []
    for variant in 0..<variants {
      for point in 0..<points {
        for kernel in 0..<kernels {
          for seed in 1...seeds {
            let axes: [CellRow.Entry] = [
              .init("workload.sequence", .integer(128 * (point + 1))),
              .init("model.attention.kernel", .string("kernel-\(kernel)")),
            ]
            rows.append(
              SummaryCases.row(
                variant == 0 ? "modern" : "a-longer-name-\(variant)", seed: seed,
                loss: 2 + random.uniform(), axes: points * kernels == 1 ? [] : axes))
          }
        }
      }
    }
    return rows
  }

  @Test func `what no seed can tell is not asked of more seeds`() {
    let rows = (1...4).flatMap { seed in
      ["a", "b"].map { SummaryCases.small($0, seed: seed, loss: 2 + Double(seed) / 10) }
    }
    #expect(!Self.digest(rows).contains("seeds would show"))
  }

  @Test func `a sweep of learning rates is one screen, and tells each verdict once`() throws {
    var random = Simulation(seed: 11)
    let rows = (1...4).flatMap { seed in
      ["neither", "warmup", "qk-norm", "both"].flatMap { variant in
        [0.001, 0.003, 0.01, 0.03, 0.1, 0.3].map { rate -> CellRow in
          var row = SummaryCases.row(
            variant, seed: seed, loss: 2 + random.uniform(),
            axes: [.init("workload.optimizer.lr", .real(rate))])
          row.metrics[.initialLoss] = 4
          return row
        }
      }
    }
    let text = Self.digest(rows)
    #expect(text.count { $0 == "\n" } <= 40, "\(text)")
    #expect(text.contains("More stable?"), "\(text)")
    let stable = try #require(text.components(separatedBy: "More stable?").last)
    #expect(!stable.contains("sensitivity no difference"), "\(text)")
    #expect(text.contains("runexp summary fujv --full"), "\(text)")
    #expect(text.contains("seeds would"), "\(text)")
  }

  @Test func `neither a long question nor a long reason makes it longer than a screen`() {
    let long = Array(repeating: "why", count: 2000).joined(separator: " ")
    let rows = SummaryCases.fourSeeds.map { row -> CellRow in
      var row = row
      row.status = .failed
      row.reason = long
      return row
    }
    for rows in [rows, SummaryCases.fourSeeds] {
      let text = Digest(
        Summary(
          experiment: "modern", question: long, rows: rows, baseline: "classic", isTraining: true),
        name: "fujv", width: 80
      ).text
      #expect(text.count { $0 == "\n" } <= 40, "\(text)")
    }
  }

  @Test func `seeds are asked for where the difference would matter`() {
    func note(_ change: Double) -> Bool {
      let rows = (1...4).flatMap { seed in
        ["full", "rolling"].map { variant -> CellRow in
          var row = CellRow(
            cell: "\(variant)-\(seed)", experiment: "e", variant: variant, seed: seed, status: .ok)
          let slip = change * Double((variant == "full" ? seed * 3 : seed * 2 + 1) % 5)
          row.metrics[.decodeLossChange] = slip
          return row
        }
      }
      return Self.digest(
        rows, isTraining: false, headline: [.decodeLossChange], primary: [.decodeLossChange]
      ).replacing(/\s+/, with: " ").contains("in decode_loss_change of rolling")
    }
    #expect(note(0.1))
    #expect(!note(1e-8))
  }

  @Test func `no seeds are asked for what a question has answered`() {
    // Within 1 %, yet a difference that more seeds might show.
    let losses = [("classic", [2.000, 2.010, 1.995]), ("modern", [1.996, 2.001, 1.996])]
    let rows = losses.flatMap { variant, values in
      values.enumerated().map { place, loss -> CellRow in
        var row = CellRow(
          cell: "\(variant)-\(place)", experiment: "e", variant: variant, seed: place + 1,
          status: .ok)
        row.metrics[.valLoss] = loss
        return row
      }
    }
    let text = Self.digest(rows)
    #expect(text.contains("As good? yes, within 1 %"), "\(text)")
    #expect(!text.contains("seeds would"), "\(text)")
  }

  @Test func `of sizes over words the smallest and the largest are stated`() {
    let bytes: [(JSON, Double)] = [("f32", 32), ("bf16", 16), ("q8", 8.5)]
    let rows = [("mha", 4.0), ("gqa", 1.0)].flatMap { variant, heads in
      bytes.map { cache, size -> CellRow in
        var row = CellRow(
          cell: variant + cache.line, experiment: "e", variant: variant, seed: 1,
          axes: [.init("workload.cache", cache)], status: .ok)
        row.metrics[.cacheBytes] = heads * size * 1_048_576
        return row
      }
    }
    let text = Self.digest(
      rows, isTraining: false, headline: [.cacheBytes], primary: [.cacheBytes])
    #expect(
      text.contains("cache_bytes: 8.50 MiB (gqa, q8) to 128 MiB (mha, f32)\n"),
      "\(text)")
  }
}
