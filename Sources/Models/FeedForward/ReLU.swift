// ReLU: the activation of the original Transformer.

package import Tensors

/// keeps positive features and drops the others.
package enum ReLU: FeedForward {
  package static let word = "relu"
  package static let summary = "keeps positive features and drops the others"
  package static let formula = "down(max(0, up(x)))"
  package static let source = "Vaswani et al. 2017, arXiv 1706.03762"
  package static let kind: ActivationKind = .relu
  package static let gated = false
}
