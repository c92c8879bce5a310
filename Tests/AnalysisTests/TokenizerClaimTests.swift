// What is claimed of cells whose tokens are not the same parts of the text.

import Analysis
import Config
import Records
import Statistics
import TestSupport
import Testing

@Suite struct TokenizerClaimTests {
  private static let hash: JSON = "sha256-1"

  /// Characters against what a tokenizer makes: worse by the token, better by the byte.
  private static func rows(seeds: Int, _ hashes: [JSON?] = [nil, hash]) -> [CellRow] {
    (1...seeds).flatMap { seed in
      zip(["char", "bpe"], zip([2.0, 3.0], zip([2.9, 2.5], hashes))).map { variant, values in
        let noise = Double(seed * (variant == "bpe" ? seed : 1)) / 1000
        var row = SummaryCases.row(variant, seed: seed, loss: values.0 + noise)
        row.metrics[.valBitsPerByte] = values.1.0 + noise * noise
        row.metrics[.valPerplexity] = 7
        row.metrics[.lossToFourTimes] = values.0 + noise
        if let hash = values.1.1 { row.setFact("tokenizer_sha256", hash) }
        return row
      }
    }
  }

  private static func summary(_ rows: [CellRow], _ primary: [Metric]) -> Summary {
    Summary(
      experiment: "e", rows: rows, isTraining: true, headline: primary, primary: primary)
  }

  private static func answer(_ key: String, _ summary: Summary) throws -> TrainingQuestions.Question
  {
    try #require(
      summary.blocks.first.flatMap(TrainingQuestions.init)?.questions.first { $0.key == key })
  }

  @Test func `nothing that is counted a token is judged where tokens are others`() throws {
    let metrics: [Metric] = [.valLoss, .valBitsPerByte, .lossToFourTimes, .tokensPerSecond]
    let summary = Self.summary(Self.rows(seeds: 3), metrics)
    func verdict(_ metric: Metric, _ summary: Summary) -> Comparison.Verdict? {
      summary.blocks.first?.line(metric)?.comparisons.first?.verdict
    }
    for metric in [Metric.valLoss, .lossToFourTimes, .tokensPerSecond] {
      #expect(verdict(metric, summary) == .undecided(.otherTokenizer), "\(metric.name)")
    }
    #expect(verdict(.valBitsPerByte, summary) == .better)
    // Of one tokenizer all are, wherever it lay.
    let same = Self.summary(Self.rows(seeds: 3, [Self.hash, Self.hash]), metrics)
    #expect(verdict(.valLoss, same) == .worse && verdict(.lossToFourTimes, same) == .worse)
  }

  @Test func `as good is answered in bits a byte, faster is not, and nothing else is shown`() throws
  {
    let summary = Self.summary(
      Self.rows(seeds: 3), [.valBitsPerByte, .tokensPerSecond])
    let good = try Self.answer("as_good", summary)
    #expect(good.answer == .yes && good.figures.first?.contains("bits per byte") == true)
    #expect(good.figures.contains("in bits per byte, which compare whatever tokens are"))
    #expect(!good.figures.contains { $0.contains("perplexity") })
    let faster = try Self.answer("faster", summary)
    #expect(faster.answer == .cannotTell && faster.words == "cannot say: other tokens")
  }

  @Test(arguments: [1, 3])
  func `as good has an answer whichever loss is judged`(seeds: Int) throws {
    let rows = Self.rows(seeds: seeds, [Self.hash, Self.hash])
    let bits = try Self.answer("as_good", Self.summary(rows, [.valBitsPerByte]))
    #expect(bits.answer == (seeds == 1 ? .cannotTell : .yes))
    #expect(bits.words.contains(seeds == 1 ? "too few to say" : "yes, better"))
    let none = try Self.answer("as_good", Self.summary(rows, [.peakBytes]))
    #expect(none.words == "not judged: compare.metrics does not name it")
  }

  @Test func `cells that ended well without such a loss are not called unfinished`() throws {
    let rows = Self.rows(seeds: 3).map { row in
      var row = row
      guard row.variant == "bpe" else { return row }
      row.metrics[.valBitsPerByte] = nil
      row.metrics[.tokensPerSecond] = nil
      row.setFact("untokenized_bytes", 7)
      return row
    }
    let summary = Self.summary(rows, [.valBitsPerByte, .peakBytes])
    let good = try Self.answer("as_good", summary)
    #expect(good.answer == .cannotTell)
    #expect(good.words == "cannot say: no bits a byte, for characters are lost")
    let untrue = ["did not finish", "which compare"]
    #expect(!good.figures.contains { figure in untrue.contains(where: figure.contains) })
    #expect(try Self.answer("faster", summary).words == "cannot say: bpe without tokens_per_s")
    // One that has not ended is told of as before.
    let failed = rows.map { row in
      var row = row
      if row.variant == "bpe" { row.status = .oom }
      return row
    }
    let none = try Self.answer("as_good", Self.summary(failed, [.valBitsPerByte]))
    #expect(none.words == "no seed finished in both")
    #expect(none.figures.contains { $0.hasPrefix("3 of 3 seeds left out") }, "\(none.figures)")
  }

  /// What is shown of the texts of cells, each of which has written its seed.
  private static func samples(_ rows: [CellRow]) throws -> [CellText] {
    let place = try TemporaryFolder()
    let folder = try RunFolder.create(in: place.path, experiment: "e")
    let cells = try rows.enumerated().map { index, row in
      var line = PlanLine()
      (line.index, line.cell, line.label) = (index, row.cell, row.variant)
      (line.variant, line.seed) = (row.variant, row.seed)
      let cell = StoredCell(line, row: row, in: folder)
      try RunFolder.makeFolders(cell.folder)
      try AtomicFile.write(Array("seed \(row.seed)".utf8), to: "\(cell.folder)/sample.txt")
      return cell
    }
    return StoredRun(folder, record: nil, cells: cells).samples
  }

  /// Which cell's text is shown first, and the title of it.
  private static func firstSample(_ hashes: [JSON?]) throws -> String? {
    try samples(rows(seeds: 1, hashes)).first?.title
  }

  @Test func `of a variant without bits a byte the text of its best seed is shown`() throws {
    let rows = Self.rows(seeds: 3, [nil, Self.hash]).map { row in
      var row = row
      if row.variant == "bpe" {
        row.metrics[.valBitsPerByte] = nil
        if row.seed == 2 { row.metrics[.valLoss] = 0.5 }
      }
      return row
    }
    let shown = try #require(try Self.samples(rows).last)
    #expect(shown == CellText("bpe writes:", "seed 2"))
  }

  @Test func `of what models wrote that of the best is first, by the byte where tokens are others`()
    throws
  {
    #expect(try Self.firstSample([nil, Self.hash]) == "bpe writes (val_bits_per_byte 2.5000):")
    #expect(try Self.firstSample([Self.hash, Self.hash]) == "char writes (val_loss 2.0010):")
  }

  @Test func `values of an axis of tokenizers are not held against each other by the token`() {
    let rows = Self.rows(seeds: 3).map { row in
      var one = CellRow(
        cell: row.cell, experiment: "e", variant: "a", seed: row.seed,
        axes: [CellRow.Entry("workload.dataset.tokenizer", .string(row.variant))], status: .ok)
      for metric in [Metric.valLoss, .valBitsPerByte] { one.metrics[metric] = row.metrics[metric] }
      for fact in row.facts { one.setFact(fact.key, fact.value) }
      return one
    }
    let summary = Summary(
      experiment: "e", rows: rows, isTraining: true, headline: [.valLoss, .valBitsPerByte],
      primary: [.valLoss, .valBitsPerByte])
    #expect(
      summary.axisComparisons.map(\.values.verdict) == [.undecided(.otherTokenizer), .better])
  }

  @Test func `a tokenizer of other contents at one path is a cause, and its losses do not compare`()
    throws
  {
    let cases = try DiffCases()
    func side(_ hash: JSON) throws -> DiffSide {
      try cases.side(
        (1...3).map { seed in
          DiffCases.Cell(
            seed: seed, metrics: [(.valLoss, 2 + Double(seed) / 10), (.valBitsPerByte, 2)],
            facts: ["tokenizer_sha256": hash])
        })
    }
    var options = RunDiff.Options()
    options.showsAll = true
    let diff = RunDiff(try side("sha256-1"), try side("sha256-2"), options)
    #expect(diff.factors.confounded == "the tokenizer differs")
    let verdicts = diff.changes.filter { $0.metric == .valLoss }.map(\.verdict)
    #expect(verdicts == [.undecided(.otherTokenizer)])
    #expect(RunDiff(try side("sha256-1"), try side("sha256-1")).factors.confounded == nil)
  }

  @Test func `the best of a run is told by what compares`() throws {
    let cases = try DiffCases()
    func cells(_ other: JSON) -> [DiffCases.Cell] {
      [
        .init(
          variant: "a", metrics: [(.valLoss, 1), (.stepSeconds, 2)],
          facts: ["tokenizer_sha256": "sha256-1"]),
        .init(
          variant: "b", metrics: [(.valLoss, 3), (.stepSeconds, 1)],
          facts: ["tokenizer_sha256": other]),
      ]
    }
    let mixed = RunEntry(try cases.side(cells("sha256-2")).run)
    #expect(mixed.best?.metric == .stepSeconds && mixed.best?.cell.row.variant == "b")
    #expect(RunEntry(try cases.side(cells("sha256-1")).run).best?.metric == .valLoss)
  }
}
