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
  private let weight: NormWeight

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    epsilon = Float(options.normEpsilon())
    weight = NormWeight(
      isLearned: options.learnsNormWeight(), offset: options.normOffset(), width: width, parameters)
  }

  /// - Parameter offset: how much less a file holds than the weight is.
  init(epsilon: Double, offset: Double, width: Int, _ parameters: ParameterBuilder) {
    self.epsilon = Float(epsilon)
    weight = NormWeight(isLearned: true, offset: offset, width: width, parameters)
  }

  package static func epsilon(_ options: Section) -> Double? { options.normEpsilon() }

  package var vectors: Int { weight.vectors }

  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.rmsNorm(x, weight: weight.tensor(on: pass.device), epsilon: epsilon)
  }
}
