// SwiGLU: the gated feed-forward of Llama and most models since.

package import Tensors

/// a SiLU-activated gate multiplies a second projection.
package enum SwiGLU: FeedForward {
  package static let word = "swiglu"
  package static let summary = "a SiLU-activated gate multiplies a second projection"
  package static let formula = "down(silu(gate(x)) * up(x))"
  package static let source = "Shazeer 2020, arXiv 2002.05202"
  package static let kind: ActivationKind = .silu
  package static let gated = true
}
