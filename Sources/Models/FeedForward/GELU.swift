// GELU: the smooth activation of GPT-2 and BERT.

package import Config
import Tensors

/// Each feature weighed by the Gaussian's distribution function.
package struct GELU: StandardFeedForward {
  package static let word = "gelu"
  package static let summary =
    "weighs each feature by the Gaussian's distribution function (exact, by erf)"
  package static let formula = "down(u * (1 + erf(u / sqrt 2)) / 2), u = up(x)"
  package static let source = "Hendrycks & Gimpel 2016, arXiv 1606.08415"

  package let layer: FeedForwardLayer

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    layer = FeedForwardLayer(.gelu, options, width: width, parameters)
  }
}
