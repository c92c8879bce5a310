// Block: the slot of one layer of the Transformer: how attention and feed-forward are put together
// around the residual stream.

package import Config
package import Tensors

/// One layer.
package protocol Block: Component {
  init(_ options: Section, _ parts: BlockParts)
  var attention: any Attention { get }
  var feedForward: any FeedForward { get }
  /// The trained vectors of its norms and of its factors on features.
  var vectors: Int { get }
  /// x [batch, tokens, width] to the same shape.
  ///
  /// - Parameter cache: this layer's keys and values of the tokens before x; takes those of x.
  func callAsFunction(_ x: Tensor, _ pass: Pass, cache: KeyValueCache?) -> Tensor
}

extension Block {
  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor { self(x, pass, cache: nil) }
}

/// What a block is made of.
package struct BlockParts {
  package let attention: any Attention
  package let feedForward: any FeedForward
  let placement: NormPlacement
  /// Share of a sublayer's output that is silenced in training.
  let dropout: Float
  /// Probability that a sublayer adds nothing to a sample in training.
  let stochasticDepth: Float
  /// Factor on what is added to the residual stream.
  let residualScale: Float
  /// Makes the factors on what a sublayer adds, which is called so in checkpoints; nil where there
  /// are none.
  let layerScale: (String) -> LayerScale?
  /// Makes a norm whose parameters are declared under a name.
  let norm: (String) -> any Norm
}
