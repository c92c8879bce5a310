// Dropout: silences a random share of the elements during training (Srivastava et al. 2014, JMLR 15).
// Nothing is kept for backward but a key: which elements are silenced follows from it and their index.

import CKernels

/// The keys of one pass's dropouts: each call takes the next one, so that a step can be replayed.
package struct DropoutKeys {
  private let random: Random
  private var taken = 0

  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - step: the optimizer step, so that each step silences other elements.
  package init(seed: UInt64, step: Int) {
    random = Random(seed: seed, purpose: "dropout", name: "\(step)")
  }

  mutating func next() -> UInt64 {
    defer { taken += 1 }
    return random.bits(taken)
  }
}

extension Pass {
  /// Each element 0 with the given probability, else divided by 1 - probability; `x` itself outside training.
  package func dropout(_ x: Tensor, _ probability: Float) -> Tensor {
    guard probability > 0, let key = dropoutKeys?.next() else { return x }
    let out = output(x.shape, x.type, differentiable: x.variable.needsGradient)
    device.run(
      device.kernels.dropout,
      .init(
        out: .overwriting(out), x: x.pointer, n: Int64(x.count), key: key,
        probability: probability, type: x.type))
    record(out, DropoutOperation(x: x.variable, key: key, probability: probability))
    return out
  }
}

struct DropoutOperation: Operation {
  static let name = "dropout"
  let x: Variable
  let key: UInt64
  let probability: Float

  func backward(_ dout: Tensor, into gradients: Gradients) {
    dout.device.run(
      dout.device.kernels.dropout,
      .init(
        out: gradients.output(for: x), x: dout.pointer, n: Int64(dout.count), key: key,
        probability: probability, type: dout.type))
  }
}
