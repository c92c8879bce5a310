// Block: one layer of the Transformer. Two sublayers, each normalised at its entry and added to the residual stream.

package import Tensors

/// A pre-norm block: x + attention(norm(x)), then x + feedForward(norm(x)).
package struct Block {
  package let attention: AttentionLayer
  package let feedForward: FeedForwardLayer
  let attentionNorm, feedForwardNorm: any Norm

  /// x [batch, tokens, width] to the same shape.
  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    let x = pass.add(x, attention(attentionNorm(x, pass), pass))
    return pass.add(x, feedForward(feedForwardNorm(x, pass), pass))
  }
}
