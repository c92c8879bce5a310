// AttentionCase: an attention with what its masks hold, as an op case.

import Tensors

/// One attention, and the elements of its explicit masks.
struct AttentionCase: Sendable {
  let detail: String
  let shape: AttentionShape
  /// To be repeated in memory order.
  let keep: [Bool]
  let bias: [Float]

  /// The slopes of ALiBi, to be repeated.
  private static let slopes: [Float] = [0.25, 0.0625, 0.5]

  init(_ detail: String, _ shape: AttentionShape, keep: [Bool] = [], bias: [Float] = []) {
    self.detail = detail
    self.shape = shape
    self.keep = keep
    self.bias = bias
  }

  /// Forward and, where it has gradients, backward by one algorithm.
  ///
  /// - Parameter deviation: of queries and keys.
  func opCase(
    _ algorithm: AttentionAlgorithm, _ type: ElementType, deviation: Double = 1,
    tolerance: Double? = nil
  ) -> OpCase {
    let body: OpCase.Preparation = { device, inputs in
      let (masks, algorithm) = (masks(inputs, on: device), algorithm.orItsLike(on: device))
      return { $0.attention(inputs[0], inputs[1], inputs[2], shape, masks, by: algorithm) }
    }
    var one = OpCase(
      "attention", "\(algorithm.rawValue), \(detail)", type, inputs(deviation),
      kernels: ["\(algorithm.rawValue)_attention"],
      operations: (shape.forwardFLOPs, algorithm.isForwardOnly ? 0 : shape.backwardFLOPs),
      tolerance: tolerance, isSmooth: tolerance == nil,
      algorithm.isForwardOnly ? .forward(preparing: body) : .operation(preparing: body))
    one.attention = (algorithm, shape)
    return one
  }

  /// q, k and v, and what else lies on the device: slopes, then bias.
  private func inputs(_ deviation: Double) -> [CaseInput] {
    var inputs: [CaseInput] = [
      .activation("q", shape.queryShape, .normal(deviation)),
      .activation("k", shape.keyShape, .normal(deviation)),
      .activation("v", shape.keyShape),
    ]
    if shape.hasSlopes {
      inputs.append(.constant("slopes", [shape.heads], .repeating(Self.slopes)))
    }
    if let mask = shape.bias { inputs.append(.constant("bias", mask, .repeating(bias))) }
    return inputs
  }

  /// - Parameter tensors: the `inputs` on `device`.
  private func masks(_ tensors: [Tensor], on device: Device) -> AttentionMasks {
    AttentionMasks(
      slopes: shape.hasSlopes ? tensors[3] : nil,
      keep: shape.keep.map { mask in
        BooleanMask((0..<mask.count).map { keep[$0 % keep.count] }, mask, on: device)
      },
      bias: shape.bias == nil ? nil : tensors.last)
  }
}

extension AttentionAlgorithm {
  /// The algorithm itself where a device has it, else one that computes the same: the reference has
  /// none for Hopper, the rounded kernels have naive attention alone.
  func orItsLike(on device: Device) -> AttentionAlgorithm {
    [self, .flash2, .naive].first(where: device.has) ?? self
  }
}
