// GEGLU: the gated feed-forward of T5 v1.1 and Gemma, here with the exact GELU.

package import Tensors

/// a GELU-activated gate multiplies a second projection.
package enum GEGLU: FeedForward {
  package static let word = "geglu"
  package static let summary = "a GELU-activated gate multiplies a second projection"
  package static let formula = "down(gelu(gate(x)) * up(x))"
  package static let source = "Shazeer 2020, arXiv 2002.05202"
  package static let kind: ActivationKind = .gelu
  package static let gated = true
}
