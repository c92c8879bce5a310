// ModelNeed: the work and memory of a model, counted without running it.

import Models
import Records
import Statistics
import Tensors

/// What inference and training of a model would take.
struct ModelNeed {
  private let cost: Cost
  /// Operations of a training step as its kernels carry them out.
  private let stepFLOPs: Double
  private let batch: Int
  private let sequence: Int
  private let cache: CacheType
  /// Of all tokens, and of each; nil where a model reads images, all of which it has at once.
  private let cacheBytes: (all: Double, token: Int)?
  private var readsImages: Bool { cacheBytes == nil }
  private let precision: ElementType
  /// Of the weights, as inference keeps them.
  private let weightBytes: Double
  private let forward: MemoryLedger
  private let training: MemoryLedger

  /// - Parameters:
  ///   - cache: how keys and values are kept in inference.
  ///   - isRolling: whether layers with a window keep just that, one token at a time being added.
  ///   - recomputes: whether training computes activations again instead of keeping them.
  ///   - device: where it would run; nothing runs there.
  init(
    _ model: Transformer, batch: Int, sequence: Int, cache: CacheType, isRolling: Bool,
    precision: ElementType, recomputes: Bool, on device: Device
  ) {
    self.batch = batch
    self.sequence = sequence
    self.cache = cache
    self.precision = precision
    cost = model.cost(tokens: sequence)
    weightBytes = Double(model.parameters.bytes(matrices: precision))
    cacheBytes =
      model.input.grid == nil
      ? (
        all: model.cacheBytes(tokens: sequence, batch: batch, type: cache, isRolling: isRolling),
        token: model.cacheBytesPerToken(cache)
      ) : nil
    forward = model.dryForward(batch: batch, sequence: sequence, precision, on: device)
    let trial = DryTraining(
      model, batch: batch, sequence: sequence, precision: precision, on: device,
      recomputes: recomputes)
    training = trial.step
    stepFLOPs = trial.stepFLOPs
  }

  /// Weights, one forward pass over all tokens, and the cache.
  var inferenceBytes: Double {
    weightBytes + forward.atPeak.total - forward.atPeak[.parameters] + (cacheBytes?.all ?? 0)
  }

  var trainingBytes: Double { training.atPeak.total }

  private var hardwareFLOPsPerToken: Double { stepFLOPs / Double(batch) / Double(sequence) }

  func report(to metrics: inout MetricValues) {
    metrics.set(.parameters, cost.parameters)
    metrics[.modelFLOPsPerToken] = cost.trainingFLOPsPerToken
    metrics[.hardwareFLOPsPerToken] = hardwareFLOPsPerToken
    metrics[.forwardFLOPsPerToken] = cost.forwardFLOPsPerSequence / Double(sequence)
    if readsImages {
      metrics[.modelFLOPsPerImage] = cost.trainingFLOPsPerSequence
      metrics[.forwardFLOPsPerImage] = cost.forwardFLOPsPerSequence
    }
    if let cacheBytes {
      metrics.set(.kvCacheBytesPerToken, cacheBytes.token)
      metrics[.cacheBytes] = cacheBytes.all
    }
    metrics[.inferenceBytes] = inferenceBytes
    metrics[.trainingBytes] = trainingBytes
    PredictedMemory(training).report(to: &metrics)
  }

  /// The figures for people.
  var text: String {
    func bytes(_ count: Double) -> String { Metric.peakBytes.text(count) }
    func flops(_ count: Double) -> String { Metric.modelFLOPsPerToken.text(count) }
    let peak = training.peakByKind
    let ofImages = [
      ["FLOPs per image, forward", flops(cost.forwardFLOPsPerSequence)],
      ["FLOPs per image, training", flops(cost.trainingFLOPsPerSequence)],
    ]
    var rows =
      (readsImages ? ofImages : []) + [
        ["FLOPs per token, forward", flops(cost.forwardFLOPsPerSequence / Double(sequence))],
        ["FLOPs per token, training", flops(cost.trainingFLOPsPerToken)],
        ["FLOPs per token, training, as executed", flops(hardwareFLOPsPerToken)],
        ["FLOPs a training step", flops(cost.trainingFLOPsPerSequence * Double(batch))],
        ["parameters in training", bytes(peak[.parameters])],
        ["gradients", bytes(peak[.gradients])],
        ["optimizer", bytes(peak[.optimizer])],
        ["activations in training", bytes(peak[.activations])],
        ["parameters in inference, \(precision.word)", bytes(weightBytes)],
        ["activations in inference", bytes(forward.peakByKind[.activations])],
      ]
    if let cacheBytes {
      rows.append(["\(cache.rawValue) cache", bytes(cacheBytes.all)])
      rows.append(["\(cache.rawValue) cache, a token", bytes(Double(cacheBytes.token))])
    }
    let table = Table(
      header: ["\(batch) x \(sequence) tokens", "needs"], rows: rows, left: [0])
    return table.text
  }
}

// DryTraining: a training step on a device that only counts, to know its memory beforehand; and the
// same of a forward pass.

extension Transformer {
  /// The memory of a forward pass without gradients: parameters, activations, scratch.
  ///
  /// Its parameters lie on a device of no memory afterwards.
  ///
  /// - Parameter device: where it would run; nothing runs there.
  fileprivate func dryForward(
    batch: Int, sequence: Int, _ precision: ElementType, on device: Device
  ) -> MemoryLedger {
    let device = Device.meta(of: device)
    let batch = trial(batch: batch, sequence: sequence, on: device)
    parameters.allocate(on: device)
    let pass = Pass(on: device, precision: precision)
    if case .tokens(let tokens) = batch.read {
      _ = self(tokens, pass, lastOnly: true)
    } else {
      _ = self(batch.read, pass)
    }
    return withExtendedLifetime(batch) { device.memory }
  }
}

/// The memory of a training step.
struct DryTraining {
  /// Of a whole step.
  let step: MemoryLedger
  /// Floating-point operations that the step called for.
  let stepFLOPs: Double

  /// - Parameters:
  ///   - model: its parameters lie on a device of no memory afterwards.
  ///   - device: where it would run; nothing runs there.
  init(
    _ model: Transformer, batch: Int, sequence: Int, precision: ElementType, on device: Device,
    optimizer: OptimizerOptions = .usual, recomputes: Bool
  ) {
    let device = Device.meta(of: device)
    let (read, targets) = model.trial(batch: batch, sequence: sequence, on: device)
    model.parameters.allocate(on: device)
    let trainer = Trainer(
      model, optimizer, precision: precision, on: device, recomputes: recomputes)
    _ = trainer.step(read, targets: targets, rate: 0)
    // A training keeps its batch after a step: the next one is put in its place.
    step = withExtendedLifetime((read, targets)) { device.memory }
    stepFLOPs = trainer.stepOperations ?? 0
  }
}

// PredictedMemory: what a dry run says of memory, as the predictions that stand beside what is
// measured.

/// Peak bytes by kind that a dry run counted.
struct PredictedMemory {
  let ledger: MemoryLedger

  init(_ ledger: MemoryLedger) { self.ledger = ledger }

  /// The bytes in use at the moment of the highest total.
  var peakBytes: Double { ledger.atPeak.total }

  func report(to metrics: inout MetricValues) {
    var predicted = MetricValues()
    ledger.report(to: &predicted)
    for metric in predicted.metrics { metrics[.prediction(of: metric)] = predicted[metric] }
  }
}
