// Trainer: one optimizer step after another. It knows the model and the optimizer; not data, files or clocks.

package import Models
package import Tensors

/// What one training step found.
package struct TrainingStep: Equatable, Sendable {
  /// Mean cross-entropy of the batch in nats per token, before the update.
  package let loss: Double
  /// The mean z-loss, which is lowered beside it; nil where the model has none.
  package let zLoss: Double?
  /// Norm of the gradient before clipping.
  package let gradientNorm: Double
  package let rate: Double
  /// The largest attention logit of the forward pass; nil when no attention ran.
  package let maxAttentionLogit: Double?

  /// Whether every figure is finite; when not, the parameters were left alone.
  package var isFinite: Bool {
    loss.isFinite && gradientNorm.isFinite && zLoss?.isFinite ?? true
  }
}

/// Trains one model on one device.
package final class Trainer {
  package let model: Transformer
  package let device: Device
  package let optimizer: AdamW
  private let options: OptimizerOptions
  private let precision: ElementType
  private let seed: UInt64
  /// Steps done: each silences other elements where there is dropout, and can be replayed.
  package private(set) var steps = 0
  /// Floating-point operations that the newest step really called for; nil before the first.
  package private(set) var stepOperations: Double?
  private let gradients: Gradients
  private let parameters: [Tensor]
  private let decays: [Bool]

  /// - Parameters:
  ///   - model: with materialised parameters on `device`.
  ///   - seed: the run's seed, which decides what dropout silences.
  package init(
    _ model: Transformer, _ options: OptimizerOptions, precision: ElementType, seed: UInt64 = 0,
    on device: Device
  ) {
    self.model = model
    self.device = device
    self.options = options
    self.precision = precision
    self.seed = seed
    parameters = model.parameters.tensors
    decays = model.parameters.all.map(\.decays)
    gradients = model.parameters.newGradients(on: device)
    optimizer = AdamW(options.adamW, for: parameters, on: device)
  }

  /// Goes on where another trainer stopped; parameters and moments are restored by the caller.
  func resume(after steps: Int, optimizerSteps: Int, stepOperations: Double?) {
    self.stepOperations = stepOperations
    self.steps = steps
    optimizer.steps = optimizerSteps
  }

  /// Forward, backward, clipping and update.
  ///
  /// - Parameters:
  ///   - inputs: [batch, sequence].
  ///   - targets: the token after each input.
  package func step(_ inputs: [Int32], targets: [Int32], batch: Int, rate: Double) -> TrainingStep {
    step(
      Tokens(inputs, batch: batch, on: device), targets: Tokens(targets, batch: batch, on: device),
      rate: rate)
  }

  /// The same with tokens that lie on the device.
  func step(_ inputs: Tokens, targets: Tokens, rate: Double) -> TrainingStep {
    let before = device.work
    defer { stepOperations = (device.work - before).total }
    let (loss, zLoss, logit) = backward(inputs, targets: targets)
    steps += 1
    let found = parameters.indices.map(gradients.leaf)
    let norm = optimizer.norm(of: found)
    // As in PyTorch, a small term keeps the quotient finite.
    let scale = min(1, options.clip / (norm + 1e-6))
    let step = TrainingStep(
      loss: loss, zLoss: zLoss, gradientNorm: norm, rate: rate,
      maxAttentionLogit: logit.map(Double.init))
    guard step.isFinite else { return step }
    optimizer.step(
      parameters, found, rate: Float(rate), gradientScale: Float(scale), decays: decays)
    return step
  }

  /// The mean cross-entropy and z-loss of a batch and the largest attention logit; leaves the gradients in place.
  package func backward(
    _ inputs: [Int32], targets: [Int32], batch: Int
  ) -> (loss: Double, zLoss: Double?, logit: Float?) {
    backward(
      Tokens(inputs, batch: batch, on: device), targets: Tokens(targets, batch: batch, on: device))
  }

  private func backward(
    _ inputs: Tokens, targets: Tokens
  ) -> (loss: Double, zLoss: Double?, logit: Float?) {
    let tape = Tape(leaves: parameters.count)
    let pass = Pass(on: device, tape: tape, precision: precision)
    pass.observesLogits = true
    pass.dropoutKeys = DropoutKeys(seed: seed, step: steps)
    let loss = model.loss(inputs, targets: targets, pass)
    let (crossEntropy, zLoss) = (loss.crossEntropy.mean(), loss.meanZLoss())
    let logit = pass.largestLogit()
    tape.backward(into: gradients)
    return (crossEntropy, zLoss, logit)
  }

  /// The gradient of a parameter after `backward`.
  package func gradient(of parameter: Parameter) -> Tensor? { gradients.leaf(parameter.slot) }

  /// The mean cross-entropy of a batch, without gradients.
  package func evaluate(_ inputs: [Int32], targets: [Int32], batch: Int) -> Double {
    let pass = Pass(on: device, precision: precision)
    return model.loss(
      Tokens(inputs, batch: batch, on: device),
      targets: Tokens(targets, batch: batch, on: device), pass
    ).crossEntropy.mean()
  }
}
