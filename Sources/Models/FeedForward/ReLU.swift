// ReLU: the activation of the original Transformer.

package import Config
import Tensors

/// Positive features kept, the others dropped.
package struct ReLU: StandardFeedForward {
  package static let word = "relu"
  package static let summary = "keeps positive features and drops the others"
  package static let formula = "down(max(0, up(x)))"
  package static let source = "Vaswani et al. 2017, arXiv 1706.03762"

  package let layer: FeedForwardLayer

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    layer = FeedForwardLayer(.relu, options, width: width, parameters)
  }
}
