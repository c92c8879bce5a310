// RMSNorm: normalisation by the root mean square alone, without centring and without a bias.

package import Config
package import Tensors

/// x / sqrt(mean(x²) + epsilon) * weight.
package struct RMSNorm: Norm {
  package static let word = "rmsnorm"
  package static let summary = "scales each token to unit root mean square; no centring, no bias"
  package static let formula = "x / sqrt(mean(x^2) + epsilon) * weight"
  package static let source = "Zhang & Sennrich 2019, arXiv 1910.07467"

  private let epsilon: Float
  private let weight: Parameter

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    epsilon = options.normEpsilon()
    weight = parameters.parameter("weight", [width], .ones)
  }

  package var vectors: Int { 1 }

  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.rmsNorm(x, weight: weight.tensor, epsilon: epsilon)
  }
}
