// Norm: the slot that keeps activations in range, before or after each sublayer and before the
// output.

package import Config
package import Tensors

/// A normalisation over the last dimension.
package protocol Norm: Component {
  init(_ options: Section, width: Int, _ parameters: ParameterBuilder)
  /// What is added to the mean square or the variance; nil where nothing is divided.
  static func epsilon(_ options: Section) -> Double?
  /// The trained vectors of `width` values: weight, bias.
  var vectors: Int { get }
  /// x [..., width] to the same shape.
  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor
}

/// Where in a block the norms stand.
package enum NormPlacement: String, CaseIterable, Sendable {
  /// x + f(norm(x)): the residual stream itself is never normalised (Xiong et al. 2020, arXiv
  /// 2002.04745).
  case pre
  /// norm(x + f(x)), as in the original Transformer (Vaswani et al. 2017, arXiv 1706.03762).
  case post
  /// x + norm(f(norm(x))), as in Gemma 2 (arXiv 2408.00118).
  case sandwich
  /// x + norm(f(x)), as in OLMo 2 (arXiv 2501.00656).
  case output

  private static let choices = [
    Choice("pre", "x + f(norm(x)), and a norm before the output"),
    Choice("post", "norm(x + f(x)), as in the original Transformer; none before the output"),
    Choice("sandwich", "x + norm(f(norm(x))), and a norm before the output, as in Gemma 2"),
    Choice("output", "x + norm(f(x)), and a norm before the output, as in OLMo 2"),
  ]

  /// Whether a sublayer reads the stream through a norm.
  var isBefore: Bool { self == .pre || self == .sandwich }
  /// Whether a sublayer's output goes through a norm before it is added.
  var isAfter: Bool { self == .sandwich || self == .output }

  /// Reads the `placement` option that every norm has.
  package init(_ options: Section) {
    let word = options.read(
      "placement", .choice(of: Self.choices), default: "pre", "where in a block the norms stand")
    self = NormPlacement(rawValue: word) ?? .pre
  }
}

extension Section {
  /// The epsilon that every norm has.
  func normEpsilon() -> Double {
    read(
      "epsilon", .double(in: 0...1), default: 1e-5,
      "added to the variance so that no row divides by zero")
  }
}
