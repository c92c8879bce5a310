// SiLU: swish without a gate, to tell what SwiGLU owes to its gate.

package import Config
import Tensors

/// Each feature weighed by its own sigmoid.
package struct SiLU: StandardFeedForward {
  package static let word = "silu"
  package static let summary = "weighs each feature by its own sigmoid (swish)"
  package static let formula = "down(u * sigmoid(u)), u = up(x)"
  package static let source =
    "Elfwing et al. 2017, arXiv 1702.03118; Ramachandran et al. 2017, arXiv 1710.05941"

  package let layer: FeedForwardLayer

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    layer = FeedForwardLayer(.silu, options, width: width, parameters)
  }
}
