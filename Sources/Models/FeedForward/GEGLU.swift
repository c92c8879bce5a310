// GEGLU: a gated feed-forward whose gate is activated by the exact GELU.

package import Config
import Tensors

/// A GELU-activated gate multiplies a second projection.
package struct GEGLU: StandardFeedForward {
  package static let word = "geglu"
  package static let summary = "a GELU-activated gate multiplies a second projection"
  package static let formula = "down(gelu(gate(x)) * up(x))"
  package static let source = "Shazeer 2020, arXiv 2002.05202"

  package let layer: FeedForwardLayer

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    layer = FeedForwardLayer(.gelu, isGated: true, options, width: width, parameters)
  }
}
