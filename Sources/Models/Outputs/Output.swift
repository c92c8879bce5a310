// Output: the slot of what a model says of what it has read, after its last layer.

package import Config
package import Tensors

/// What an output must know of the model around it.
package struct OutputContext {
  package let width: Int
  /// How many things it tells apart: tokens or classes.
  package let alternatives: Int
  package let input: any Input
  /// Whether it uses the input's matrix.
  package let isTied: Bool
}

/// Makes logits of the residual stream.
package protocol Output: Component {
  /// Whether it tells classes of images, not what comes next in a text.
  static var readsImages: Bool { get }
  init(_ options: Section, _ context: OutputContext, _ parameters: ParameterBuilder)
  /// Whether what it gathers was normed already, token by token.
  var followsNorm: Bool { get }
  /// What the logits are made of, before the last norm unless it follows that: [batch, tokens,
  /// width] to [batch, answers, width].
  ///
  /// - Parameter lastOnly: whether only the last token's are wanted.
  func gather(_ x: Tensor, _ pass: Pass, lastOnly: Bool) -> Tensor
  /// [batch, answers, width] to [batch, answers, alternatives], f32 in every precision.
  func logits(of x: Tensor, _ pass: Pass) -> Tensor
  /// Answers to a sequence of so many tokens.
  func answers(tokens: Int) -> Int
  /// Trainable values of its own, by formula.
  var parameterCount: Int { get }
}

extension Output {
  package static var readsImages: Bool { false }
  package var followsNorm: Bool { false }
}
