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
  /// Whether the embedded tokens go through a norm.
  package let normalisesEmbedding: Bool
  /// Factor on what each sublayer adds to the residual stream.
  package let residualScale: Float
  /// What the trained factors on each feature of what a sublayer adds begin with; nil: there are
  /// none.
  package let layerScale: Double?
  /// Factor on the logits, before they are bounded.
  package let logitScale: Float
  /// Logits are bounded by this; 0: they are not.
  package let logitSoftcap: Float
  /// Share of the embeddings and of each sublayer's output that is silenced in training.
  package let dropout: Float
  /// Probability that a sublayer of the last layer adds nothing to a sample in training.
  private let stochasticDepth: Double
  /// Weight of the z-loss.
  package let zLoss: Float
  /// Share of each label that training spreads over all classes.
  package let labelSmoothing: Float

  init(_ options: Section) {
    isTied = options.read(
      "tied_embeddings", .bool, default: false, "use the embedding matrix for the output as well")
    deviation = options.read(
      "init_std", .double(in: 0...10), default: 0.02, "standard deviation of initial weights")
    embeddingScale = Float(
      options.read(
        "embedding_scale", .double(in: Bounds.above(0, through: 1e6)), default: 1,
        "factor on the embedded tokens; the root of width in Gemma"))
    normalisesEmbedding = options.read(
      "embedding_norm", .bool, default: false,
      "a norm on the embedded tokens (BLOOM, arXiv 2211.05100)")
    residualScale = Float(
      options.read(
        "residual_scale", .double(in: Bounds.above(0, through: 1e6)), default: 1,
        "factor on what each sublayer adds to the residual stream; residual_multiplier in Granite"))
    layerScale = options.read(
      "layer_scale", .double(in: Bounds.above(0, through: 1e6)), absent: "no such factors",
      "a trained factor on each feature that a sublayer adds to the residual stream, and what it "
        + "begins with (CaiT, arXiv 2103.17239); 1e-5 in DINOv3")
    logitScale = Float(
      options.read(
        "logit_scale", .double(in: Bounds.above(0, through: 1e6)), default: 1,
        "factor on the logits, before they are bounded; 1 / logits_scaling in Granite"))
    logitSoftcap = Float(
      options.read(
        "logit_softcap", .double(in: 0...1e6), default: 0,
        "logits become c tanh(logit / c) (Gemma 2); 0 leaves them"))
    dropout = Float(
      options.read(
        "dropout", .double(in: 0..<1), default: 0,
        "share of the embeddings and of each sublayer's output that is silenced in training"))
    stochasticDepth = options.read(
      "stochastic_depth", .double(in: 0..<1), default: 0,
      "probability that a sublayer of the last layer adds nothing to a sample in training, less in "
        + "those before, 0 in the first and in the only one (arXiv 1603.09382); drop_path_rate in "
        + "timm")
    zLoss = Float(
      options.read(
        "z_loss", .double(in: 0...1000), default: 0,
        "weight of (log sum exp of the logits)^2 in the training loss (PaLM); 1e-4 is usual"))
    labelSmoothing = Float(
      options.read(
        "label_smoothing", .double(in: 0..<1), default: 0,
        "share of each label that training spreads over all classes (arXiv 1512.00567); 0.1 is "
          + "usual"))
  }

  /// The probability that a sublayer adds nothing to a sample in training: it grows in a line with
  /// the depth, from 0 in the first layer on, which the only one is too, as in timm.
  func stochasticDepth(ofLayer index: Int, of layers: Int) -> Float {
    Float(stochasticDepth * Double(index) / Double(max(layers - 1, 1)))
  }
}
