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
  /// A causal attention counts the pairs it needs, which is about half of all, and fewer within a window.
  package let forwardFLOPsPerSequence: Double
  /// A backward pass costs twice the matrix products, and 2.5 times the attention, whose scores are recomputed.
  package let backwardFLOPsPerSequence: Double
  /// Bytes of keys and values that each token adds to an f32 cache over all layers, until a rolling one is full.
  package let cacheBytesPerToken: Int

  /// Forward and backward work of training on one token.
  package var trainingFLOPsPerToken: Double {
    (forwardFLOPsPerSequence + backwardFLOPsPerSequence) / Double(tokens)
  }
}

extension Transformer {
  /// The cost for sequences of `tokens` tokens.
  package func cost(tokens: Int) -> Cost {
    var perToken = Double(2 * width * vocabulary)
    var attention = 0.0
    for block in blocks {
      for matrix in block.attention.matrices + block.feedForward.matrices {
        perToken += Double(2 * matrix.inputs * matrix.outputs)
      }
      let plan = block.attention.plan
      let pairs = Self.causalPairs(tokens: tokens, window: block.attention.window)
      attention += 4 * Double(plan.headDimension * plan.heads.queries) * pairs
    }
    let products = perToken * Double(tokens)
    return Cost(
      tokens: tokens, parameters: parameters.count,
      attentionParameters: blocks.reduce(0) { $0 + $1.attention.matrices.weights },
      feedForwardParameters: blocks.reduce(0) { $0 + $1.feedForward.matrices.weights },
      forwardFLOPsPerSequence: products + attention,
      backwardFLOPsPerSequence: 2 * products + 2.5 * attention,
      cacheBytesPerToken: cacheBytesPerToken(.f32))
  }

  /// Pairs of a query and a key that it sees: with a window W, W of them once W tokens have passed.
  package static func causalPairs(tokens: Int, window: Int?) -> Double {
    let seen = Double(min(window ?? tokens, tokens))
    return seen * Double(tokens) - seen * (seen - 1) / 2
  }
}

extension Array where Element == (inputs: Int, outputs: Int) {
  /// The weights of all matrices together.
  fileprivate var weights: Int { reduce(0) { $0 + $1.inputs * $1.outputs } }
}
