// DryTraining: one forward pass and one training step on a device that only counts, to know their memory beforehand.

import Models
import Tensors

/// The memory of a forward pass and of a training step.
struct DryTraining {
  /// Of a forward pass without gradients: parameters, activations, scratch.
  let forward: MemoryLedger
  /// Of a whole training step.
  let step: MemoryLedger
  /// Floating-point operations that the step called for.
  let stepFLOPs: Double

  /// - Parameter model: its parameters lie on a device of no memory afterwards.
  init(
    _ model: Transformer, batch: Int, sequence: Int, precision: ElementType, threads: Int,
    optimizer: OptimizerOptions = .usual
  ) {
    let device = Device.dry(threads: threads)
    let tokens = Tokens(batch: batch, sequence: sequence, on: device)
    model.parameters.allocate(on: device)
    do {
      let pass = Pass(on: device, precision: precision)
      _ = model(tokens, pass, lastOnly: true)
      forward = device.memory
    }
    device.resetPeaks()
    let trainer = Trainer(model, optimizer, precision: precision, on: device)
    let targets = Tokens(batch: batch, sequence: sequence, on: device)
    _ = trainer.step(tokens, targets: targets, rate: 0)
    step = device.memory
    stepFLOPs = trainer.stepOperations ?? 0
  }
}
