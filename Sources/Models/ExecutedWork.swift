// ExecutedWork: the operations that the kernels of a training step carry out, by formula: the hardware FLOPs that HFU is
// taken of. Cost counts what the model needs, which is what speeds are compared by; an algorithm may do more.

package import Tensors

extension Transformer {
  /// Predicted floating-point operations of one training step: forward, backward, all sequences.
  ///
  /// A matrix product costs three times its forward pass. Naive attention multiplies whole matrices, hidden pairs
  /// included, and keeps its probabilities: 2 products forward and 4 backward (5 with a softcap). Flash attention
  /// leaves hidden pairs out and computes the scores again: 2 and 5.
  ///
  /// - Parameter algorithm: which one runs in a layer.
  package func trainingStepFLOPs(
    tokens: Int, batch: Int, algorithm: (AttentionLayer) -> AttentionAlgorithm
  ) -> Double {
    var products = width * vocabulary
    var attention = 0.0
    for block in blocks {
      for matrix in block.attention.matrices + block.feedForward.matrices {
        products += matrix.inputs * matrix.outputs
      }
      let (layer, plan) = (block.attention, block.attention.plan)
      let kernel = algorithm(layer)
      let pairs =
        kernel.computesHiddenPairs
        ? Double(tokens) * Double(tokens)
        : Self.causalPairs(tokens: tokens, window: layer.window)
      let count =
        AttentionAlgorithm.forwardProducts + kernel.backwardProducts(softcap: plan.softcap > 0)
      attention += 2 * Double(count * plan.headDimension * plan.heads.queries) * pairs
    }
    return Double(batch) * (6 * Double(products) * Double(tokens) + attention)
  }

  /// The same with the algorithms that run on a device.
  package func trainingStepFLOPs(tokens: Int, batch: Int, on device: Device) -> Double {
    trainingStepFLOPs(tokens: tokens, batch: batch) { layer in
      let work = AttentionWork(queries: tokens, keys: tokens, layer.options(on: device))
      return layer.plan.kernel.algorithm(on: device, for: work)
    }
  }
}
