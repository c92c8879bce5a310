// TrainingImages: a data set of images as what a training reads: its images to train on, moved at
// random, and its images to test on as they are.

import Images
import Models
import Records

/// Batches of images.
final class TrainingImages: TrainingData {
  let sequence: Int
  private let images: ImageSet
  private let sampler: ImageSampler
  /// The images of an evaluation on the way; the last one reads all.
  private let some: [Int]
  /// [batch, patches, values of a patch], and the class of each image.
  private var patches: [Float]
  private var classes: [Int32]
  /// Of the last evaluation of all images that are held out; nil before.
  private(set) var scores: ClassScores?

  /// - Parameters:
  ///   - scale: of these images.
  ///   - some: images of an evaluation on the way.
  ///   - model: what reads them.
  init(
    _ images: ImageSet, _ scale: PixelScale, for model: Transformer, batch: Int,
    augmentation: Augmentation, some: Int, seed: UInt64
  ) {
    let grid = model.input.grid ?? PatchGrid(rows: 1, columns: 1)
    self.images = images
    self.some = EvaluationImages.spread(some, of: images.test.labels)
    sequence = model.length
    sampler = ImageSampler(
      images, grid, scale: scale, batch: batch, augmentation: augmentation, seed: seed)
    patches = [Float](repeating: 0, count: batch * images.shape.count)
    classes = [Int32](repeating: 0, count: batch)
  }

  var batch: Int { sampler.batch }
  var countOfStep: Int { batch }
  func countOfEvaluation(isFull: Bool) -> Int { isFull ? images.test.count : some.count }
  var tokenizer: TextTokenizer? { nil }

  func read(step: Int) { sampler.fill(step: step, patches: &patches, classes: &classes) }

  func step(_ trainer: Trainer, rate: Double) -> TrainingStep {
    trainer.step(patches: patches, classes: classes, rate: rate)
  }

  func validate(
    _ trainer: Trainer, isFull: Bool, check: () throws -> Void
  ) throws -> Validation {
    let chosen = isFull ? Array(0..<images.test.count) : some
    let found = try ClassScores(
      classes: images.classes.count, images: chosen.count, batch: batch,
      check: { _ in try check() }
    ) { places in
      let (patches, classes) = sampler.test(chosen[places])
      let (loss, logits) = trainer.evaluate(patches: patches, classes: classes)
      return (classes, logits, loss)
    }
    if isFull { scores = found }
    return Validation(loss: found.loss ?? .nan, accuracyPercent: found.accuracyPercent)
  }

  func report(_ figures: TrainingFigures, to metrics: inout MetricValues) {
    metrics[.imagesPerSecond] = figures.secondsOfStep.map { Double(batch) / $0 }
    metrics.set(.images, figures.steps * batch)
    // What an evaluation before the last one found is no result.
    guard figures.validationLoss != nil, let scores else { return }
    metrics[.accuracy] = scores.accuracyPercent
    metrics[.topFive] = scores.topFivePercent
    metrics[.leastClass] = scores.hardest?.percent
  }
}
