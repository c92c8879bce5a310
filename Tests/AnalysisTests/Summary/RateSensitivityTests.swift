// The sensitivity to the learning rate: its definition, diverged runs, and what one seed can show.

import Analysis
import Config
import Records
import Testing
import Statistics

@Suite struct RateSensitivityTests {
  private static let rates = [0.001, 0.01, 0.1]

  // A row for each rate; nil is a run that diverged. Every run begins at a loss of 4.
  private static func rows(_ variant: String, seed: Int, _ losses: [Double?]) -> [CellRow] {
    zip(rates, losses).map { rate, loss in
      var row = CellRow(
        cell: "c-\(variant)-\(seed)-\(rate)", experiment: "stability", variant: variant,
        seed: seed, axes: [.init("workload.optimizer.lr", .real(rate))],
        status: loss == nil ? .diverged : .ok,
        reason: loss == nil ? "the loss is not finite" : nil)
      row.metrics[.initialLoss] = 4
      row.metrics[.valLoss] = loss
      return row
    }
  }

  private static func summary(seeds: Int, isTraining: Bool = true) -> Summary {
    let steady = [[2.0, 1.8, 1.9], [2.0, 1.8, 1.95], [2.0, 1.8, 1.8]].prefix(seeds)
    let wild: [[Double?]] = [[2.0, 1.8, nil], [2.0, 1.7, nil], [2.1, 1.8, 9]]
    let ours = zip(1..., steady).flatMap { rows("qk-norm", seed: $0, $1) }
    let theirs = zip(1..., wild.prefix(seeds)).flatMap { rows("base", seed: $0, $1) }
    return Summary(
      experiment: "stability", rows: ours + theirs, baseline: "base", isTraining: isTraining)
  }

  @Test func `it is the mean over the grid less the best, and a diverged run counts as no step`()
    throws
  {
    let all = Self.summary(seeds: 3).rateSensitivities
    #expect(all.map(\.variant) == ["qk-norm", "base"])
    for (value, expected) in zip(all[0].sample.values, [0.1, 0.35 / 3, 0.2 / 3]) {
      #expect(abs(value - expected) < 1e-12)
    }
    // min(9, 4) is 4: a run that ended above its start counts as one that diverged.
    for (value, expected) in zip(all[1].sample.values, [0.8, 7.7 / 3 - 1.7, 7.9 / 3 - 1.8]) {
      #expect(abs(value - expected) < 1e-12)
    }
    #expect(all[1].bestRate == 0.01)
    #expect(all[1].diverged == 2 && all[1].cells == 9)
  }

  @Test func `several seeds name the steadier variant where the interval excludes zero`() throws {
    let comparison = try #require(Self.summary(seeds: 3).rateComparisons.first)
    #expect(comparison.variants.subject == "qk-norm" && comparison.variants.baseline == "base")
    #expect(comparison.variants.winner == "qk-norm")
    #expect(
      abs(try #require(comparison.variants.values.difference) - -2.2166666666666666 / 3) < 1e-12)
  }

  @Test func `the best rate of each variant stands with the interval of its loss`() throws {
    let summary = Self.summary(seeds: 3)
    let base = try #require(summary.rateSensitivities.last)
    #expect(base.bestRate == 0.01 && base.bestLosses.values == [1.8, 1.7, 1.8])
    let interval = try #require(base.bestLosses.interval())
    #expect(interval.low < base.bestLoss && base.bestLoss < interval.high)
    let text = summary.document.text
    #expect(
      text.contains("best loss [95 %]") && text.contains("1.7667 [1.6232, 1.9101]"), "\(text)")
  }

  @Test func `a best rate says which others cannot be told from it`() throws {
    let losses = [
      [2.4, 1.80, 1.81], [2.43, 1.82, 1.80], [2.41, 1.79, 1.82], [2.42, 1.81, 1.83],
    ]
    let rows = zip(1..., losses).flatMap { Self.rows("a", seed: $0, $1) }
    let summary = Summary(experiment: "e", rows: rows, isTraining: true)
    #expect(summary.rateSensitivities.map(\.ties) == [[0.1]])
    #expect(
      summary.document.text.contains(
        "Best learning rate? 0.01 (val_loss 1.8050; seed by seed 0.1 cannot be told from it)\n"))
    let clear = losses.map { [$0[0], $0[1], $0[2] + 1] }
    let alone = zip(1..., clear).flatMap { Self.rows("a", seed: $0, $1) }
    #expect(
      Summary(experiment: "e", rows: alone, isTraining: true).document.text.contains(
        "(val_loss 1.8050; all others are worse)"))
    #expect(
      Self.summary(seeds: 1).document.text.contains("1 seed is too few to say"))
  }

  @Test func `more stable takes two measures, of which the sensitivity to the rate is one`() {
    func answer(spikes: Double) -> String {
      let steady = zip(1..., [[2.0, 1.8, 1.9], [2.0, 1.8, 1.95], [2.0, 1.8, 1.85]])
      let wild = zip(1..., [[2.0, 1.8, 3.5], [2.0, 1.8, 3.6], [2.0, 1.8, 3.54]])
      let rows =
        steady.flatMap { Self.rows("qk-norm", seed: $0, $1) }
        + wild.flatMap { Self.rows("base", seed: $0, $1) }
      let measured = rows.map { row in
        var row = row
        let isBase = row.variant == "base"
        row.metrics[.lossSpikes] =
          Double(row.seed) + (isBase ? spikes * (10 + Double(row.seed * row.seed % 3) / 5) : 0)
        row.metrics[.gradNormCV] = 0.3 + Double((row.seed * (isBase ? 2 : 1)) % 3) / 100
        return row
      }
      let text = Summary(
        experiment: "e", rows: measured, baseline: "base", isTraining: true
      ).document.text
      let lines = text.split(separator: "\n").map(String.init)
      return lines.firstIndex(of: "More stable?").map { lines[$0 + 1] } ?? ""
    }
    #expect(answer(spikes: 1).hasPrefix("  qk-norm against base: yes: sensitivity and loss_spikes"))
    #expect(answer(spikes: 0).contains("cannot tell: only sensitivity moved, for the better"))
  }

  @Test func `one seed cannot tell`() throws {
    let summary = Self.summary(seeds: 1)
    #expect(summary.rateComparisons.first?.variants.winner == nil)
    #expect(
      summary.document.text.contains(
        """
        Sensitivity to the learning rate

        mean over 3 rates of min(final loss, loss at init), less the best, in nats per token; a \
        diverged run counts with its loss at init

        variant  sensitivity  best loss  at rate  not told from it  diverged
        ───────  ───────────  ─────────  ───────  ────────────────  ────────
        qk-norm       0.1000     1.8000     0.01        0.001, 0.1    0 of 3
        base          0.8000     1.8000     0.01        0.001, 0.1    1 of 3

        - qk-norm against base: 1 seed is too few to say, difference -0.7000

        """))
  }

  @Test func `an interval that includes zero names nobody`() throws {
    let ours = [[2.0, 1.8, 1.9], [2.0, 1.8, 2.9]].enumerated()
      .flatMap { Self.rows("a", seed: $0.offset + 1, $0.element) }
    let theirs = [[2.0, 1.8, 2.5], [2.0, 1.8, 2.4]].enumerated()
      .flatMap { Self.rows("b", seed: $0.offset + 1, $0.element) }
    let summary = Summary(experiment: "e", rows: ours + theirs, isTraining: true)
    let comparison = try #require(summary.rateComparisons.first)
    #expect(comparison.variants.winner == nil)
    #expect(comparison.words == "2 seeds are too few to say")
  }

  @Test func `a seed without its whole grid is left out`() {
    var rows = (1...2).flatMap { Self.rows("a", seed: $0, [2.0, 1.8, 1.9]) }
    rows[5].status = .killed
    let summary = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true)
    #expect(summary.rateSensitivities.map(\.seeds) == [[1]])
    // A run that diverged in its first step has no loss to start from, but its neighbours do.
    rows[2].status = .diverged
    rows[2].metrics[.initialLoss] = nil
    let diverged = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true)
    #expect(diverged.rateSensitivities.first?.sample.mean.map { abs($0 - 0.8) < 1e-12 } == true)
  }

  @Test func `there is none without three rates or without training`() {
    #expect(Self.summary(seeds: 1, isTraining: false).rateSensitivities.isEmpty)
    let two = Self.rows("a", seed: 1, [2.0, 1.8, 1.9]).dropLast()
    #expect(
      Summary(experiment: "e", rows: Array(two), isTraining: true).rateSensitivities.isEmpty)
  }

  @Test func `the JSON has the value of each seed`() throws {
    let json = try #require(Self.summary(seeds: 3).json["rate_sensitivity"])
    #expect(json["variants"]?.elements.first?["values"]?.elements.count == 3)
    #expect(json["comparisons"]?.elements.first?["winner"] == "qk-norm")
  }
}
