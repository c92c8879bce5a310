// ReLU2: the squared ReLU of Primer.

package import Tensors

/// keeps positive features, squared, and drops the others.
package enum ReLU2: FeedForward {
  package static let word = "relu2"
  package static let summary = "keeps positive features, squared, and drops the others"
  package static let formula = "down(max(0, up(x))^2)"
  package static let source = "So et al. 2021 (Primer), arXiv 2109.08668"
  package static let kind: ActivationKind = .relu2
  package static let gated = false
}
