// Cost: what a model needs, counted from its shapes before anything runs.

import Tensors

/// Predicted work and memory of a model.
package struct Cost: Equatable, Sendable {
  /// Tokens of a sequence, which the work of attention depends on.
  package let tokens: Int
  /// Trainable values.
  package let parameters: Int
  /// Weights of the attentions' projections, and of the feed-forwards, over all layers.
  package let attentionParameters, feedForwardParameters: Int
  /// Multiply-adds count as two.
  ///
  /// A causal attention counts the pairs it needs, which is about half of all, and fewer within a
  /// window.
  package let forwardFLOPsPerSequence: Double
  /// Bytes of keys and values that each token adds to an f32 cache over all layers, until a rolling
  /// one is full.
  package let cacheBytesPerToken: Int

  /// Forward and backward work of training on one sequence: the model FLOPs that MFU is taken of.
  ///
  /// As in PaLM (Chowdhery et al. 2022, arXiv 2204.02311, appendix B), but for the pairs that are
  /// not seen. Backward is two products for each one of forward. What an algorithm computes again,
  /// as flash attention its scores, is not the model's work; it is in
  /// `Transformer.trainingStepFLOPs`.
  package var trainingFLOPsPerSequence: Double { 3 * forwardFLOPsPerSequence }

  /// The same for one token.
  package var trainingFLOPsPerToken: Double { trainingFLOPsPerSequence / Double(tokens) }
}

extension Transformer {
  /// The cost for sequences of `tokens` tokens.
  package func cost(tokens: Int) -> Cost {
    var perToken = 0.0
    var attention = 0.0
    for block in blocks {
      for matrix in block.attention.matrices + block.feedForward.matrices {
        perToken += Double(2 * matrix.inputs * matrix.outputs)
      }
      attention += block.attention.shape.over(batch: 1, tokens: tokens).forwardFLOPs
    }
    let outside =
      Double(2 * width * vocabulary) * Double(output.answers(tokens: tokens))
      + 2 * inputProducts
    let products = perToken * Double(tokens) + outside
    return Cost(
      tokens: tokens, parameters: parameters.count,
      attentionParameters: blocks.reduce(0) { $0 + $1.attention.matrices.weights },
      feedForwardParameters: blocks.reduce(0) { $0 + $1.feedForward.matrices.weights },
      forwardFLOPsPerSequence: products + attention,
      cacheBytesPerToken: cacheBytesPerToken(.f32))
  }
}

extension Transformer {
  /// Multiply-adds of the input's matrices for a sequence.
  var inputProducts: Double {
    Double(input.matrices.weights) * Double(input.grid?.patches ?? 0)
  }
}

extension Array where Element == (inputs: Int, outputs: Int) {
  /// The weights of all matrices together.
  fileprivate var weights: Int { reduce(0) { $0 + $1.inputs * $1.outputs } }
}
