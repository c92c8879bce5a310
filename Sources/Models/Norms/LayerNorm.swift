// LayerNorm: the classic normalisation, centred and scaled to unit variance.

package import Config
package import Tensors

/// (x - mean) / sqrt(variance + epsilon) * weight + bias.
package struct LayerNorm: Norm {
  package static let word = "layernorm"
  package static let summary = "centres each token and scales it to unit variance"
  package static let formula = "(x - mean(x)) / sqrt(var(x) + epsilon) * weight + bias"
  package static let source = "Ba, Kiros & Hinton 2016, arXiv 1607.06450"

  private let epsilon: Float
  private let weight: NormWeight
  private let bias: Parameter?

  package init(_ options: Section, width: Int, _ parameters: ParameterBuilder) {
    epsilon = Float(options.normEpsilon())
    let learnsWeight = options.learnsNormWeight()
    let hasBias = options.read(
      "bias", .bool, derived: learnsWeight, rule: "as weight", "add a learned bias")
    weight = NormWeight(
      isLearned: learnsWeight, offset: options.normOffset(), width: width, parameters)
    bias = hasBias ? parameters.parameter("bias", [width], .zeros) : nil
  }

  package static func epsilon(_ options: Section) -> Double? { options.normEpsilon() }

  package var vectors: Int { weight.vectors + (bias == nil ? 0 : 1) }

  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    pass.layerNorm(x, weight: weight.tensor(on: pass.device), bias: bias?.tensor, epsilon: epsilon)
  }
}
