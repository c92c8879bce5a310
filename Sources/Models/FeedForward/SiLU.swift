// SiLU: swish without a gate, to tell what SwiGLU owes to its gate.

package import Tensors

/// weighs each feature by its own sigmoid (swish).
package enum SiLU: FeedForward {
  package static let word = "silu"
  package static let summary = "weighs each feature by its own sigmoid (swish)"
  package static let formula = "down(u * sigmoid(u)), u = up(x)"
  package static let source =
    "Elfwing et al. 2017, arXiv 1702.03118; Ramachandran et al. 2017, arXiv 1710.05941"
  package static let kind: ActivationKind = .silu
  package static let gated = false
}
