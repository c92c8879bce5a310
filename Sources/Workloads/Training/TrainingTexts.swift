// TrainingTexts: a text as what a training reads: windows of its training split, and all of its
// validation split.

import Models
import Records

/// Windows of a text.
final class TrainingTexts: TrainingData {
  let batch: Int
  let sequence: Int
  private let corpus: TextCorpus
  private let sampler: BatchSampler
  /// Those of evaluations on the way, and of the last one.
  private let some, all: EvaluationWindows
  /// [batch, sequence].
  private var inputs, targets: [Int32]

  /// - Parameter windows: those of an evaluation on the way.
  init(
    _ corpus: TextCorpus, sequence: Int, batch: Int, order: BatchSampler.Order, windows: Int,
    seed: UInt64
  ) {
    (self.corpus, self.sequence, self.batch) = (corpus, sequence, batch)
    sampler = BatchSampler(
      tokens: corpus.train, sequence: sequence, batch: batch, order: order, seed: seed)
    let tokens = corpus.validation.count
    some = EvaluationWindows.spread(windows, tokens: tokens, sequence: sequence)
    all = EvaluationWindows.full(tokens: tokens, sequence: sequence)
    inputs = [Int32](repeating: 0, count: batch * sequence)
    targets = inputs
  }

  var countOfStep: Int { batch * sequence }
  func countOfEvaluation(isFull: Bool) -> Int { (isFull ? all : some).starts.count }
  var tokenizer: TextTokenizer? { corpus.vocabulary.tokenizer }

  func read(step: Int) { sampler.fill(step: step, inputs: &inputs, targets: &targets) }

  func step(_ trainer: Trainer, rate: Double) -> TrainingStep {
    trainer.step(inputs, targets: targets, batch: batch, rate: rate)
  }

  func validate(
    _ trainer: Trainer, isFull: Bool, check: () throws -> Void
  ) throws -> Validation {
    Validation(
      loss: try Evaluation(corpus.validation, batch: batch).loss(
        of: trainer, over: isFull ? all : some, check: check))
  }

  func report(_ figures: TrainingFigures, to metrics: inout MetricValues) {
    metrics.addUnitsOfLoss(readsCharacters: corpus.vocabulary.characters != nil)
    metrics[.valBitsPerByte] = figures.validationLoss.flatMap { corpus.bitsPerByte(loss: $0) }
    metrics[.initialValBitsPerByte] = figures.initialValidationLoss.flatMap {
      corpus.bitsPerByte(loss: $0)
    }
    metrics[.tokensPerSecond] = figures.secondsOfStep.map { Double(countOfStep) / $0 }
    metrics.set(.tokens, figures.steps * countOfStep)
    metrics.set(.kvCacheBytesPerToken, figures.cost.cacheBytesPerToken)
  }
}
