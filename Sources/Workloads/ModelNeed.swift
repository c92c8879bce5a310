// ModelNeed: the work and memory of a model, counted without running it.

import Models
import Records
import Statistics
import Tensors

/// What inference and training of a model would take.
struct ModelNeed {
  private let cost: Cost
  private let batch: Int
  private let sequence: Int
  private let cache: CacheType
  private let cacheBytes: Int
  private let bytesPerToken: Int
  private let forward: MemoryLedger
  private let training: MemoryLedger

  /// - Parameters:
  ///   - cache: how keys and values are kept in inference.
  ///   - isRolling: whether layers with a window keep just that, one token at a time being added.
  ///   - threads: CPU threads, which scratch memory depends on.
  init(
    _ model: Transformer, batch: Int, sequence: Int, cache: CacheType, isRolling: Bool,
    precision: ElementType,
    threads: Int
  ) {
    self.batch = batch
    self.sequence = sequence
    self.cache = cache
    cost = model.cost(tokens: sequence)
    bytesPerToken = model.cacheBytesPerToken(cache)
    cacheBytes = model.cacheBytes(
      tokens: sequence, batch: batch, type: cache, isRolling: isRolling)
    let trial = DryTraining(
      model, batch: batch, sequence: sequence, precision: precision, threads: threads)
    forward = trial.forward
    training = trial.step
  }

  /// Parameters, one forward pass over all tokens, and the cache.
  var inferenceBytes: Int { forward.atPeak.total + cacheBytes }
  var trainingBytes: Int { training.atPeak.total }

  func report(to metrics: inout MetricValues) {
    metrics.set(.parameters, cost.parameters)
    metrics.set(.flopsPerToken, Int(cost.trainingFLOPsPerToken))
    metrics[.forwardFLOPsPerToken] = cost.forwardFLOPsPerSequence / Double(sequence)
    metrics.set(.kvCacheBytesPerToken, bytesPerToken)
    metrics.set(.cacheBytes, cacheBytes)
    metrics.set(.inferenceBytes, inferenceBytes)
    metrics.set(.trainingBytes, trainingBytes)
    PredictedMemory(training).report(to: &metrics)
  }

  /// The figures for people.
  var text: String {
    func bytes(_ count: Int) -> String { Metric.peakBytes.text(Double(count)) }
    func flops(_ count: Double) -> String { Metric.flopsPerToken.text(count) }
    let peak = training.peakByKind
    let forwardFLOPs = cost.forwardFLOPsPerSequence
    let whole = (forwardFLOPs + cost.backwardFLOPsPerSequence) * Double(batch)
    let rows = [
      ["FLOPs a token, forward", flops(forwardFLOPs / Double(sequence))],
      ["FLOPs a token, training", flops(cost.trainingFLOPsPerToken)],
      ["FLOPs a training step", flops(whole)],
      ["parameters", bytes(peak[.parameters])],
      ["gradients", bytes(peak[.gradients])],
      ["optimizer", bytes(peak[.optimizer])],
      ["activations in training", bytes(peak[.activations])],
      ["activations in inference", bytes(forward.peakByKind[.activations])],
      ["\(cache.rawValue) cache", bytes(cacheBytes)],
      ["\(cache.rawValue) cache, a token", bytes(bytesPerToken)],
    ]
    let table = Table(header: ["\(batch) x \(sequence) tokens", "needs"], rows: rows, left: [0])
    return table.text
  }
}
