// What the summary claims and what it does not: baselines, pairing, outcomes, files.

import Analysis
import Config
import Records
import TestSupport
import Testing
import Statistics

@Suite struct SummaryTests {
  private static func pair(_ ours: [Double], _ theirs: [Double]) -> Summary {
    let rows = zip(1..., ours).map { SummaryCases.row("modern", seed: $0, loss: $1) }
    let others = zip(1..., theirs).map { SummaryCases.row("classic", seed: $0, loss: $1) }
    return Summary(experiment: "e", rows: rows + others, isTraining: true)
  }

  private static func loss(_ summary: Summary) throws -> VariantComparison {
    try #require(summary.blocks.first?.line(.valLoss)?.comparisons.first)
  }

  private static func answer(_ key: String, _ rows: [CellRow]) throws -> TrainingQuestions.Question
  {
    let summary = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true)
    let verdict = try #require(summary.blocks.first.flatMap(TrainingQuestions.init))
    return try #require(verdict.questions.first { $0.key == key })
  }

  @Test func `the first variant is the baseline, or the one told`() {
    func baseline(_ rows: [CellRow], told: String? = nil) -> String? {
      Summary(experiment: "e", rows: rows, baseline: told, isTraining: true).baseline
    }
    #expect(baseline(SummaryCases.oneSeed) == "modern")
    #expect(baseline(SummaryCases.oneSeed, told: "classic") == "classic")
    #expect(baseline(SummaryCases.threeVariants) == "naive")
    #expect(baseline(SummaryCases.threeVariants, told: "rope") == "rope")
    #expect(baseline(SummaryCases.threeVariants, told: "none") == "naive")
    #expect(baseline(SummaryCases.alone) == nil)
  }

  @Test func `better is claimed only where the test finds it`() throws {
    #expect(
      try Self.loss(Self.pair([1.5, 1.51, 1.49], [1.8, 1.81, 1.80])).winner
        == "modern")
    #expect(
      try Self.loss(Self.pair([1.9, 1.91, 1.89], [1.8, 1.81, 1.80])).winner
        == "classic")
    #expect(
      try Self.loss(Self.pair([1.5, 1.9, 1.6], [1.6, 1.7, 1.7])).verdict.word == "none_larger")
    #expect(try Self.loss(Self.pair([1.5], [1.8])).verdict == .undecided(.fewSeeds(1)))
    #expect(try Self.loss(Self.pair([1.5, 1.5], [1.75, 1.75])).verdict == .undecided(.noSpread))
  }

  @Test func `a higher metric is better where higher is better`() throws {
    let rows = [1, 2].flatMap { seed in
      [
        SummaryCases.row("modern", seed: seed, loss: 1, speed: 5000 + Double(seed)),
        SummaryCases.row("classic", seed: seed, loss: 1, speed: 4000),
      ]
    }
    let summary = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true)
    let line = try #require(summary.blocks[0].line(.tokensPerSecond))
    #expect(line.comparisons[0].winner == "modern")
    #expect(summary.blocks[0].line(.parameters)?.comparisons[0].verdict == .differs)
  }

  @Test func `seeds are paired by number and not by place`() throws {
    let rows = [
      SummaryCases.row("modern", seed: 1, loss: 1.0), SummaryCases.row("modern", seed: 2, loss: 2),
      SummaryCases.row("modern", seed: 3, loss: 9),
      SummaryCases.row("classic", seed: 2, loss: 2.5),
      SummaryCases.row("classic", seed: 1, loss: 1.25),
    ]
    let comparison = try Self.loss(
      Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true))
    #expect(comparison.seeds == [1, 2])
    #expect(comparison.values.differences.values == [-0.25, -0.5])
  }

  @Test func `a counted metric that varies between seeds is treated as a sample`() throws {
    var rows = SummaryCases.fourSeeds
    rows[0].metrics.set(.peakBytes, 1 << 30)
    let summary = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true)
    let comparison = try #require(summary.blocks[0].line(.peakBytes)?.comparisons.first)
    #expect(!comparison.isExact)
    #expect(comparison.verdict.word == "none_larger")
  }

  @Test func `what the architecture fixes is known of a cell that failed`() throws {
    var rows = SummaryCases.oneSeed
    rows[1].status = .oom
    #expect(try Self.answer("less_memory_kv_cache", rows).answer == .yes)
    #expect(try Self.answer("less_memory_training", rows).answer == .cannotTell)
    let quality = try Self.answer("as_good", rows)
    #expect(quality.words == "no seed finished in both")
    #expect(quality.figures.first == "validation loss, nats per token: modern 1.8230, classic -")
  }

  @Test func `as good means at most 1 % worse at the interval's end`() throws {
    func words(_ ours: [Double]) throws -> String {
      let theirs = [2.0, 2.1, 2.2]
      let rows = zip(1..., zip(ours, theirs)).flatMap { seed, losses in
        [
          SummaryCases.row("modern", seed: seed, loss: losses.0),
          SummaryCases.row("classic", seed: seed, loss: losses.1),
        ]
      }
      return try Self.answer("as_good", rows).words
    }
    #expect(try words([1.9, 2.01, 2.09]) == "yes, better: -0.1000 [-0.1248, -0.0752]")
    #expect(try words([2.001, 2.099, 2.2]) == "yes, within 1 %: no difference larger than 0.0025")
    #expect(try words([2.005, 2.1055, 2.206]).hasPrefix("yes, worse by less than 1 %: +"))
    #expect(try words([2.02, 2.11, 2.22]).hasPrefix("no, worse: +"))
    #expect(try words([2.1, 2.21, 2.3]).hasPrefix("no, worse by more than 1 %: +"))
    #expect(
      try words([2.03, 2.09, 2.25]) == "no difference larger than 0.0992, which is more than 1 %")
  }

  @Test func `a variant of which all runs diverge is less stable, but not from one seed`() throws {
    func rows(seeds: Int) -> [CellRow] {
      (1...seeds).flatMap { seed in
        var diverged = SummaryCases.row("classic", seed: seed, loss: 9)
        diverged.status = .diverged
        return [SummaryCases.row("modern", seed: seed, loss: 1.8), diverged]
      }
    }
    #expect(try Self.answer("more_stable", rows(seeds: 2)).words == "yes: all others diverged")
    let one = try Self.answer("more_stable", rows(seeds: 1))
    #expect(one.answer == .cannotTell)
    #expect(one.figures.last == "diverged runs: modern 0 of 1, classic 1 of 1")
  }

  @Test func `more stable takes two measures, and one the other way is mixed`() throws {
    func answer(_ spikes: (Int) -> Int) throws -> TrainingQuestions.Question {
      let rows = (1...4).flatMap { seed in
        let ripple = Double(seed) / 200
        return [
          SummaryCases.row(
            "modern", seed: seed, loss: 1, unrest: 0.3 + ripple, spikes: spikes(seed)),
          SummaryCases.row("classic", seed: seed, loss: 1, unrest: 0.5, spikes: 10, logit: 9),
        ]
      }
      return try Self.answer("more_stable", rows)
    }
    let both = try answer { $0 % 2 }
    #expect(both.answer == .yes)
    #expect(both.words == "yes: grad_norm_cv and loss_spikes moved")
    #expect(try answer { 20 + $0 % 2 }.answer == .mixed)
    let one = try answer { _ in 10 }
    #expect(one.answer == .cannotTell)
    #expect(one.words == "cannot tell: only grad_norm_cv moved, for the better; two measures must")
  }

  @Test func `a larger attention logit alone is no verdict`() throws {
    let rows = (1...4).flatMap { seed in
      [
        SummaryCases.row("modern", seed: seed, loss: 1, logit: 20 - Double(seed) / 100),
        SummaryCases.row("classic", seed: seed, loss: 1, logit: 9),
      ]
    }
    #expect(try Self.answer("more_stable", rows).answer == .notFound)
  }

  @Test func `a bound is kept or not by every seed, and is put to no test`() throws {
    func row(_ variant: String, _ seed: Int, _ error: Double, bound: Double?) -> CellRow {
      var row = CellRow(
        cell: "c-\(variant)-\(seed)", experiment: "e", variant: variant, seed: seed, status: .ok)
      row.metrics[.relativeError] = error
      row.metrics[.relativeErrorBound] = bound
      return row
    }
    let rows = (1...3).flatMap { seed -> [CellRow] in
      [
        row("rope", seed, 2e-8 * Double(seed), bound: 3e-7),
        row("broken", seed, seed == 3 ? 4e-7 : 1e-8, bound: 3e-7),
        row("learned", seed, 0.1 + Double(seed) / 100, bound: nil),
      ]
    }
    let summary = Summary(
      experiment: "e", rows: rows, isTraining: false,
      headline: [.relativeError, .relativeErrorBound])
    #expect(summary.bounds.map(\.isKept) == [true, false, false])
    let line = try #require(summary.blocks[0].line(.relativeError))
    #expect(line.comparisons.map(\.verdict) == [.beyond(3e-7), .unbounded])
    #expect(line.comparisons.allSatisfy { $0.winner == nil })
    #expect(summary.tests == 0)
    #expect(
      summary.document.text.contains(
        """
        Do scores depend on the distance of two tokens alone?
          yes: rope (the largest relative_error of any seed is 6.0e-08, each within the bound of 3.0e-07)
          no: broken (4.0e-07, beyond the bound of 3.0e-07), learned (1.3e-01, with no bound to keep)

        """))
  }

  @Test func `a single variant is answered for without a name`() {
    func text(_ set: (inout CellRow) -> Void) -> String {
      let rows = (1...2).map { seed -> CellRow in
        var row = CellRow(
          cell: "c-\(seed)", experiment: "e", variant: "", seed: seed, status: .ok)
        set(&row)
        return row
      }
      return Summary(experiment: "e", rows: rows, isTraining: false).document.text
    }
    let kept = text {
      $0.metrics[.relativeError] = 1e-8
      $0.metrics[.relativeErrorBound] = 3e-7
    }
    #expect(
      kept.contains(
        "  yes (the largest relative_error of any seed is 1.0e-08, each within the bound of 3.0e-07)\n"
      ), "\(kept)")
    let unbound = text { $0.metrics[.relativeError] = 0.27 }
    #expect(unbound.contains("  no (2.7e-01, with no bound to keep)\n"), "\(unbound)")
    let fits = text {
      $0.metrics.set(.inferenceBytes, 338 << 20)
      $0.setFact("inference_fits", true)
      $0.setFact("training_fits", false)
    }
    #expect(fits.contains("  inference: yes (338 MiB)\n  training: no\n"), "\(fits)")
  }

  @Test func `what ran differently is stated`() throws {
    var rows = SummaryCases.oneSeed
    rows[0].setFact("kernel", "flash2")
    rows[1].setFact("kernel", "naive")
    let text = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true).document
      .text
    #expect(text.contains("- what ran differs in kernel: modern flash2, classic naive\n"))
    #expect(!text.contains("differs in device"))
  }

  @Test func `sizes within 1 % are like for like`() {
    var rows = SummaryCases.oneSeed
    rows[0].metrics.set(.parameters, 1000)
    rows[1].metrics.set(.parameters, 1009)
    let near = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true).document
      .text
    #expect(!near.contains("not like for like"))
    rows[1].metrics.set(.parameters, 980)
    let far = Summary(experiment: "e", rows: rows, baseline: "classic", isTraining: true).document
      .text
    #expect(far.contains("modern has 2.0 % more parameters than classic (1.00 k against 980)"))
  }

  @Test func `the verdict is for training of two variants only`() {
    #expect(!Summary(experiment: "e", rows: SummaryCases.oneSeed, isTraining: false).asksVerdict)
    #expect(
      !Summary(
        experiment: "e", rows: SummaryCases.threeVariants, baseline: "classic", isTraining: true
      ).asksVerdict)
  }

  @Test func `no cells give an empty summary and no crash`() {
    let summary = Summary(experiment: "e", rows: [], isTraining: true)
    #expect(summary.document.text == "e\n\n0 of 0 cells ok\n")
    #expect(CSV.rows(reading: summary.csv).count == 1)
  }

  @Test func `the table has a row per metric and variant with as many fields as its header`() {
    let summary = Summary(
      experiment: "e", rows: SummaryCases.axes, baseline: "classic", isTraining: true)
    let rows = CSV.rows(reading: summary.csv)
    #expect(Set(rows.map(\.count)) == [31])
    #expect(rows[0].prefix(2) == ["workload.sequence", "metric"])
    #expect(rows.count == 1 + 4 + 2)
  }

  @Test func `the JSON holds every number of the text, unrounded`() throws {
    let summary = Summary(
      experiment: "e", rows: SummaryCases.fourSeeds, baseline: "classic", isTraining: true)
    let json = try JSON(reading: summary.json.document)
    #expect(json == summary.json)
    #expect(json["coverage"]?["by_status"]?["diverged"] == 1)
    let block = try #require(json["blocks"]?.elements.first)
    let line = try #require(block["metrics"]?.elements.first { $0["metric"] == "val_loss" })
    let comparison = try #require(line["comparisons"]?.elements.first)
    #expect(comparison["seeds"] == [1, 2, 3])
    #expect(comparison["winner"] == "modern")
    #expect(comparison["exact_p"] == .null)
    let low = try #require(comparison["difference_low"]?.number)
    #expect(abs(low - -0.14551166546772037) < 1e-15)
    #expect(line["variants"]?.elements[1]["values"]?.elements.count == 3)
    #expect(block["notes"]?.elements.count == 4)
    #expect(
      block["verdict"]?.elements.map { $0["answer"] } == [
        "yes", "no_difference_found", "yes", "yes", "cannot_tell",
      ])
  }

  @Test func `of many points the JSON has the first, and says how many there are beside`() throws {
    let rows = (1...1002).map { size in
      SummaryCases.small(
        "modern", seed: 1, loss: 2, axes: [CellRow.Entry("workload.sequence", .integer(size))])
    }
    let summary = Summary(experiment: "e", rows: rows, isTraining: true)
    #expect(summary.json["blocks"]?.elements.count == 1000)
    #expect(summary.json["blocks_left"] == 2)
    let points = CSV.rows(reading: summary.csv).dropFirst().map { $0[0] }
    #expect(Set(points).count == 1002)
    let folder = try TemporaryFolder()
    let run = try RunFolder.create(in: folder.path, experiment: "e")
    try summary.write(to: run)
    #expect(try AtomicFile.read(run.file("summary.csv")) == summary.csv)
    #expect(try AtomicFile.read(run.file("summary.json")) == summary.json.document)
  }

  @Test func `all three files are written into the run's folder`() throws {
    let folder = try TemporaryFolder()
    let run = try RunFolder.create(in: folder.path, experiment: "e")
    let summary = Summary(
      experiment: "e", rows: SummaryCases.oneSeed, baseline: "classic", isTraining: true)
    try summary.write(to: run)
    #expect(try AtomicFile.read(run.file("summary.md")) == summary.document.markdown)
    #expect(try AtomicFile.read(run.file("summary.csv")) == summary.csv)
    #expect(try AtomicFile.read(run.file("summary.json")) == summary.json.document)
  }
}
