// GELU: the smooth activation of GPT-2 and BERT.

package import Tensors

/// weighs each feature by the Gaussian's distribution function (exact, by erf).
package enum GELU: FeedForward {
  package static let word = "gelu"
  package static let summary =
    "weighs each feature by the Gaussian's distribution function (exact, by erf)"
  package static let formula = "down(u * (1 + erf(u / sqrt 2)) / 2), u = up(x)"
  package static let source = "Hendrycks & Gimpel 2016, arXiv 1606.08415"
  package static let kind: ActivationKind = .gelu
  package static let gated = false
}
