// SwiGLU: the gated feed-forward of Llama and most models since.

package import Config
import Tensors

/// A SiLU-activated gate multiplies a second projection.
package struct SwiGLU: StandardFeedForward {
  package static let word = "swiglu"
  package static let summary = "a SiLU-activated gate multiplies a second projection"
  package static let formula = "down(silu(gate(x)) * up(x))"
  package static let source = "Shazeer 2020, arXiv 2002.05202"

  package let layer: FeedForwardLayer

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    layer = FeedForwardLayer(.silu, isGated: true, options, width: width, parameters)
  }
}
