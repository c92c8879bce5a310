// TextScore: how likely a model finds a text, through the cache that is asked for: what a smaller
// cache, a window or another scaling of positions costs.

package import Config
import Foundation
package import Models
package import Records
package import Tensors
import Tokenizers

/// The loss of a model on windows of a text, which the seed draws.
///
/// Cells of one seed read the same windows, whatever else they differ in, so that their losses are
/// compared in pairs.
package struct TextScore: Workload {
  package static let word = "score"
  package static let summary =
    "how likely a model finds a text: loss, perplexity, bits a byte, with or without a KV cache"
  package static let formula = "mean of -log p(token | earlier tokens of the window)"
  package static let source = "Jelinek et al. 1977 (perplexity)"
  package static let headline: [Metric] = [
    .textLoss, .perplexity, .bitsPerByte, .cacheBytes, .kvCacheBytesPerToken, .parameters,
    .parameterBytes,
  ]
  package static let primary: [Metric] = [.textLoss, .cacheBytes]
  package static let scaling: [Metric] = [.cacheBytes]

  let options: ScoreOptions

  package init(_ options: Section) { self.options = ScoreOptions(options) }

  package var length: Int { options.sequence }
  package var weightType: ElementType? { options.weightType }
  package var steps: Int { options.windows }
  package var tokensPerStep: Int { options.sequence }
  package var dataset: DatasetDeclaration? { options.dataset }

  package func check(_ model: Transformer, from section: Section, _ options: Section) {
    if self.options.isRolling && !model.canPrefillInChunks(length) {
      options.fault(
        "buffer",
        because: .rule(
          "a rolling buffer reads its text in chunks, but beyond its original length the position "
            + "scaling goes by the whole text"),
        notes: [section.note("position")])
    }
  }

  package func warnings(of model: Section) -> [String] {
    if options.cache == nil { return [] }
    return Section.warnings(
      of: model, isRolling: options.isRolling, chunk: options.chunk,
      tokens: ("sequence", length))
  }

  package func check(_ vocabulary: TextVocabulary, size: TextCorpus.Size) throws(Faults) {
    let validation = options.split == .validation ? options.dataset.validationMark : nil
    guard let mark = validation ?? options.dataset.mark else { return }
    do throws(TextTooShort) {
      _ = try options.range(of: size)
    } catch {
      throw Faults([Fault(.rule(error.description), at: mark)])
    }
  }

  package func flops(of model: Transformer) -> Double? {
    Double(options.windows) * model.cost(tokens: length).forwardFLOPsPerSequence
  }

  /// Tokens of one call; without a cache, a window is read in one.
  var callTokens: Int { options.cache == nil ? length : min(options.chunk, length) }

  func scorer(
    _ model: Transformer, _ precision: ElementType, on device: Device
  ) -> Scorer {
    Scorer(
      model, cache: options.cache, isRolling: options.isRolling, chunk: callTokens,
      precision: precision, on: device)
  }

  package func run(_ cell: CellJob) throws {
    let corpus = try cell.corpus(options.dataset, for: cell.model.base)
    let windows = try options.draw(from: corpus, seed: cell.seed)
    // Where its tokens do not tell the whole text, its bytes are no measure of them.
    let measures = corpus.untokenized.isEmpty
    let model = cell.model.build(vocabulary: corpus.vocabulary.count, length: length)
    try model.check(tokens: length)
    guard
      cell.recordKernel(
        of: model, tokens: callTokens, cache: options.cache, needsGradient: false)
    else { return }
    let matrices = options.weightType ?? cell.precision
    let least =
      Double(model.parameters.bytes(matrices: matrices)) + (predictedCacheBytes(of: model) ?? 0)
    try cell.checkMemory(
      predictedPeakBytes: predictedPeakBytes(of: model, cell.precision, on: cell.device) ?? least)
    try cell.materialise(model, matrices: matrices, reading: length)
    if cell.model.base == nil { cell.row.setFact("weights", "random") }
    cell.row.setFact("weight_type", .string(matrices.word))
    cell.row.setFact("cache", .string(options.cache?.rawValue ?? "none"))
    cell.row.setFact("buffer", .string(options.isRolling ? "rolling" : "full"))

    let scorer = scorer(model, cell.precision, on: cell.device)
    var scores = WindowScores()
    cell.progress.expect(Double(windows.count), after: 0)
    for (index, window) in windows.enumerated() {
      let start = MonotonicClock.now()
      let score = scorer.score(window, stops: cell.isInterrupted)
      try cell.checkInterrupt()
      let tokenizer = measures ? corpus.vocabulary.tokenizer : nil
      scores.add(score, bytes: tokenizer?.bytesAfterFirst(of: window))
      cell.progress.step(
        index + 1, of: windows.count, loss: score.loss ?? 0,
        perSecond: Double(window.count) / max(MonotonicClock.now() - start, 1e-9))
    }
    cell.row.status = .ok
    report(scores, of: model, to: cell)
    try AtomicFile.write(scores.byPosition, to: "\(cell.folder)/loss-by-position.jsonl")
  }

  private func report(_ scores: WindowScores, of model: Transformer, to cell: CellJob) {
    if !scores.loss.isFinite {
      cell.row.status = .diverged
      cell.row.reason = "the loss is not finite"
    }
    var metrics = cell.row.metrics
    defer { cell.row.metrics = metrics }
    metrics[.textLoss] = scores.loss
    metrics[.perplexity] = exp(scores.loss)
    metrics[.bitsPerByte] = scores.bitsPerByte
    metrics.set(.scoredTokens, scores.count)
    metrics.set(.parameters, model.parameters.count)
    cell.device.memory.report(to: &metrics)
    if let cache = options.cache {
      metrics.set(.kvCacheBytesPerToken, model.cacheBytesPerToken(cache))
      metrics[.cacheBytes] = cell.device.memory.peakByKind[.cache]
      metrics[.prediction(of: .cacheBytes)] = predictedCacheBytes(of: model)
    }
  }
}

/// The log-probabilities of all windows of a cell.
private struct WindowScores {
  private var sum = 0.0
  private(set) var count = 0
  private var bytes: Int? = 0
  /// By the position that predicts.
  private var sums: [Double] = []
  private var windows = 0

  /// - Parameter bytes: of the tokens that were predicted; nil where they are no text.
  mutating func add(_ score: Score, bytes: Int?) {
    let losses = score.logprobs.map { -$0 }
    sum += losses.reduce(0, +)
    count += losses.count
    self.bytes = self.bytes.flatMap { all in bytes.map { all + $0 } }
    if sums.isEmpty { sums = [Double](repeating: 0, count: losses.count) }
    for (position, loss) in losses.enumerated() { sums[position] += loss }
    windows += 1
  }

  /// Nats a token.
  var loss: Double { sum / Double(count) }

  var bitsPerByte: Double? {
    bytes.flatMap { $0 > 0 ? sum / log(2) / Double($0) : nil }
  }

  /// A line a position.
  var byPosition: String {
    sums.enumerated().map { position, sum in
      let line: JSON = ["position": .integer(position), "loss": .real(sum / Double(windows))]
      return line.line + "\n"
    }.joined()
  }
}

// The options of the `score` workload.

/// What one scoring is told.
struct ScoreOptions: Sendable {
  /// Which part of the text is read.
  enum Split: String, Sendable {
    case validation, train, all
  }

  let dataset: DatasetDeclaration
  let split: Split
  let sequence: Int
  let windows: Int
  /// Nil: the precision.
  let weightType: ElementType?
  /// What all keys and values go through; nil: nothing is kept.
  let cache: CacheType?
  let isRolling: Bool
  let chunk: Int

  init(_ options: Section) {
    dataset = DatasetDeclaration(options)
    let split = options.read(
      "split",
      .choice(of: [
        Choice("validation", "the last tenth, which a training on the text does not see"),
        Choice("train", "the rest"), Choice("all", "the whole text"),
      ]), default: Split.validation.rawValue, "which part of the text is read")
    self.split = Split(rawValue: split) ?? .validation
    sequence = options.read(
      "sequence", .int(in: 2...1_048_576), default: 512,
      "tokens of a window, each of which but the first is predicted from those before it")
    windows = options.read(
      "windows", .int(in: 1...1_000_000), default: 8,
      "windows that the loss is the mean over: drawn by the seed from those that lie side by side in "
        + "the text, or all of them where there are no more")
    weightType = options.weightType()
    let word = options.read(
      "cache",
      .choice(of: [
        Choice("none", "a window is read in one call, which keeps nothing"),
        Choice("f32", "32-bit floats, exact"), Choice("bf16", "bfloat16: half the bytes"),
        Choice("q8", "blocks of 32 int8 numbers with one fp16 scale: 8.5 bits per number"),
      ]), default: "none", "how the keys and values are kept that every token is predicted through")
    cache = CacheType(rawValue: word)
    isRolling = options.rollingBuffer()
    chunk = options.read(
      "chunk", .int(in: 1...1_048_576), derived: min(64, sequence), rule: "sequence, at most 64",
      "tokens that are read into the cache at a time; 1 decodes token by token")
    if isRolling && cache == nil {
      options.fault("buffer", because: .rule("a rolling buffer needs a cache: f32, bf16 or q8"))
    }
  }

  /// The tokens that windows are drawn from, of a text of so many.
  ///
  /// - Throws: `TextTooShort` where there is not one window.
  func range(of size: TextCorpus.Size) throws(TextTooShort) -> Range<Int> {
    let range =
      switch split {
      case .validation: size.train..<size.all
      case .train: 0..<size.train
      case .all: 0..<size.all
      }
    guard range.count >= sequence else {
      throw TextTooShort(description: tooShort(range.count, of: size.all))
    }
    return range
  }

  private func tooShort(_ count: Int, of all: Int) -> String {
    let window = "and a window has \(sequence)"
    if let validation = dataset.validation, split == .validation {
      return "'\(validation)' is too short: it has \(Wording.count(count, "token")), \(window)"
    }
    return "'\(dataset.dataset)' is too short: of its \(all) tokens the split "
      + "'\(split.rawValue)' has \(count), \(window)"
  }

  /// The windows of a seed.
  ///
  /// - Throws: `TextTooShort` where the text has not one.
  func draw(from corpus: TextCorpus, seed: Int) throws(TextTooShort) -> [[Int32]] {
    let range = try range(of: corpus.size)
    let places = range.count / sequence
    var order = Array(0..<places)
    if windows < places {
      // The first few of a shuffle (Fisher and Yates).
      let random = Random(seed: UInt64(seed), purpose: "windows")
      for place in 0..<windows {
        order.swapAt(place, place + random.below(places - place, place))
      }
      order = Array(order[..<windows])
    }
    return order.map { place in
      let start = range.lowerBound + place * sequence
      return (start..<start + sequence).map { corpus[$0] }
    }
  }
}

/// A text that not one window fits into.
struct TextTooShort: Error, CustomStringConvertible {
  let description: String
}
