// Dropout in training: replayable, another one each step, and none in evaluation.

import Models
import Tensors
import TestModels
import Testing
import Workloads

@Suite("training with dropout")
struct DropoutTests {
  private let device = Device.cpu(threads: 2)

  private func trainer(_ option: String, seed: UInt64) throws -> Trainer {
    let model = try TestModels.model(
      "layers: 2\nwidth: 16\nattention: {heads: 4}\n\(option)", vocabulary: TinyModel.vocabulary,
      length: TinyModel.length)
    model.parameters.materialise(on: device, seed: 1)
    let options = OptimizerOptions(
      rate: 1e-3,
      adamW: AdamWOptions(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0), clip: 1)
    return Trainer(model, options, precision: .f32, seed: seed, on: device)
  }

  private func losses(_ trainer: Trainer, rate: Double) -> [Double] {
    (0..<4).map { _ in
      trainer.step(
        TinyBatch.inputIDs, targets: TinyBatch.targetIDs, batch: TinyBatch.sequences, rate: rate
      ).loss
    }
  }

  @Test(
    "the same seed gives the same bits, another seed others",
    arguments: ["dropout: 0.3", "stochastic_depth: 0.5"])
  func replay(option: String) throws {
    let first = losses(try trainer(option, seed: 5), rate: 1e-2)
    #expect(first == losses(try trainer(option, seed: 5), rate: 1e-2))
    #expect(first != losses(try trainer(option, seed: 6), rate: 1e-2))
    #expect(
      losses(try trainer("", seed: 5), rate: 1e-2) == losses(try trainer("", seed: 6), rate: 1e-2))
  }

  @Test("each step silences other elements")
  func steps() throws {
    // Nothing is learned at a rate of 0: only dropout changes the loss.
    let silenced = losses(try trainer("dropout: 0.3", seed: 5), rate: 0)
    #expect(Set(silenced).count == silenced.count)
    #expect(Set(losses(try trainer("", seed: 5), rate: 0)).count == 1)
  }

  @Test("evaluation knows neither dropout nor stochastic depth, z-loss or smoothed labels")
  func evaluation() throws {
    let options = [
      "", "dropout: 0.3", "z_loss: 0.1", "label_smoothing: 0.1", "stochastic_depth: 0.3",
    ]
    let found = try options.map {
      try trainer($0, seed: 5).evaluate(
        TinyBatch.inputIDs, targets: TinyBatch.targetIDs, batch: TinyBatch.sequences)
    }
    #expect(Set(found).count == 1)
    let training = try options.map { losses(try trainer($0, seed: 5), rate: 0)[0] }
    // What training reports is the cross-entropy of its labels: the z-loss stands beside it, the
    // others change it.
    #expect(training[2] == training[0])
    #expect(Set(training).count == 4)
  }
}
