// ImageAnswers: what a model says of images, a batch at a time, for all that evaluate one: a training,
// a test of larger images, and whoever asks a stored model.

import Models
import Tensors

extension Transformer {
  /// The shape of so many images in patches with so many values together: [images, patches, values
  /// of a patch].
  func shape(ofImages count: Int, values: Int) -> Shape {
    let patches = input.grid?.patches ?? 1
    return [count, patches, values / (count * patches)]
  }

  /// The mean cross-entropy of images and their logits, [images, classes], without gradients.
  ///
  /// - Parameters:
  ///   - patches: see `ModelInput`.
  ///   - classes: of each image.
  func answers(
    to patches: Tensor, classes: Tokens, _ pass: Pass
  ) -> (loss: Double, logits: [Float]) {
    let logits = self(.patches(patches), pass)
    return (pass.tokenLosses(logits, targets: classes).crossEntropy.mean(), logits.values())
  }
}

extension ClassScores {
  /// The answers to so many images.
  ///
  /// - Parameters:
  ///   - check: called before each batch with what was found until then, to throw when it is to
  ///     stop.
  ///   - answer: of the images at some places the classes, the logits, and the mean cross-entropy
  ///     where it is known.
  init(
    classes count: Int, images: Int, batch: Int, check: (ClassScores) throws -> Void,
    answer: (Range<Int>) -> (classes: [Int32], logits: [Float], loss: Double?)
  ) throws {
    self.init(classes: count)
    for start in stride(from: 0, to: images, by: batch) {
      try check(self)
      let (classes, logits, loss) = answer(start..<min(start + batch, images))
      add(logits, of: classes, loss: loss)
    }
  }
}
