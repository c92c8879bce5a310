// Output: what a model says of what it has read, after its last layer.

package import Tensors

/// Makes logits of the residual stream.
package protocol Output {
  /// What the logits are made of, before the last norm: [batch, tokens, width] to [batch, answers,
  /// width].
  ///
  /// - Parameter lastOnly: whether only the last token's are wanted.
  func gather(_ x: Tensor, _ pass: Pass, lastOnly: Bool) -> Tensor
  /// [batch, answers, width] to [batch, answers, alternatives], f32 in every precision.
  func logits(of x: Tensor, _ pass: Pass) -> Tensor
  /// How many things it tells apart.
  var alternatives: Int { get }
  /// Answers to a sequence of so many tokens.
  func answers(tokens: Int) -> Int
  /// Trainable values of its own, by formula.
  var parameterCount: Int { get }
}
