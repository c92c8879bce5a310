// Dropout: silences a random share of the elements during training (Srivastava et al. 2014, JMLR
// 15), or of the samples of a batch, each as a whole: stochastic depth (Huang et al. 2016, arXiv
// 1603.09382). Nothing is kept for backward but a number: which are silenced follows from it, the
// step's key and their index.

import CKernels

/// The keys of one pass's dropouts: that of the step, which lies on the device, and a number for
/// each call.
package struct DropoutKeys {
  fileprivate let step: StepScalars
  /// Dropouts are numbered from 0 on, stochastic depth from here on: with one more or less of
  /// either, the other draws what it drew before.
  private static let firstOfDepth = 1 << 32
  private var dropouts = 0
  private var depths = firstOfDepth

  /// - Parameter step: holds the step's key when the dropouts run.
  package init(_ step: StepScalars) { self.step = step }

  /// The keys of a step by itself.
  package init(seed: UInt64, step: Int, on device: Device) {
    self.init(StepScalars(on: device))
    self.step.upload(dropout: Self.key(seed: seed, step: step))
  }

  /// The key of a step.
  ///
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - step: the optimizer step, so that each step silences other elements.
  package static func key(seed: UInt64, step: Int) -> UInt64 {
    Random(seed: seed, purpose: "dropout", name: "\(step)").key
  }

  fileprivate mutating func nextDropout() -> Int {
    defer { dropouts += 1 }
    return dropouts
  }

  fileprivate mutating func nextDepth() -> Int {
    defer { depths += 1 }
    return depths
  }
}

extension Pass {
  /// Whether `dropout` or `stochasticDepth` silences anything.
  package func silences(_ probability: Float) -> Bool { probability > 0 && dropoutKeys != nil }

  /// Each element 0 with the given probability, else divided by 1 - probability; `x` itself outside
  /// training.
  package func dropout(_ x: Tensor, _ probability: Float) -> Tensor {
    guard silences(probability), let index = dropoutKeys?.nextDropout() else { return x }
    return silenced(x, probability, run: 1, index: index)
  }

  /// Each sample of x [batch, ...] 0 with the given probability, else divided by 1 - probability;
  /// `x` itself outside training.
  package func stochasticDepth(_ x: Tensor, _ probability: Float) -> Tensor {
    guard silences(probability), let index = dropoutKeys?.nextDepth() else { return x }
    return silenced(x, probability, run: max(x.count / max(x.shape[0], 1), 1), index: index)
  }

  /// - Parameter run: neighbouring elements that are silenced together.
  private func silenced(_ x: Tensor, _ probability: Float, run: Int, index: Int) -> Tensor {
    guard let step = dropoutKeys?.step else { return x }
    let out = output(x.shape, x.type, differentiable: x.variable.needsGradient)
    let operation = DropoutOperation(
      x: x.variable, step: step, elements: run, index: index, probability: probability)
    operation.run(x, into: .overwriting(out))
    record(out, operation)
    return out
  }
}

struct DropoutOperation: Operation {
  static let name = "dropout"
  let x: Variable
  let step: StepScalars
  /// Neighbouring elements that are silenced together.
  let elements: Int
  let index: Int
  let probability: Float

  func backward(_ dout: Tensor, into gradients: Gradients) {
    run(dout, into: gradients.output(for: x))
  }

  /// Silences the same elements whatever they are: of the input, or of its gradient.
  fileprivate func run(_ x: Tensor, into out: gradient) {
    x.device.run(
      x.device.kernels.dropout,
      .init(
        out: out, x: x.pointer, step: step.pointer, n: Int64(x.count), run: Int64(elements),
        index: Int64(index), probability: probability, type: x.type))
  }
}

extension CKernels.dropout: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: n) + out.moved(n, type))
  }
}
