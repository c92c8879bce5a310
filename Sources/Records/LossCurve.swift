// The curves of one training, read from its steps.jsonl, and the hash that says whether two trainings were the same.

/// What a training wrote step by step.
package struct LossCurve: Equatable, Sendable {
  /// One step of the optimizer.
  package struct Step: Equatable, Sendable {
    package let step: Int
    /// The batch's mean cross-entropy before the update, in nats a token; NaN where it was not finite.
    package let loss: Double
    /// The batch's mean z-loss; nil where the model has none, or version 0.1.0 wrote it into the loss.
    package let zLoss: Double?
    package let gradientNorm: Double?
    package let rate: Double?
    package let maxAttentionLogit: Double?
    /// Wall time of the step; the one figure that differs when the same training runs again.
    package let seconds: Double?
  }

  /// A loss over validation windows, after so many steps.
  package struct Evaluation: Equatable, Sendable {
    package let step: Int
    package let loss: Double
    /// Whether it is over the whole split, as the last one is.
    package let isFull: Bool
  }

  package private(set) var steps: [Step] = []
  package private(set) var evaluations: [Evaluation] = []

  /// Reads JSONL text; a partial last line, as a killed program leaves, is skipped.
  package init(reading text: String) {
    for line in text.split(separator: "\n") {
      guard let value = try? JSON(reading: String(line)), let step = value["step"]?.whole else {
        continue
      }
      if let loss = value["val_loss"] ?? value["val_loss_estimate"] {
        evaluations.append(
          Evaluation(step: step, loss: loss.number ?? .nan, isFull: value["val_loss"] != nil))
      } else if let loss = value["loss"] {
        steps.append(
          Step(
            step: step, loss: loss.number ?? .nan, zLoss: value["z_loss"]?.number,
            gradientNorm: value["grad_norm"]?.number,
            rate: value["lr"]?.number, maxAttentionLogit: value["max_attention_logit"]?.number,
            seconds: value["seconds"]?.number))
      }
    }
  }

  /// A hash of every bit of every loss, with its step.
  ///
  /// Nil where nothing was trained.
  package var hash: String? {
    if steps.isEmpty { return nil }
    let text =
      steps.map { "\($0.step) \($0.loss)\n" }.joined()
      + evaluations.map { "v\($0.step) \($0.loss)\n" }.joined()
    return "sha256-" + SHA256.hex(Array(text.utf8))
  }
}
