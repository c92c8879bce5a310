// FeedForward: the slot that works on each token by itself, between two projections. The components
// differ in what stands between them; `FeedForwardLayer` does the rest.

package import Config
package import Tensors

/// A feed-forward layer.
package protocol FeedForward: Component {
  init(_ options: Section, width: Int, _ parameters: ParameterBuilder)
  /// x [..., width] to the same shape.
  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor
  /// The same, added to the residual stream where that is given.
  func callAsFunction(_ x: Tensor, _ pass: Pass, addedTo stream: Tensor?) -> Tensor
  /// Features between the projections.
  var hidden: Int { get }
  /// The matrices as (inputs, outputs), for counting work.
  var matrices: [(inputs: Int, outputs: Int)] { get }
  /// Trainable values in a model of this width, by formula.
  func parameters(width: Int) -> Int
}

extension FeedForward {
  package func callAsFunction(_ x: Tensor, _ pass: Pass, addedTo stream: Tensor?) -> Tensor {
    let out = self(x, pass)
    return stream.map { pass.add($0, out) } ?? out
  }
}

/// What `FeedForwardLayer` computes; the components differ in activation and gate.
package protocol StandardFeedForward: FeedForward {
  var layer: FeedForwardLayer { get }
}

extension StandardFeedForward {
  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    layer(x, pass, addedTo: nil)
  }
  package func callAsFunction(_ x: Tensor, _ pass: Pass, addedTo stream: Tensor?) -> Tensor {
    layer(x, pass, addedTo: stream)
  }
  package var hidden: Int { layer.hidden }
  package var matrices: [(inputs: Int, outputs: Int)] { layer.matrices }
  package func parameters(width: Int) -> Int { layer.parameters(width: width) }
}

/// down(act(up(x))), or down(act(gate(x)) * up(x)) when gated (Shazeer 2020).
package struct FeedForwardLayer {
  /// Features between the projections.
  package let hidden: Int
  /// Matrices of width x hidden values: three where it is gated, else two.
  let matrixCount: Int
  let hasBias: Bool
  private let activation: ActivationKind
  private let gate: Linear?
  private let up, down: Linear

  init(
    _ activation: ActivationKind, isGated: Bool = false, _ options: Section, width: Int,
    _ parameters: ParameterBuilder
  ) {
    self.activation = activation
    hidden = Self.hidden(options, isGated: isGated, width: width)
    let bias = options.read("bias", .bool, default: false, "give the projections a bias")
    hasBias = bias
    matrixCount = isGated ? 3 : 2
    gate =
      isGated ? parameters.linear("gate_proj", inputs: width, outputs: hidden, bias: bias) : nil
    up = parameters.linear("up_proj", inputs: width, outputs: hidden, bias: bias)
    down = parameters.linear(
      "down_proj", inputs: hidden, outputs: width, bias: bias, residual: true)
  }

  private static func hidden(_ options: Section, isGated: Bool, width: Int) -> Int {
    let limit = 1_048_576
    let ratio = options.read(
      "hidden_ratio", .double(in: Bounds.above(0, through: 1024)),
      absent: "hidden has its own default",
      "hidden as a multiple of width, so that it follows where width is swept")
    // Three matrices of 8/3 x width hold as many parameters as two of 4 x width.
    let standard = isGated ? (8 * width + 191) / 192 * 64 : 4 * width
    let hidden = options.read(
      "hidden", .int(in: 1...limit),
      derived: ratio.map { min(max(Int(($0 * Double(width)).rounded()), 1), limit) } ?? standard,
      rule: ratio != nil
        ? "hidden_ratio x width"
        : isGated ? "8/3 x width, rounded up to a multiple of 64" : "4 x width",
      "features between the projections")
    if ratio != nil && !options.isDerived("hidden") {
      options.fault(
        "hidden", because: .rule("hidden and hidden_ratio say the same twice: write one of them"),
        seeAlso: ["hidden_ratio"])
    }
    return hidden
  }

  func callAsFunction(_ x: Tensor, _ pass: Pass, addedTo stream: Tensor?) -> Tensor {
    down(inner(x, pass), pass, addedTo: stream)
  }

  /// What stands between the projections: act(up(x)), or act(gate(x)) * up(x).
  private func inner(_ x: Tensor, _ pass: Pass) -> Tensor {
    if let gate, pass.groupsLayers(of: x) {
      let both = Linear.together([gate, up], x, pass)
      return pass.gated(both[0], both[1], activation)
    }
    return pass.linear(
      x, weight: up.weight.tensor, bias: up.bias?.tensor, activation: activation,
      gate: gate?(x, pass))
  }

  var matrices: [(inputs: Int, outputs: Int)] {
    [gate, up, down].compactMap { $0 }.map { ($0.weight.shape[1], $0.weight.shape[0]) }
  }
}
