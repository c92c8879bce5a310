// Norm: the slot that keeps activations in range before each sublayer and before the output.

package import Config
package import Tensors

/// A normalisation over the last dimension.
package protocol Norm: Component {
  init(_ options: Section, width: Int, _ parameters: ParameterBuilder)
  /// x [..., width] to the same shape.
  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor
}

extension Section {
  /// The epsilon that every norm has.
  func normEpsilon() -> Float {
    Float(
      double(
        "epsilon", default: 1e-5, in: 0...1, "added to the variance so that no row divides by zero"
      ))
  }
}
