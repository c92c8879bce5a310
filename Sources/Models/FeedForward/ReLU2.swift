// ReLU2: the squared ReLU of Primer.

package import Config
import Tensors

/// Positive features kept, squared, the others dropped.
package struct ReLU2: StandardFeedForward {
  package static let word = "relu2"
  package static let summary = "keeps positive features, squared, and drops the others"
  package static let formula = "down(max(0, up(x))^2)"
  package static let source = "So et al. 2021 (Primer), arXiv 2109.08668"

  package let layer: FeedForwardLayer

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    layer = FeedForwardLayer(.relu2, options, width: width, parameters)
  }
}
