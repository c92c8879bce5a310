// CrossEntropy: the loss of next-token prediction, softmax included.

import CKernels

extension Pass {
  /// -log softmax(logits)[target] + z (log sum exp logits)² in nats for each token.
  ///
  /// Backward gives the gradient of the *mean* over all tokens.
  ///
  /// - Parameters:
  ///   - logits: [batch, tokens, vocabulary].
  ///   - z: weight of the z-loss, which keeps the log-sum-exp near 0 (Chowdhery et al. 2022, arXiv 2204.02311).
  /// - Returns: the loss of each token, [batch * tokens].
  package func crossEntropy(_ logits: Tensor, targets: Tokens, z: Float = 0) -> Tensor {
    precondition(
      logits.shape.rows == targets.count,
      "crossEntropy: logits \(logits.shape) for \(targets.count) targets")
    let (rows, columns) = (Int64(targets.count), Int64(logits.shape.columns))
    let losses = output(
      [targets.count], .f32, differentiable: logits.variable.needsGradient)
    let logSumExp = saved([targets.count])
    kernels.cross_entropy_forward(
      context, losses.floats, logSumExp.floats, logits.pointer, targets.pointer, z, rows,
      columns, logits.type)
    record(
      losses,
      CrossEntropyOperation(logits: logits, logSumExp: logSumExp, targets: targets, z: z))
    return losses
  }
}

struct CrossEntropyOperation: LossOperation {
  static let name = "cross_entropy"
  let logits, logSumExp: Tensor
  let targets: Tokens
  let z: Float

  func backward(into gradients: Gradients) {
    let device = logits.device
    device.kernels.pointee.cross_entropy_backward(
      device.context, gradients.output(for: logits.variable), logits.pointer, logSumExp.floats,
      targets.pointer, z, 1 / Float(targets.count), Int64(targets.count),
      Int64(logits.shape.columns), logits.type)
  }
}

extension Tensor {
  /// The mean of the elements, summed in double in memory order.
  package func mean() -> Double {
    values().reduce(0.0) { $0 + Double($1) } / Double(max(count, 1))
  }
}
