// GELUTanh: the GELU of GPT-2's and Gemma's code, which takes a tanh for the error function.

package import Config
import Tensors

/// The GELU by its tanh approximation, at most 5e-4 from the exact one.
package struct GELUTanh: StandardFeedForward {
  package static let word = "gelu_tanh"
  package static let summary =
    "the GELU by its tanh approximation, as GPT-2 has it (gelu_new, gelu_pytorch_tanh)"
  package static let formula =
    "down(u * (1 + tanh(sqrt(2/pi) (u + 0.044715 u^3))) / 2), u = up(x)"
  package static let source = "Hendrycks & Gimpel 2016, arXiv 1606.08415"

  package let layer: FeedForwardLayer

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    layer = FeedForwardLayer(.geluTanh, options, width: width, parameters)
  }
}
