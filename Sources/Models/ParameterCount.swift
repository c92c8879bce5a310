// ParameterCount: how many values a model trains, by formula: from widths, heads and hidden sizes,
// not from the tensors that its components declare. The two stand beside each other in the results.

import Tensors

/// Trainable values by where they are.
package struct ParameterCount: Equatable, Sendable {
  /// Tokens in, logits out (once where they are tied), and learned positions.
  package let embedding: Int
  /// The projections of attention, with biases and the norms of queries and keys.
  package let attention: Int
  /// The projections of the feed-forward layers, with biases.
  package let feedForward: Int
  package let norms: Int

  package var total: Int { embedding + attention + feedForward + norms }
}

extension Transformer {
  /// Trainable values by formula.
  package var parameterCount: ParameterCount {
    let vectors = blocks.reduce((norm?.vectors ?? 0) + (embeddingNorm?.vectors ?? 0)) {
      $0 + $1.vectors
    }
    return ParameterCount(
      // A limit is the length of a table.
      embedding: input.parameterCount + output.parameterCount + width * (longest ?? 0),
      attention: blocks.reduce(0) { $0 + $1.attention.parameters(width: width) },
      feedForward: blocks.reduce(0) { $0 + $1.feedForward.parameters(width: width) },
      norms: width * vectors)
  }
}

extension AttentionLayer {
  /// W_q and W_o are width x (heads d), W_k and W_v width x (kv_heads d).
  func parameters(width: Int) -> Int {
    let d = shape.headDimension
    let (queries, keyValues) = (shape.heads * d, shape.kvHeads * d)
    return 2 * width * (queries + keyValues) + (options.bias ? queries + keyValues : 0)
      + (options.keyBias ? keyValues : 0) + (options.outBias ? width : 0)
      + options.queryKeyNorm.weights(queries: queries, keys: keyValues, headDimension: d)
  }
}

extension FeedForwardLayer {
  /// Two or three matrices; all but the last have `hidden` outputs.
  func parameters(width: Int) -> Int {
    matrixCount * width * hidden + (hasBias ? (matrixCount - 1) * hidden + width : 0)
  }
}
