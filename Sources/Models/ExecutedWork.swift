// ExecutedWork: the operations that the kernels of a training step carry out, by formula: the
// hardware FLOPs that HFU is taken of. Cost counts what the model needs, which is what speeds are
// compared by; an algorithm may do more.

package import Tensors

extension Transformer {
  /// Predicted floating-point operations of one training step: forward, backward, all sequences.
  ///
  /// A matrix product costs three times its forward pass, but for the input's, which hand no
  /// gradient on; an attention, what its algorithm does on `device`.
  package func trainingStepFLOPs(
    tokens: Int, batch: Int, _ precision: ElementType, on device: Device
  ) -> Double {
    var products = 0
    var attention = 0.0
    for block in blocks {
      for matrix in block.attention.matrices + block.feedForward.matrices {
        products += matrix.inputs * matrix.outputs
      }
      let shape = block.attention.shape.over(batch: 1, tokens: tokens)
      let algorithm = block.attention.kernels(
        shape, precision, on: device, needsGradient: true)
      attention += shape.forwardFLOPs(by: algorithm) + shape.backwardFLOPs(by: algorithm)
    }
    let answers = Double(width * vocabulary) * Double(output.answers(tokens: tokens))
    let perSequence = 6 * (Double(products) * Double(tokens) + answers) + 4 * inputProducts
    return Double(batch) * (perSequence + attention)
  }
}
