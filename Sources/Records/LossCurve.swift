// The curves of one training, read from its steps.jsonl, and the hash that says whether two
// trainings were the same.

package import Config

/// What a training wrote step by step.
package struct LossCurve: Equatable, Sendable {
  /// One step of the optimizer: a line of `steps.jsonl`.
  package struct Step: Equatable, Sendable, Record {
    /// Steps done before it.
    package var step = 0
    /// The batch's mean cross-entropy before the update, in nats per token; NaN where it was not
    /// finite.
    package var loss = Double.nan
    /// The batch's mean z-loss; nil where the model has none, or version 0.1.0 wrote it into the
    /// loss.
    package var zLoss: Double?
    package var rate: Double?
    package var gradientNorm: Double?
    package var maxAttentionLogit: Double?
    /// Wall time of the step; the one figure that differs when the same training runs again.
    package var seconds: Double?

    package init() {}

    package static var fields: [Field<Self>] {
      [
        Field("step", \.step, isRequired: true), Field("loss", \.loss),
        Field("z_loss", \.zLoss, omitsNull: true), Field("lr", \.rate),
        Field("grad_norm", \.gradientNorm), Field("max_attention_logit", \.maxAttentionLogit),
        Field("seconds", \.seconds),
      ]
    }
  }

  /// A loss over validation windows, after so many steps: a line of `steps.jsonl`, `val_loss` where
  /// it is of the whole split, else `val_loss_estimate`.
  package struct Evaluation: Equatable, Sendable, JSONRepresentable {
    package let step: Int
    /// NaN where it was not finite.
    package let loss: Double
    /// Whether it is over the whole split, as the last one is.
    package let isFull: Bool
    /// The share of images whose class is the likeliest, in per cent; nil of texts.
    package let accuracyPercent: Double?

    package init(step: Int, loss: Double, isFull: Bool, accuracyPercent: Double? = nil) {
      self.step = step
      self.loss = loss
      self.isFull = isFull
      self.accuracyPercent = accuracyPercent
    }

    package init?(json: JSON) {
      guard let step = json["step"]?.whole, let loss = json["val_loss"] ?? json["val_loss_estimate"]
      else { return nil }
      self.init(
        step: step, loss: loss.number ?? .nan, isFull: json["val_loss"] != nil,
        accuracyPercent: json["accuracy_percent"]?.number)
    }

    package var json: JSON {
      let accuracy = accuracyPercent.map { [JSON.Member("accuracy_percent", .real($0))] } ?? []
      return .object(
        [
          .init("step", .integer(step)),
          .init(isFull ? "val_loss" : "val_loss_estimate", .real(loss)),
        ] + accuracy)
    }
  }

  package private(set) var steps: [Step] = []
  package private(set) var evaluations: [Evaluation] = []

  /// Reads JSONL text; a partial last line, as a killed program leaves, is skipped.
  package init(reading text: String) {
    for line in text.split(separator: "\n") {
      guard let json = try? JSON(reading: String(line)) else { continue }
      if let evaluation = Evaluation(json: json) {
        evaluations.append(evaluation)
      } else if json["loss"] != nil, let step = Step(json: json) {
        steps.append(step)
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
