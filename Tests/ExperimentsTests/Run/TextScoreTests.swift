// The workload `score`: how likely a model finds a text, with and without a cache.

import Config
import Experiments
import Foundation
import Models
import Records
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("the score workload") struct TextScoreTests {
  private static let ids = "dataset: {name: synthetic-ids, tokens: ids}"

  private static func score(
    _ model: String = "from: tiny-llama", _ more: String..., text: String = ids, windows: Int = 3,
    seed: Int = 1
  ) throws -> TrainCell {
    let cell = try TrainCell(
      """
      # How likely is it?
      device: cpu
      seeds: \(seed)
      model: {\(model)}
      workload:
        type: score
        \(text)
        sequence: 64
        windows: \(windows)
        \(more.joined(separator: "\n  "))
      """)
    try cell.run()
    return cell
  }

  private static func loss(_ cell: TrainCell) throws -> Double {
    try #require(cell.job.row.metrics[.textLoss])
  }

  @Test func `its figures are those of the scorer over the windows`() throws {
    let cell = try Self.score()
    let metrics = cell.job.row.metrics
    let all = SyntheticPlays(characters: 100_000).bytes().map { Int32($0) }
    let text = Array(all[TextCorpus.cut(all.count)...])
    let device = Device.cpu(threads: 1)
    let scorer = Scorer(try SavedModel("tiny-llama").load(on: device), precision: .f32, on: device)
    // Windows lie side by side: three of those of the validation split have these losses.
    let losses = try (0..<text.count / 64).map { place in
      try #require(scorer.score(Array(text[place * 64..<place * 64 + 64])).loss)
    }
    let drawn = try #require(metrics[.textLoss]) * 3
    let found = losses.indices.contains { a in
      losses[(a + 1)...].indices.contains { b in
        losses[(b + 1)...].contains { abs(losses[a] + losses[b] + $0 - drawn) < 1e-4 }
      }
    }
    #expect(found)
    #expect(metrics[.perplexity] == exp(drawn / 3) && metrics[.bitsPerByte] == nil)
    #expect(metrics[.scoredTokens] == 3 * 63 && metrics[.cacheBytes] == nil)
    #expect(cell.job.row.fact("cache") == "none" && cell.job.row.fact("weights") == "tiny-llama")
    let lines = try AtomicFile.read(cell.folder.file("loss-by-position.jsonl"))
      .split(separator: "\n").map { try JSON(reading: String($0)) }
    let mean = lines.compactMap { $0["loss"]?.number }.reduce(0, +) / 63
    #expect(lines.count == 63 && abs(mean - drawn / 3) < 1e-9)
  }

  @Test func `a seed draws the same windows for all, another seed others`() throws {
    let losses = try [(1, "cache: f32"), (1, "cache: bf16"), (2, "cache: f32")].map {
      try Self.loss(Self.score("from: tiny-llama", $0.1, seed: $0.0))
    }
    #expect(abs(losses[0] - losses[1]) < 0.1 && abs(losses[0] - losses[2]) > 1e-3, "\(losses)")
    let whole = try [1, 2].map {
      try Self.loss(Self.score("from: tiny-llama", "split: all", windows: 100_000, seed: $0))
    }
    #expect(whole[0] == whole[1])
  }

  @Test func `every token is predicted through the cache that is asked for`() throws {
    let none = try Self.loss(Self.score())
    for chunk in [1, 16, 64, 100] {
      let cell = try Self.score("from: tiny-llama", "cache: f32", "chunk: \(chunk)")
      #expect(try abs(Self.loss(cell) - none) < 1e-5, "chunk \(chunk)")
      let metrics = cell.job.row.metrics
      #expect(metrics[.cacheBytes] == metrics[.prediction(of: .cacheBytes)])
    }
    let (bf16, q8) = (
      try Self.score("from: tiny-llama", "cache: bf16"),
      try Self.score("from: tiny-llama", "cache: q8")
    )
    // Rounding keys and values shows, and little of it.
    for cell in [bf16, q8] {
      let change = try abs(Self.loss(cell) - none)
      #expect(change > 1e-7 && change < 0.05, "\(change)")
    }
    let bytes = [bf16, q8].map { $0.job.row.metrics[.kvCacheBytesPerToken] }
    #expect(bytes == [256, 144])
    // One call that holds the whole window goes through the cache too.
    let large = try Self.score("from: tiny-llama", "cache: q8", "chunk: 100")
    #expect(try abs(Self.loss(large) - none) > 1e-7)
  }

  @Test func `a window and a scaling change the loss, and a rolling buffer does not`() throws {
    let none = try Self.loss(Self.score())
    let window = "from: tiny-llama, attention: {window: 8}"
    let full = try Self.score(window, "cache: f32", "chunk: 8")
    let rolling = try Self.score(window, "cache: f32", "chunk: 8", "buffer: rolling")
    #expect(try abs(Self.loss(full) - none) > 1e-4)
    #expect(try abs(Self.loss(full) - Self.loss(rolling)) < 1e-6)
    let sizes = try [full, rolling].map { try #require($0.job.row.metrics[.cacheBytes]) }
    #expect(sizes[1] < sizes[0] / 3, "\(sizes)")
    #expect(full.job.row.fact("departures") == "model.attention.window is 8 instead of none")
    let scaled = try Self.score(
      "from: tiny-llama, position: {scaling: {type: linear, factor: 4}}")
    #expect(try abs(Self.loss(scaled) - none) > 1e-4)
    #expect(
      scaled.job.row.fact("departures") == "model.position.scaling is linear instead of none")
  }

  @Test func `a model that reads characters has bits a byte`() throws {
    let trained = try TrainCell(
      """
      # Does it learn?
      device: cpu
      model: {layers: 1, width: 32, attention: {type: mha, heads: 4}}
      workload: {dataset: {name: ./text.txt}, sequence: 16, batch: 4, steps: 40, sample: {tokens: 0}}
      """)
    try trained.run()
    let text = "dataset: {name: \(trained.folder.path)/text.txt}"
    let cell = try Self.score("from: \(trained.folder.path)", text: text, windows: 100_000)
    let metrics = cell.job.row.metrics
    let loss = try Self.loss(cell)
    let valid = try #require(trained.job.row.metrics[.valLoss])
    #expect(abs(loss - valid) < 0.3, "\(loss) \(valid)")
    // The text is ASCII.
    #expect(try abs(#require(metrics[.bitsPerByte]) - loss / log(2)) < 1e-9)
    let random = try Self.loss(
      Self.score("layers: 1, width: 32, attention: {type: mha, heads: 4}", text: text))
    #expect(random > loss + 0.3)
  }

  @Test func `what does not go together is said`() throws {
    func problem(_ body: () throws -> TrainCell) -> String {
      do {
        let cell = try body()
        return cell.job.row.reason ?? ""
      } catch {
        return (error as? Faults)?.text ?? "\(error)"
      }
    }
    let rolling = problem { try Self.score("from: tiny-llama", "buffer: rolling") }
    #expect(rolling.contains("a rolling buffer needs a cache: f32, bf16 or q8"), "\(rolling)")
    let missing = problem {
      try Self.score("from: tiny-llama", text: "dataset: {name: ./few.txt, tokens: ids}")
    }
    #expect(missing.contains("few.txt"), "\(missing)")
  }

  @Test func `what changes nothing is said`() throws {
    func warnings(_ model: String, _ workload: String) throws -> [String] {
      try PlannedExperiment.load(
        text: """
          # Does it matter?
          device: cpu
          model: {\(model)}
          workload: {\(workload)}
          """, name: "x.yaml", reader: .standard
      ).warnings
    }
    let score = "type: score, \(Self.ids), sequence: 32, cache: f32"
    let generate = "type: generate, \(Self.ids), prompt_tokens: 32"
    let inspect = "type: inspect, sequence: 32"
    for workload in [score, generate, inspect] {
      #expect(try warnings("from: tiny-llama", workload) == [])
      let rolling = try warnings("from: tiny-llama", workload + ", buffer: rolling")
      #expect(
        rolling.count == 1 && rolling[0].hasPrefix("workload.buffer is rolling, but no layer"))
      let windowed = "from: tiny-llama, attention: {window: [none, 8]}"
      #expect(try warnings(windowed, workload + ", buffer: rolling") == [])
    }
    for (workload, key) in [(score, "sequence"), (generate, "prompt_tokens")] {
      let long = try warnings("from: tiny-llama", workload + ", chunk: 33")
      #expect(
        long == [
          "workload.chunk (33) is more than workload.\(key) (32): all is read in one call"
        ])
    }
    // Without a cache there are no chunks.
    #expect(try warnings("from: tiny-llama", "type: score, \(Self.ids), chunk: 9999") == [])
  }

  @Test func `a text that is shorter than a window is refused`() throws {
    let cell = try TrainCell(
      """
      # Is it long enough?
      device: cpu
      model: {from: tiny-llama}
      workload: {type: score, dataset: {name: ./few.txt, tokens: ids}, sequence: 8}
      """)
    try cell.folder.write("1 2 3 4 5 6 7 8 9 10 11", to: "few.txt")
    let error = #expect(throws: (any Error).self) { try cell.run() }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("of its 11 tokens the split 'validation' has 2"), "\(text)")
    #expect(text.contains("and a window has 8"))
  }
}
