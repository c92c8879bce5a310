// QueryKeyNorm: RMSNorm of queries and keys before their positions, so that no logit can grow with
// their length.

package import Config
import Tensors

/// The `qk_norm` option of attention.
package struct QueryKeyNorm: Sendable {
  /// What one norm spans.
  private enum Span: String {
    case none, head, projection
  }

  package static let doc = "RMSNorm of queries and keys, before positions (arXiv 2302.05442)"
  package static let choices = [
    Choice("none", "queries and keys as they are projected"),
    Choice("head", "each head by itself, one weight for all (Qwen 3, Gemma 3)"),
    Choice("projection", "all heads together, before they are split (OLMo 2)"),
  ]

  private let span: Span
  private let epsilon, offset: Double

  /// - Parameter normEpsilon: of the model's other norms.
  init(_ options: Section, normEpsilon: Double?) {
    let read = options.component("qk_norm", of: Self.choices, default: "none", Self.doc)
    span = Span(rawValue: read.word) ?? .none
    guard span != .none else {
      (epsilon, offset) = (0, 0)
      return
    }
    epsilon = read.options.read(
      "epsilon", .double(in: 0...1), derived: normEpsilon ?? 1e-6,
      rule: "as norm.epsilon, or 1e-6 without norms", "added to the mean square")
    offset = read.options.normOffset()
  }

  /// Weights of the norms of a layer with so many features of queries and of keys.
  func weights(queries: Int, keys: Int, headDimension: Int) -> Int {
    switch span {
    case .none: 0
    case .head: 2 * headDimension
    case .projection: queries + keys
    }
  }

  /// A norm for projections with heads of this size; nil where there is none.
  func norm(features: Int, headDimension: Int, _ parameters: ParameterBuilder) -> HeadNorm? {
    guard span != .none else { return nil }
    let width = span == .head ? headDimension : features
    return HeadNorm(
      norm: RMSNorm(epsilon: epsilon, offset: offset, width: width, parameters), width: width)
  }
}

/// A norm of one projection, in runs of `width` features.
struct HeadNorm {
  let norm: RMSNorm
  let width: Int

  /// x [batch, tokens, heads, headDimension] to the same shape.
  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    if x.shape.columns == width { return norm(x, pass) }
    return norm(x.reshaped([x.count / width, width]), pass).reshaped(x.shape)
  }
}
