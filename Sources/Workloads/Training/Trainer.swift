// Trainer: one optimizer step after another. It knows the model and the optimizer; not data, files
// or clocks.

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
  private let recomputes: Bool
  /// Steps done: each silences other elements where there is dropout, and can be replayed.
  package private(set) var steps = 0
  /// Floating-point operations that the newest step really called for; nil before the first.
  package private(set) var stepOperations: Double?
  private let gradients: Gradients
  private let scalars: StepScalars
  private let figures: StepFigures
  /// Whether a step with the shapes of the last one is captured and replayed.
  private let replays: Bool
  /// Where a batch lies: its inputs and its targets.
  private var places: [Storage] = []
  /// Batch and sequence of the last step, and the step of that shape.
  private var lastShape: [Int]?
  private var graph: Graph?
  /// How often the device had taken its kept memory back when a step last ran uncaptured.
  private var trims: Int?
  /// Whether the last step was captured or replayed.
  package var isCaptured: Bool { graph != nil }

  /// - Parameters:
  ///   - model: with materialised parameters on `device`.
  ///   - seed: the run's seed, which decides what dropout silences.
  ///   - recomputes: whether backward computes norms and activations again instead of keeping them;
  ///     the bits are the same.
  ///   - replays: whether steps of the same shapes are captured once and replayed; the bits are the
  ///     same.
  package init(
    _ model: Transformer, _ options: OptimizerOptions, precision: ElementType, seed: UInt64 = 0,
    on device: Device, recomputes: Bool = false, replays: Bool = true
  ) {
    self.model = model
    self.device = device
    self.options = options
    self.precision = precision
    self.seed = seed
    self.recomputes = recomputes
    self.replays = replays
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
    let (inputs, targets) = place(inputs, targets: targets, batch: batch)
    inputs.require(vocabulary: model.vocabulary, in: "a training step")
    return step(
      .tokens(inputs), targets: targets, shape: [batch, inputs.sequence], rate: rate)
  }

  /// The same for images.
  ///
  /// - Parameters:
  ///   - patches: [batch, patches, values of a patch]; see `ModelInput`.
  ///   - classes: of each image.
  package func step(patches: [Float], classes: [Int32], rate: Double) -> TrainingStep {
    let (patches, targets) = place(patches: patches, classes: classes)
    return step(.patches(patches), targets: targets, shape: [targets.batch], rate: rate)
  }

  /// - Parameter shape: of the batch; a step like the last one is captured, and replayed.
  private func step(
    _ inputs: ModelInput, targets: Tokens, shape: [Int], rate: Double
  ) -> TrainingStep {
    guard replays, shape == lastShape else {
      lastShape = shape
      return step(inputs, targets: targets, rate: rate)
    }
    targets.require(vocabulary: model.vocabulary, in: "a training step")
    return step(rate: rate) {
      if let graph, graph.isCurrent { return graph.replay() }
      // Where the step before had this shape, and the device has kept its memory since, all is
      // there that a capture needs. Else the step runs, for which other memory may be taken back.
      if graph == nil, trims == device.trims {
        graph = Graph(on: device) { ask(inputs, targets: targets) }
      } else {
        graph = nil
        ask(inputs, targets: targets)
        trims = device.trims
      }
    }
  }

  /// Puts a batch where the one before was, as long as it fits: a captured step reads it there.
  private func place(
    _ inputs: [Int32], targets: [Int32], batch: Int
  ) -> (inputs: Tokens, targets: Tokens) {
    makePlaces(inputs.count, targets.count)
    return (
      Tokens(inputs, batch: batch, in: places[0]), Tokens(targets, batch: batch, in: places[1])
    )
  }

  private func place(
    patches: [Float], classes: [Int32]
  ) -> (patches: Tensor, targets: Tokens) {
    makePlaces(patches.count, classes.count)
    let shape = model.shape(ofImages: classes.count, values: patches.count)
    return (
      Tensor(patches, shape, in: places[0]), Tokens(classes, batch: classes.count, in: places[1])
    )
  }

  /// Room for so many inputs and targets, each of four bytes.
  private func makePlaces(_ inputs: Int, _ targets: Int) {
    if zip(places, [inputs, targets]).contains(where: { $0.bytes < 4 * $1 }) || places.isEmpty {
      graph = nil
      places = []
      places = [inputs, targets].map { Storage(bytes: 4 * $0, kind: .data, on: device) }
    }
  }

  /// The same with what lies on the device.
  func step(_ inputs: ModelInput, targets: Tokens, rate: Double) -> TrainingStep {
    graph = nil
    return step(rate: rate) {
      ask(inputs, targets: targets)
      trims = device.trims
    }
  }

  /// Asks for a whole step.
  ///
  /// Nothing in it depends on what the host learns meanwhile.
  private func ask(_ inputs: ModelInput, targets: Tokens) {
    backward(inputs, targets: targets)
    optimizer.step(
      model.parameters.all.map { gradient(of: $0) }, scalars, figures, clip: options.clip)
  }

  /// - Parameter work: asks for the step, or replays it.
  private func step(rate: Double, _ work: () -> Void) -> TrainingStep {
    let before = device.work
    defer { stepOperations = (device.work - before).total }
    uploadScalars(rate: rate)
    work()
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
    graph = nil
    uploadScalars(rate: 0)
    let (inputs, targets) = place(inputs, targets: targets, batch: batch)
    return figures(.tokens(inputs), targets: targets)
  }

  /// The same for images; see `step`.
  package func backward(
    patches: [Float], classes: [Int32]
  ) -> (loss: Double, zLoss: Double?, logit: Float?) {
    graph = nil
    uploadScalars(rate: 0)
    let (patches, targets) = place(patches: patches, classes: classes)
    return figures(.patches(patches), targets: targets)
  }

  private func figures(
    _ inputs: ModelInput, targets: Tokens
  ) -> (loss: Double, zLoss: Double?, logit: Float?) {
    backward(inputs, targets: targets)
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
  private func backward(_ inputs: ModelInput, targets: Tokens) {
    let tape = Tape(leaves: model.parameters.all.count, recomputes: recomputes)
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
    let (inputs, targets) = place(inputs, targets: targets, batch: batch)
    return model.loss(inputs, targets: targets, pass).crossEntropy.mean()
  }

  /// The mean cross-entropy of a batch of images and their logits, [images, classes], without
  /// gradients; see `step`.
  package func evaluate(patches: [Float], classes: [Int32]) -> (loss: Double, logits: [Float]) {
    let pass = Pass(on: device, precision: precision)
    let (patches, targets) = place(patches: patches, classes: classes)
    return model.answers(to: patches, classes: targets, pass)
  }
}
