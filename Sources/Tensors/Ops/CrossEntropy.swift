// CrossEntropy: the loss of next-token prediction and of classes, softmax included, with smoothed
// labels where they are wanted, and the z-loss that may stand beside it.

import CKernels

/// The loss of each token of a batch.
package struct TokenLosses {
  /// -log softmax(logits)[target] in nats, or its like of smoothed labels, [batch * tokens].
  package let crossEntropy: Tensor
  let logSumExp: Tensor
  let z: Float

  /// The mean of z (log sum exp logits)² in nats per token, which is minimised beside the
  /// cross-entropy; nil without z.
  package func meanZLoss() -> Double? {
    if z == 0 { return nil }
    let device = logSumExp.device
    let squares = device.reduced(0.0) { device.sum(logSumExp, squared: true, into: $0) }
    return Double(z) * squares / Double(max(logSumExp.count, 1))
  }

  /// What training lowers: the mean cross-entropy and the mean z-loss together.
  package func objective() -> Double { crossEntropy.mean() + (meanZLoss() ?? 0) }
}

extension Pass {
  /// The cross-entropy of each token, and what its z-loss follows from.
  ///
  /// Backward gives the gradient of the *mean* over all tokens of both together.
  ///
  /// - Parameters:
  ///   - logits: [batch, tokens, vocabulary].
  ///   - z: weight of the z-loss, which keeps the log-sum-exp near 0 (Chowdhery et al. 2022, arXiv
  ///     2204.02311).
  ///   - smoothing: the share of each label that is spread over all classes, in [0, 1) (Szegedy et
  ///     al. 2016, arXiv 1512.00567): the loss is (1 - smoothing) times that of the target, and
  ///     smoothing times the mean of -log softmax(logits), as PyTorch has it.
  package func tokenLosses(
    _ logits: Tensor, targets: Tokens, z: Float = 0, smoothing: Float = 0
  ) -> TokenLosses {
    let (losses, logSumExp) = crossEntropy(
      logits, targets: targets, forward: 0, backward: z, smoothing)
    return TokenLosses(crossEntropy: losses, logSumExp: logSumExp, z: z)
  }

  /// The cross-entropy and z (log sum exp logits)² together, in nats for each token, [batch *
  /// tokens].
  package func crossEntropy(
    _ logits: Tensor, targets: Tokens, z: Float = 0, smoothing: Float = 0
  ) -> Tensor {
    crossEntropy(logits, targets: targets, forward: z, backward: z, smoothing).losses
  }

  private func crossEntropy(
    _ logits: Tensor, targets: Tokens, forward: Float, backward: Float, _ smoothing: Float
  ) -> (losses: Tensor, logSumExp: Tensor) {
    precondition(
      logits.shape.rows == targets.count,
      "crossEntropy: logits \(logits.shape) for \(targets.count) targets")
    targets.require(vocabulary: logits.shape.columns, in: "crossEntropy")
    let losses = output(
      [targets.count], .f32, differentiable: logits.variable.needsGradient)
    let logSumExp = saved([targets.count])
    device.run(
      device.kernels.cross_entropy_forward,
      .init(
        loss: losses.floats, log_sum_exp: logSumExp.floats, logits: logits.pointer,
        targets: targets.pointer, n: Int64(targets.count),
        vocabulary: Int64(logits.shape.columns), z: forward, smoothing: smoothing,
        type: logits.type))
    record(
      losses,
      CrossEntropyOperation(
        logits: logits.storage, variable: logits.variable, logSumExp: logSumExp, targets: targets,
        z: backward, smoothing: smoothing))
    return (losses, logSumExp)
  }
}

/// Where nobody else holds the logits, their gradient takes their place: no other matrix of a step is
/// as large where the vocabulary is.
final class CrossEntropyOperation: LossOperation {
  static let name = "cross_entropy"
  private var logits: Storage
  private let variable: Variable
  private let logSumExp: Tensor
  private let targets: Tokens
  private let z, smoothing: Float

  init(
    logits: Storage, variable: Variable, logSumExp: Tensor, targets: Tokens, z: Float,
    smoothing: Float
  ) {
    self.logits = logits
    self.variable = variable
    self.logSumExp = logSumExp
    self.targets = targets
    self.z = z
    self.smoothing = smoothing
  }

  func backward(into gradients: Gradients) {
    let device = logits.device
    let dlogits = gradients.output(for: variable, over: &logits)
    device.run(
      device.kernels.cross_entropy_backward,
      .init(
        dlogits: dlogits, logits: logits.pointer, log_sum_exp: logSumExp.floats,
        targets: targets.pointer, n: Int64(targets.count),
        vocabulary: Int64(variable.shape.columns), z: z, smoothing: smoothing,
        scale: 1 / Float(targets.count), type: variable.type))
  }
}

extension CKernels.cross_entropy_forward: CallCost {
  package var size: CallSize {
    CallSize([n, vocabulary], bytes: type.size(of: n * vocabulary) + 4 * 3 * n)
  }
}

extension CKernels.cross_entropy_backward: CallCost {
  package var size: CallSize {
    let logits = n * vocabulary
    return CallSize(
      [n, vocabulary], bytes: type.size(of: logits) + dlogits.moved(logits, type) + 4 * 2 * n)
  }
}
