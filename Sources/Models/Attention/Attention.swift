// Attention: the slot that lets tokens look at earlier tokens. The components differ in how many
// key/value heads the query heads share; `AttentionLayer` does the rest.

package import Config
package import Tensors

/// Self-attention.
package protocol Attention: Component {
  init(_ options: Section, _ context: AttentionContext, _ parameters: ParameterBuilder)
  var layer: AttentionLayer { get }
}

/// What an attention must know of the model around it.
package struct AttentionContext {
  package let width: Int
  /// Which layer it is in, counted from 0.
  package let layer: Int
  package let position: any Position
  package let options: AttentionOptions
}

extension Attention {
  /// x [batch, tokens, width] to the same shape.
  ///
  /// - Parameter cache: holds the tokens before x, and takes those of x.
  package func callAsFunction(
    _ x: Tensor, _ pass: Pass, cache: KeyValueCache? = nil
  ) -> Tensor {
    layer(x, pass, cache: cache)
  }

  /// What it computes for one token; `AttentionShape.over` gives it sizes.
  package var shape: AttentionShape { layer.shape }

  /// The matrices as (inputs, outputs), for counting work.
  package var matrices: [(inputs: Int, outputs: Int)] { layer.matrices }

  package var kernels: LayerKernels { layer.kernels }
}
