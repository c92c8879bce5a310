// Attention: the slot that lets tokens look at earlier tokens. The components differ in how many
// key/value heads the query heads share; `AttentionLayer` does the rest.

package import Config
package import Tensors

/// Self-attention.
package protocol Attention: Component {
  init(_ options: Section, _ context: AttentionContext, _ parameters: ParameterBuilder)
  /// x [batch, tokens, width] to the same shape.
  ///
  /// - Parameter cache: holds the tokens before x, and takes those of x.
  func callAsFunction(_ x: Tensor, _ pass: Pass, cache: KeyValueCache?) -> Tensor
  /// The same, added to the residual stream where that is given.
  func callAsFunction(
    _ x: Tensor, _ pass: Pass, cache: KeyValueCache?, addedTo stream: Tensor?
  ) -> Tensor
  /// What it computes for one token; `AttentionShape.over` gives it sizes.
  var shape: AttentionShape { get }
  /// What its positions add to the scores, on a device.
  func masks(on device: Device) -> AttentionMasks
  /// The algorithms that compute it.
  var kernels: LayerKernels { get }
  /// The matrices as (inputs, outputs), for counting work.
  var matrices: [(inputs: Int, outputs: Int)] { get }
  /// Trainable values in a model of this width, by formula.
  func parameters(width: Int) -> Int
}

extension Attention {
  package func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor { self(x, pass, cache: nil) }

  package func callAsFunction(
    _ x: Tensor, _ pass: Pass, cache: KeyValueCache?, addedTo stream: Tensor?
  ) -> Tensor {
    let out = self(x, pass, cache: cache)
    return stream.map { pass.add($0, out) } ?? out
  }
}

/// What an attention must know of the model around it.
package struct AttentionContext {
  package let width: Int
  /// Which layer it is in, counted from 0.
  package let layer: Int
  package let position: any Position
  package let options: AttentionOptions
}

/// Attention as `AttentionLayer` has it; the components differ in their number of key/value heads.
package protocol StandardAttention: Attention {
  var layer: AttentionLayer { get }
}

extension StandardAttention {
  package func callAsFunction(_ x: Tensor, _ pass: Pass, cache: KeyValueCache?) -> Tensor {
    layer(x, pass, cache: cache, addedTo: nil)
  }
  package func callAsFunction(
    _ x: Tensor, _ pass: Pass, cache: KeyValueCache?, addedTo stream: Tensor?
  ) -> Tensor {
    layer(x, pass, cache: cache, addedTo: stream)
  }
  package var shape: AttentionShape { layer.shape }
  package func masks(on device: Device) -> AttentionMasks { layer.masks(on: device) }
  package var kernels: LayerKernels { layer.kernels }
  package var matrices: [(inputs: Int, outputs: Int)] { layer.matrices }
  package func parameters(width: Int) -> Int { layer.parameters(width: width) }
}
