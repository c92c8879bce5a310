// A trainer's evaluation of images against logits and losses that are worked out beside it.

import Foundation
import Images
import Models
import TestModels
import Tensors
import Testing
import Workloads

@Suite struct ImageEvaluationTests {
  /// A small model of images of 8 x 8 pixels in four classes.
  private func trainer(on device: Device, seed: UInt64 = 1) throws -> Trainer {
    let model = try TestModels.model(
      """
      layers: 1
      width: 16
      attention: {type: mha, heads: 2}
      """, vocabulary: 4, length: 1, image: ImageSize(height: 8, width: 8, channels: 1))
    model.parameters.materialise(on: device, seed: seed)
    let options = OptimizerOptions(
      rate: 1e-3, adamW: AdamWOptions(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0),
      clip: 1)
    return Trainer(model, options, precision: .f32, on: device)
  }

  private static let patches: [Float] = (0..<384).map { place -> Float in
    Float(place * 37 % 101) / 50 - 1
  }
  private static let classes: [Int32] = [0, 1, 2, 3, 1, 2]

  @Test func `the loss is the mean of -log softmax of the logits`() throws {
    let trainer = try trainer(on: .cpu(threads: 1))
    let (loss, logits) = trainer.evaluate(patches: Self.patches, classes: Self.classes)
    #expect(logits.count == 24 && Set(logits).count > 20)
    var exact = 0.0
    for (image, label) in Self.classes.enumerated() {
      let row = logits[4 * image..<4 * image + 4].map { Double($0) }
      let sum: Double = row.reduce(0.0) { $0 + exp($1) }
      exact += (log(sum) - row[Int(label)]) / 6
    }
    #expect(abs(loss - exact) < 1e-6)
    // That of a step, before it.
    let step = trainer.step(patches: Self.patches, classes: Self.classes, rate: 1e-3)
    #expect(abs(step.loss - exact) < 1e-6)
    let after = trainer.evaluate(patches: Self.patches, classes: Self.classes).loss
    #expect(after < loss)
  }

  @Test func `an image has the same logits in any batch, on any number of threads`() throws {
    let all = try trainer(on: .cpu(threads: 2)).evaluate(
      patches: Self.patches, classes: Self.classes)
    let one = try trainer(on: .cpu(threads: 1))
    for image in 0..<6 {
      let alone = one.evaluate(
        patches: Array(Self.patches[64 * image..<64 * image + 64]), classes: [Self.classes[image]])
      let error = zip(alone.logits, all.logits[4 * image..<4 * image + 4]).map { abs($0 - $1) }
      #expect((error.max() ?? 1) < 1e-5)
    }
    #expect(
      one.evaluate(patches: Self.patches, classes: Self.classes).logits == all.logits)
  }
}
