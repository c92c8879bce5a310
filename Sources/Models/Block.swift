// Block: one layer of the Transformer. Two sublayers, each added to the residual stream.

package import Tensors

/// Attention, then feed-forward.
package struct Block {
  package let attention: any Attention
  package let feedForward: any FeedForward
  let attentionResidual, feedForwardResidual: Residual

  /// x [batch, tokens, width] to the same shape.
  ///
  /// - Parameter cache: this layer's keys and values of the tokens before x; takes those of x.
  package func callAsFunction(
    _ x: Tensor, _ pass: Pass, cache: KeyValueCache? = nil
  ) -> Tensor {
    let x = attentionResidual(x, pass) {
      attention($0, pass, cache: cache, addedTo: $1)
    }
    return feedForwardResidual(x, pass) { feedForward($0, pass, addedTo: $1) }
  }
}
