// ParameterBuilder: how a component asks for its parameters. It knows the path it stands at, so
// names, order, counts, initial values and checkpoints all follow from the one call that declares a
// parameter.

package import Tensors

/// Declares parameters below a path.
package struct ParameterBuilder {
  private let list: ParameterList
  private let prefix: String
  /// Standard deviation of initial weights.
  package let deviation: Double
  /// Standard deviation for matrices that write into the residual stream.
  ///
  /// Smaller by the square root of how many do (Radford et al. 2019), so that the stream's variance
  /// does not grow with depth.
  package let residualDeviation: Double

  /// - Parameter residuals: how many sublayers add to the residual stream.
  package init(_ list: ParameterList, deviation: Double, residuals: Int) {
    self.init(
      list, prefix: "", deviation: deviation,
      residualDeviation: deviation / Double(max(residuals, 1)).squareRoot())
  }

  private init(
    _ list: ParameterList, prefix: String, deviation: Double, residualDeviation: Double
  ) {
    self.list = list
    self.prefix = prefix
    self.deviation = deviation
    self.residualDeviation = residualDeviation
  }

  /// The same builder one level down: `builder["self_attn"]`.
  package subscript(name: String) -> ParameterBuilder {
    ParameterBuilder(
      list, prefix: prefix + name + ".", deviation: deviation,
      residualDeviation: residualDeviation)
  }

  /// - Parameters:
  ///   - storedOffset: how much less a file holds than the parameter is.
  ///   - isReadRounded: whether all that read it round it to their pass's precision first.
  package func parameter(
    _ name: String, _ shape: Shape, _ initialisation: Initialisation, storedOffset: Float = 0,
    isReadRounded: Bool = false
  ) -> Parameter {
    list.add(
      prefix + name, shape, initialisation, storedOffset: storedOffset,
      isReadRounded: isReadRounded)
  }

  /// A linear layer called `name`.
  ///
  /// - Parameter residual: whether its output is added to the residual stream.
  package func linear(
    _ name: String, inputs: Int, outputs: Int, bias: Bool = false, residual: Bool = false
  ) -> Linear {
    let scope = self[name]
    return Linear(
      weight: scope.parameter(
        "weight", [outputs, inputs], .normal(residual ? residualDeviation : deviation),
        isReadRounded: true),
      bias: bias ? scope.parameter("bias", [outputs], .zeros) : nil)
  }
}

/// A linear layer: x weight^T + bias.
package struct Linear {
  /// [outputs, inputs].
  package let weight: Parameter
  package let bias: Parameter?

  package func callAsFunction(
    _ x: Tensor, _ pass: Pass, outputType: ElementType? = nil
  ) -> Tensor {
    pass.linear(x, weight: weight.tensor, bias: bias?.tensor, outputType: outputType)
  }

  /// What the layers give of one tensor.
  static func together(_ layers: [Linear], _ x: Tensor, _ pass: Pass) -> [Tensor] {
    pass.linear(x, layers.map { ($0.weight.tensor, $0.bias?.tensor) })
  }

  /// Its output, added to the residual stream where that is given.
  func callAsFunction(_ x: Tensor, _ pass: Pass, addedTo stream: Tensor?) -> Tensor {
    guard let stream else { return self(x, pass) }
    return pass.linear(x, weight: weight.tensor, bias: bias?.tensor, addedTo: stream)
  }
}
