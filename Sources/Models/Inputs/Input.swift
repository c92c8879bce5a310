// Input: what a model makes of what it reads, before its first layer.

package import Tensors

/// Makes a vector of the model's width of each token that it reads.
package protocol Input {
  /// [batch, tokens, width].
  func callAsFunction(_ tokens: Tokens, _ pass: Pass) -> Tensor
  /// Trainable values, by formula.
  var parameterCount: Int { get }
}
