// Position: the slot that tells a model where a token stands. A scheme may add to the embedded
// tokens, turn queries and keys, bias the scores, or do nothing.

package import Config
package import Tensors

/// What a positional encoding must know of the model around it.
package struct PositionContext: Sendable {
  package let width: Int
  package let headDimension: Int
  /// The longest sequence the model is built for.
  package let length: Int
  /// Where `length` comes from, for defaults that follow from it.
  static let lengthRule = "the stored model's own length, or the workload's sequence length"
  /// Where the tokens stand; nil where they stand in a line.
  package let grid: PatchGrid?
  /// Whether the head dimension is no fault already, whose consequences nobody need be told.
  package let hasHeadDimension: Bool
  /// Where the head dimension comes from, for faults.
  package let headNotes: [Note]

  package init(
    width: Int, headDimension: Int, length: Int, grid: PatchGrid? = nil,
    hasHeadDimension: Bool = true, headNotes: [Note] = []
  ) {
    self.width = width
    self.headDimension = headDimension
    self.length = length
    self.grid = grid
    self.hasHeadDimension = hasHeadDimension
    self.headNotes = headNotes
  }

  /// The grid of an encoding that is of two dimensions; without one, which is a fault, a row of
  /// tokens stands in for it.
  func requiredGrid(_ options: Section, _ word: String) -> PatchGrid {
    if let grid { return grid }
    options.fault(
      because: .rule(
        "\(word) positions are rows and columns of images, and a text has neither"))
    return PatchGrid(rows: 1, columns: length)
  }
}

/// A positional encoding.
///
/// Positions count from 0; `position` is that of the first token of `x`, which is not 0 where a
/// cache holds the tokens before it.
package protocol Position: Component {
  /// Whether it is added to the embedded tokens, once for all layers.
  static var isAdded: Bool { get }
  /// Whether it is of two dimensions, which texts have not.
  static var isOfGrid: Bool { get }
  init(_ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder)
  /// Applied once to the embedded tokens, [batch, tokens, width].
  func embed(_ x: Tensor, _ pass: Pass, from position: Int) -> Tensor
  /// Applied in every layer to queries and to keys, [batch, tokens, heads, headDimension].
  func rotate(_ x: Tensor, _ pass: Pass, layer: Int, from position: Int) -> Tensor
  /// What each head's scores lose for each token between query and key; nil: nothing.
  func slopes(heads: Int) -> [Float]?
  /// The angles that queries and keys of a layer are turned by; nil when they are not turned.
  func rotation(layer: Int) -> Rotation?
  /// Whether queries and keys are turned.
  var turns: Bool { get }
  /// Whether a text of this length has the angles of a short one; beyond, it must be read in one
  /// piece to have its own throughout.
  func hasFixedFrequencies(upTo length: Int) -> Bool
  /// Whether a text that grows out of them is read again from its beginning.
  var recomputesCache: Bool { get }
  /// The number of positions that exist; nil when any may come.
  var limit: Int? { get }
}

/// How an encoding turns pairs of features.
package struct Rotation: Sendable {
  /// The angle of each pair, in radians a position.
  package let frequencies: [Double]
  /// The same before any scaling for longer texts.
  package let unscaled: [Double]
  /// Factor on cosines and sines.
  package let amplitude: Double
  /// Whether pair i is (2i, 2i + 1); else it is (i, i + d/2).
  package let interleaved: Bool
}

extension Position {
  package static var isAdded: Bool { false }
  package static var isOfGrid: Bool { false }
  package func embed(_ x: Tensor, _ pass: Pass, from position: Int) -> Tensor { x }
  package func rotate(_ x: Tensor, _ pass: Pass, layer: Int, from position: Int) -> Tensor { x }
  package func slopes(heads: Int) -> [Float]? { nil }
  package func rotation(layer: Int) -> Rotation? { nil }
  package var turns: Bool { rotation(layer: 0) != nil }
  package func hasFixedFrequencies(upTo length: Int) -> Bool { true }
  package var recomputesCache: Bool { false }
  package var limit: Int? { nil }

  /// From position 0 on.
  package func embed(_ x: Tensor, _ pass: Pass) -> Tensor { embed(x, pass, from: 0) }

  /// As in the first layer.
  package func rotate(_ x: Tensor, _ pass: Pass, from position: Int = 0) -> Tensor {
    rotate(x, pass, layer: 0, from: position)
  }
}

/// A position that a model has no encoding for.
package struct PositionError: Error, Equatable, CustomStringConvertible {
  package let description: String

  init(scheme: String, limit: Int) {
    description = "\(scheme) positions end at \(limit); position \(limit) has no row"
  }
}
