// FeedForward: the slot that works on each token by itself, between two projections.

package import Config
package import Tensors

/// A feed-forward nonlinearity; `FeedForwardLayer` does the rest.
package protocol FeedForward: Component {
  static var kind: ActivationKind { get }
  /// Whether a second projection is multiplied with the activated one (Shazeer 2020).
  static var gated: Bool { get }
}

/// down(act(up(x))), or down(act(gate(x)) * up(x)) when gated.
package struct FeedForwardLayer {
  /// Features between the projections.
  package let hidden: Int
  /// Matrices of width x hidden values: three where it is gated, else two.
  package let matrixCount: Int
  let hasBias: Bool
  private let kind: ActivationKind
  private let gate: Linear?
  private let up, down: Linear

  package init(
    _ type: any FeedForward.Type, _ options: Section, width: Int, _ parameters: ParameterBuilder
  ) {
    kind = type.kind
    // Three matrices of 8/3 x width hold as many parameters as two of 4 x width.
    hidden = options.read(
      "hidden", .int(in: 1...1_048_576),
      derived: type.gated ? (8 * width + 191) / 192 * 64 : 4 * width,
      rule: type.gated ? "8/3 x width, rounded up to a multiple of 64" : "4 x width",
      "features between the projections")
    let bias = options.read("bias", .bool, default: false, "give the projections a bias")
    hasBias = bias
    matrixCount = type.gated ? 3 : 2
    gate =
      type.gated
      ? parameters.linear("gate_proj", inputs: width, outputs: hidden, bias: bias) : nil
    up = parameters.linear("up_proj", inputs: width, outputs: hidden, bias: bias)
    down = parameters.linear(
      "down_proj", inputs: hidden, outputs: width, bias: bias, residual: true)
  }

  /// x [..., width] to the same shape.
  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    let inner: Tensor
    if let gate {
      inner = pass.gated(gate(x, pass), up(x, pass), kind)
    } else {
      inner = pass.activation(up(x, pass), kind)
    }
    return down(inner, pass)
  }

  /// The matrices of this layer as (inputs, outputs), for counting work.
  package var matrices: [(inputs: Int, outputs: Int)] {
    [gate, up, down].compactMap { $0 }.map { ($0.weight.shape[1], $0.weight.shape[0]) }
  }
}
