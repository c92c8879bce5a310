// GenerationRun: one generation with one kind of cache, timed step by step, its logits kept for
// comparison.

import Config
import Foundation
import Models
import Records
import Statistics
import Tensors

/// Prefill and decode with one cache.
struct GenerationRun {
  private let options: GenerateOptions
  private let model: Transformer
  private let cell: CellJob
  private let generator: Generator
  private let type: CacheType
  private let isRolling: Bool
  private var prefillSeconds = 0.0
  private var seconds: [Double] = []
  /// By step, [batch, vocabulary].
  private var logits: [[Float]] = []
  /// By step, the mean over the sequences, in nats.
  private var losses: [Double] = []

  init(
    _ options: GenerateOptions, _ model: Transformer, _ cell: CellJob, _ type: CacheType,
    isRolling: Bool
  ) {
    self.options = options
    self.model = model
    self.cell = cell
    self.type = type
    self.isRolling = isRolling
    generator = Self.generator(options, model, cell, type, isRolling: isRolling)
  }

  /// A generator with an empty cache that has room for all tokens.
  static func generator(
    _ options: GenerateOptions, _ model: Transformer, _ cell: CellJob, _ type: CacheType,
    isRolling: Bool
  ) -> Generator {
    let cache = KVCache(
      for: model, batch: options.batch, capacity: options.promptTokens + options.newTokens,
      type: type, isRolling: isRolling, chunk: options.chunk, on: cell.device)
    return Generator(
      model, cache: cache, chunk: options.chunk, precision: cell.precision,
      packsWeights: options.packsWeights, on: cell.device)
  }

  /// - Parameter sequences: prompt, continuation and one target more of each sequence.
  /// - Throws: `Interrupted` when the user asks to stop.
  mutating func generate(_ sequences: [[Int32]]) throws {
    let (depth, prompt) = (options.depth, options.promptTokens)
    _ = generator.prefill(sequences.map { Array($0[..<depth]) }, stops: cell.isInterrupted)
    prefillSeconds = cell.device.seconds {
      _ = generator.prefill(sequences.map { Array($0[depth..<prompt]) }, stops: cell.isInterrupted)
    }
    cell.progress.expect(Double(options.newTokens), after: 0)
    for step in 0..<options.newTokens {
      try cell.checkInterrupt()
      let (logits, time) = cell.device.timed { generator.step(sequences.map { $0[prompt + step] }) }
      seconds.append(time)
      let loss = Self.loss(logits, targets: sequences.map { $0[prompt + step + 1] })
      losses.append(loss)
      self.logits.append(logits)
      cell.progress.step(
        step + 1, of: options.newTokens, loss: loss,
        perSecond: Double(options.batch) / (seconds.last ?? 1))
    }
  }

  /// The mean of -log softmax(logits)[target].
  private static func loss(_ logits: [Float], targets: [Int32]) -> Double {
    let width = logits.count / targets.count
    let losses = targets.enumerated().map { index, target -> Double in
      let row = logits[index * width..<(index + 1) * width].map(Double.init)
      let largest = row.max() ?? 0
      return largest + log(row.reduce(0) { $0 + exp($1 - largest) }) - row[Int(target)]
    }
    return losses.reduce(0, +) / Double(losses.count)
  }

  /// What was measured.
  var round: TimingRound {
    var round = TimingRound()
    let prompt = Double((options.promptTokens - options.depth) * options.batch)
    round.metrics[.prefillTokensPerSecond] = prompt / prefillSeconds
    if let step = Sample(seconds).median {
      round.add(.decodeSeconds, median: step, of: seconds)
      round.metrics[.decodeTokensPerSecond] = Double(options.batch) / step
    }
    return round
  }

  /// - Parameters:
  ///   - rounds: all that its time was measured in.
  ///   - bandwidth: the device's, in bytes/s.
  func report(_ rounds: [TimingRound], to metrics: inout MetricValues, bandwidth: Double) {
    let cache = generator.cache
    metrics[.prefillTokensPerSecond] = rounds.mean(.prefillTokensPerSecond)
    if let step = rounds.mean(.decodeSeconds) {
      let bytes = Double(bytesReadByStep)
      metrics[.decodeSeconds] = step
      metrics[.decodeTokensPerSecond] = Double(options.batch) / step
      metrics[.decodeBytesPerSecond] = bytes / step
      metrics[.bandwidthPercent] = 100 * bytes / step / bandwidth
      metrics[.prediction(of: .decodeSeconds)] = bytes / bandwidth
    }
    metrics[.decodeLoss] = losses.reduce(0, +) / Double(max(losses.count, 1))
    metrics.set(.kvCacheBytesPerToken, model.cacheBytesPerToken(type))
    metrics[.cacheBytes] = cell.device.memory.peakByKind[.cache]
    metrics.set(.cacheTouchedBytes, cache.touchedBytes)
    metrics[.prediction(of: .cacheBytes)] = model.cacheBytes(
      tokens: options.promptTokens + options.newTokens, batch: options.batch, type: type,
      isRolling: isRolling, chunk: options.chunk)
    metrics.set(.parameters, model.parameters.count)
  }

  /// Every matrix once, and the keys and values that the middle step sees, which stands for all.
  private var bytesReadByStep: Int {
    let tokens = options.promptTokens + options.newTokens / 2
    let cached = model.blocks.reduce(0) { bytes, block in
      let shape = block.attention.shape
      return bytes + shape.bytesPerToken(type) * min(shape.window ?? tokens, tokens)
    }
    let kept = options.weightType ?? cell.precision
    let matrices = model.blocks.flatMap { $0.attention.matrices + $0.feedForward.matrices }
    let weights = matrices.reduce(kept.bytes(of: [model.vocabulary, model.width])) {
      $0 + kept.bytes(of: [$1.outputs, $1.inputs])
    }
    return weights + options.batch * cached
  }

  /// Whether the cache is the full one of f32 that others are compared with.
  var isExact: Bool { type == .f32 && !isRolling }

  /// What an exact cache changes: nothing, so that others have something to be held against.
  func compareWithItself(in metrics: inout MetricValues) {
    metrics[.logitError] = 0
    metrics[.decodeLossChange] = 0
    metrics[.topTokenPercent] = 100
  }

  /// What this cache changes against an exact one, over the same tokens.
  func compare(with exact: GenerationRun, in metrics: inout MetricValues) {
    let (ours, theirs) = (logits.joined().map(Double.init), exact.logits.joined().map(Double.init))
    let change = zip(ours, theirs).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let size = theirs.reduce(0) { $0 + $1 * $1 }
    metrics[.logitError] = (change / size).squareRoot()
    let change1 = zip(losses, exact.losses).reduce(0) { $0 + $1.0 - $1.1 }
    metrics[.decodeLossChange] = change1 / Double(max(losses.count, 1))
    let same = zip(logits, exact.logits).reduce(0) { count, pair in
      count
        + zip(
          Self.likeliest(pair.0, options.batch), Self.likeliest(pair.1, options.batch)
        ).count { $0 != nil && $0 == $1 }
    }
    metrics[.topTokenPercent] = 100 * Double(same) / Double(max(1, logits.count * options.batch))
  }

  /// Of each sequence; nil where its logits are not finite.
  private static func likeliest(_ logits: [Float], _ batch: Int) -> [Int32?] {
    let width = logits.count / batch
    return (0..<batch).map {
      TokenSampler.likeliest(logits[$0 * width..<($0 + 1) * width])?.token
    }
  }

  /// Time and loss of each step, a line each.
  func writeSteps(to path: String) throws(ResultsError) {
    let lines = seconds.indices.map { step -> String in
      let line: JSON = [
        "step": .integer(step), "position": .integer(options.promptTokens + step),
        "seconds": .real(seconds[step]), "loss": .real(losses[step]),
      ]
      return line.line + "\n"
    }
    try AtomicFile.write(lines.joined(), to: path)
  }
}
