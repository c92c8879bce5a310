// ModelOptions: what a model can be told beside its slots.

import Config

/// The options of `model` that no component reads.
package struct ModelOptions: Sendable {
  /// Whether the output uses the embedding matrix.
  package let isTied: Bool
  /// Standard deviation of initial weights.
  package let deviation: Double
  /// Factor on the embedded tokens.
  package let embeddingScale: Float
  /// Logits are bounded by this; 0: they are not.
  package let logitSoftcap: Float
  /// Share of the embeddings and of each sublayer's output that is silenced in training.
  package let dropout: Float
  /// Weight of the z-loss.
  package let zLoss: Float

  init(_ options: Section) {
    isTied = options.bool(
      "tied_embeddings", default: false, "use the embedding matrix for the output as well")
    deviation = options.double(
      "init_std", default: 0.02, in: 0...10, "standard deviation of initial weights")
    embeddingScale = Float(
      options.double(
        "embedding_scale", default: 1, in: Bounds.above(0, through: 1e6),
        "factor on the embedded tokens; the root of width in Gemma"))
    logitSoftcap = Float(
      options.double(
        "logit_softcap", default: 0, in: 0...1e6,
        "logits become c tanh(logit / c) (Gemma 2); 0 leaves them"))
    dropout = Float(
      options.double(
        "dropout", default: 0, in: 0..<1,
        "share of the embeddings and of each sublayer's output that is silenced in training"))
    zLoss = Float(
      options.double(
        "z_loss", default: 0, in: 0...1000,
        "weight of (log sum exp of the logits)^2 in the training loss (PaLM); 1e-4 is usual"))
  }
}
