// Sequential: the block of the original Transformer, in which the feed-forward reads what
// attention has written.

package import Config
package import Tensors

/// Attention, then feed-forward.
package struct Sequential: Block {
  package static let word = "sequential"
  package static let summary = "attention, then feed-forward, each added to the residual stream"
  package static let formula = "y = x + attention(norm(x)), y + ffn(norm(y))"
  package static let source = "Vaswani et al. 2017, arXiv 1706.03762"

  package let attention: any Attention
  package let feedForward: any FeedForward
  private let attentionResidual, feedForwardResidual: Residual

  package init(_ options: Section, _ parts: BlockParts) {
    attention = parts.attention
    feedForward = parts.feedForward
    attentionResidual = Residual(parts, .attention)
    feedForwardResidual = Residual(parts, .feedForward(parts.placement))
  }

  package var vectors: Int { attentionResidual.vectors + feedForwardResidual.vectors }

  package func callAsFunction(_ x: Tensor, _ pass: Pass, cache: KeyValueCache?) -> Tensor {
    let x = attentionResidual(x, pass) { attention($0, pass, cache: cache, addedTo: $1) }
    return feedForwardResidual(x, pass) { feedForward($0, pass, addedTo: $1) }
  }
}
