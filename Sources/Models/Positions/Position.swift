// Position: the slot that tells a model where a token stands. A scheme may add to the embedded tokens, or turn
// queries and keys, or do neither.

package import Config
package import Tensors

/// What a positional encoding must know of the model around it.
package struct PositionContext: Sendable {
  package let width: Int
  package let headDimension: Int
  /// The longest sequence the model is built for.
  package let length: Int
  /// Where the head dimension comes from, for faults.
  package let headNotes: [Note]

  package init(width: Int, headDimension: Int, length: Int, headNotes: [Note] = []) {
    self.width = width
    self.headDimension = headDimension
    self.length = length
    self.headNotes = headNotes
  }
}

/// A positional encoding.
package protocol Position: Component {
  init(_ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder)
  /// Applied once to the embedded tokens, [batch, tokens, width].
  func embed(_ x: Tensor, _ pass: Pass) -> Tensor
  /// Applied in every layer to queries and to keys, [batch, tokens, heads, headDimension].
  func rotate(_ x: Tensor, _ pass: Pass) -> Tensor
}

extension Position {
  package func embed(_ x: Tensor, _ pass: Pass) -> Tensor { x }
  package func rotate(_ x: Tensor, _ pass: Pass) -> Tensor { x }
}
