// TrainingData: what a training reads, be it texts or images: the batches of its steps, and what is
// held out of them.

import Models
import Records

/// The data of one training.
///
/// Every batch follows from the number of its step, so that a training that was interrupted sees
/// what it would have seen.
protocol TrainingData: AnyObject {
  /// Sequences, or images, of a step.
  var batch: Int { get }
  /// Tokens of each, which the work of a step depends on.
  var sequence: Int { get }
  /// What a step's speed counts: its tokens, or its images.
  var countOfStep: Int { get }
  /// Sequences, or images, of an evaluation.
  func countOfEvaluation(isFull: Bool) -> Int
  /// What makes tokens of texts, for the checkpoint; nil where nothing does.
  var tokenizer: TextTokenizer? { get }
  /// Makes the batch of a step the one that is trained on.
  func read(step: Int)
  /// One step on that batch.
  func step(_ trainer: Trainer, rate: Double) -> TrainingStep
  /// How good the model is on what is held out.
  ///
  /// - Parameters:
  ///   - isFull: whether all of it is read; else a part, spread over it.
  ///   - check: called before each batch, to throw when it is to stop.
  func validate(
    _ trainer: Trainer, isFull: Bool, check: () throws -> Void
  ) throws -> Validation
  /// Puts what is counted otherwise in other data into the metrics.
  func report(_ figures: TrainingFigures, to metrics: inout MetricValues)
}

/// What an evaluation finds of what is held out.
package struct Validation: Equatable, Sendable {
  /// The mean cross-entropy in nats, per token or per image.
  package let loss: Double
  /// The share of images whose class is the likeliest; nil of texts.
  package let accuracyPercent: Double?

  package init(loss: Double, accuracyPercent: Double? = nil) {
    (self.loss, self.accuracyPercent) = (loss, accuracyPercent)
  }
}

/// What a training has done, which its data know the units of.
struct TrainingFigures {
  /// Of the last evaluation; nil where none was made.
  let validationLoss: Double?
  /// Of the stored model that it begins from, before the first step; nil where there is none.
  let initialValidationLoss: Double?
  /// Of this training, without those of a stored one that it goes on with.
  let steps: Int
  /// Of the median step; nil before the first.
  let secondsOfStep: Double?
  let cost: Cost
}
