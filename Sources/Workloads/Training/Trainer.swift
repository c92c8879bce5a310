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
  private let scalars: StepScalars
  private let figures: StepFigures

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
    gradients = model.parameters.newGradients(on: device)
    optimizer = AdamW(
      options.adamW, for: model.parameters.tensors, decays: model.parameters.all.map(\.decays),
      on: device)
    scalars = StepScalars(on: device)
    figures = StepFigures(on: device)
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
    uploadScalars(rate: rate)
    backward(inputs, targets: targets)
    optimizer.step(
      model.parameters.all.map(gradient), scalars, figures, clip: options.clip)
    let found = figures.download()
    steps += 1
    let step = TrainingStep(
      loss: found.loss, zLoss: found.zLoss, gradientNorm: found.gradientNorm, rate: rate,
      maxAttentionLogit: found.attentionLogit.map(Double.init))
    if step.isFinite { optimizer.steps += 1 }
    return step
  }

  /// The mean cross-entropy and z-loss of a batch and the largest attention logit; leaves the
  /// gradients in place.
  package func backward(
    _ inputs: [Int32], targets: [Int32], batch: Int
  ) -> (loss: Double, zLoss: Double?, logit: Float?) {
    uploadScalars(rate: 0)
    backward(
      Tokens(inputs, batch: batch, on: device), targets: Tokens(targets, batch: batch, on: device))
    let found = figures.download()
    return (found.loss, found.zLoss, found.attentionLogit)
  }

  /// What the step to come has others of than the last one.
  private func uploadScalars(rate: Double) {
    scalars.upload(
      dropout: DropoutKeys.key(seed: seed, step: steps), rate: Float(rate),
      corrections: optimizer.nextCorrections)
  }

  /// Asks for the figures of a batch and its gradients.
  private func backward(_ inputs: Tokens, targets: Tokens) {
    let tape = Tape(leaves: model.parameters.all.count)
    let pass = Pass(on: device, tape: tape, precision: precision)
    pass.observesLogits = true
    pass.dropoutKeys = DropoutKeys(scalars)
    figures.reduce(model.loss(inputs, targets: targets, pass))
    figures.reduceLogits(of: pass)
    tape.backward(into: gradients)
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
