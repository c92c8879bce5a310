// GEGLUTanh: the gated feed-forward of Gemma, whose GELU is the tanh approximation.

package import Config
import Tensors

/// A gate activated by the tanh approximation of GELU multiplies a second projection.
package struct GEGLUTanh: StandardFeedForward {
  package static let word = "geglu_tanh"
  package static let summary =
    "a gate activated by GELU's tanh approximation multiplies a second projection (Gemma)"
  package static let formula = "down(gelu_tanh(gate(x)) * up(x))"
  package static let source = "Shazeer 2020, arXiv 2002.05202; Gemma Team 2024, arXiv 2403.08295"

  package let layer: FeedForwardLayer

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    layer = FeedForwardLayer(.geluTanh, isGated: true, options, width: width, parameters)
  }
}
