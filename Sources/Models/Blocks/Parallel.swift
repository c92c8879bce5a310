// Parallel: attention and feed-forward read the same stream, so that neither waits for the
// other.

package import Config
package import Tensors

/// Attention and feed-forward beside each other.
package struct Parallel: Block {
  package static let word = "parallel"
  package static let summary =
    "attention and feed-forward read the same stream, and both are added to it"
  package static let formula = "x + attention(norm(x)) + ffn(norm'(x))"
  package static let source =
    "Wang & Komatsuzaki 2021 (GPT-J); Black et al. 2022 (GPT-NeoX), arXiv 2204.06745"

  package let attention: any Attention
  package let feedForward: any FeedForward
  private let attentionResidual, feedForwardResidual: Residual
  /// Whether the feed-forward reads what attention does.
  private let sharesNorm: Bool

  package init(_ options: Section, _ parts: BlockParts) {
    sharesNorm = options.read(
      "shared_norm", .bool, default: false,
      "one norm before both sublayers (GPT-J, PaLM), not one each (GPT-NeoX)")
    if parts.placement != .pre {
      options.fault(
        because: .rule(
          "a parallel block has its norms before the sublayers: norm.placement must be pre, not "
            + parts.placement.rawValue))
    }
    attention = parts.attention
    feedForward = parts.feedForward
    attentionResidual = Residual(parts, .attention)
    feedForwardResidual = Residual(
      parts, .feedForward(parts.placement), readsNormed: !sharesNorm)
  }

  package var vectors: Int { attentionResidual.vectors + feedForwardResidual.vectors }

  package func callAsFunction(_ x: Tensor, _ pass: Pass, cache: KeyValueCache?) -> Tensor {
    let read = attentionResidual.read(x, pass)
    let fed = sharesNorm ? read : feedForwardResidual.read(x, pass)
    let mixed = attentionResidual.add(
      { attention($0, pass, cache: cache, addedTo: $1) }, of: read, to: x, pass)
    return feedForwardResidual.add(
      { feedForward($0, pass, addedTo: $1) }, of: fed, to: mixed, pass)
  }
}
