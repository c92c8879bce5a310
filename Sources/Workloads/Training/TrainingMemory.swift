// The `memory` option: what a training step keeps for its backward pass.

import Config

/// What becomes of activations that cost little to compute again; the bits are the same.
package enum TrainingMemory: String, CaseIterable, Sendable {
  case usual, low

  static let choices = [
    Choice("usual", "keeps all that backward reads"),
    Choice(
      "low", "computes outputs of norms, activations and gates again in backward; the same bits"),
  ]
}

extension Section {
  /// The `memory` option.
  func trainingMemory() -> TrainingMemory {
    let word = read(
      "memory", .choice(of: TrainingMemory.choices), default: "usual",
      "what a training step keeps for its backward pass")
    return TrainingMemory(rawValue: word) ?? .usual
  }
}
