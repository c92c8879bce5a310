// Attention: softmax(scale q k^T) v by one of the device's algorithms, grouped queries included.

import CKernels

/// The ways to compute attention.
///
/// All give the same result; they differ in time and memory.
package enum AttentionAlgorithm: String, CaseIterable, Sendable {
  /// Materialises the scores: O(N²) memory.
  case naive
  /// By tiles with an online softmax, outer loop over queries (Dao 2023, arXiv 2307.08691): O(N) memory.
  case flash2
}

/// What an attention computes beside its inputs.
package struct AttentionOptions: Sendable {
  /// Factor on the logits; 1 / sqrt(headDimension) by convention.
  package var scale: Float
  /// Query i sees the keys up to i + offset: 0 aligns the mask top-left, keys - queries bottom-right.
  ///
  /// Nil: no mask.
  package var causalOffset: Int?

  package init(scale: Float, causalOffset: Int? = 0) {
    self.scale = scale
    self.causalOffset = causalOffset
  }
}

extension Device {
  /// Whether this device has the algorithm.
  package func has(_ algorithm: AttentionAlgorithm) -> Bool { table(algorithm) != nil }

  fileprivate func table(_ algorithm: AttentionAlgorithm) -> UnsafePointer<attention_kernel>? {
    switch algorithm {
    case .naive: kernels.pointee.naive_attention
    case .flash2: kernels.pointee.flash2_attention
    }
  }

  /// Bytes of scratch and of saved values that the algorithm needs for these shapes.
  package func attentionBytes(
    _ algorithm: AttentionAlgorithm, q: Shape, k: Shape, options: AttentionOptions,
    type: ElementType, backward: Bool
  ) -> (workspace: Int, saved: Int)? {
    guard let table = table(algorithm)?.pointee else { return nil }
    var call = CKernels.attention(q: q, k: k, options, type)
    return (
      Int(table.workspace(context, &call, backward)), Int(table.saved_floats(&call)) * 4
    )
  }
}

extension Pass {
  /// Scaled dot-product attention.
  ///
  /// Query head h reads key/value head h / (heads / kvHeads).
  ///
  /// - Parameters:
  /// - q: [batch, queries, heads, headDimension].
  /// - k: [batch, keys, kvHeads, headDimension].
  /// - v: like `k`.
  /// - Returns: like `q`; a row that sees no key is 0.
  package func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ options: AttentionOptions,
    algorithm: AttentionAlgorithm
  ) -> Tensor {
    precondition(
      q.shape.rank == 4 && k.shape.rank == 4 && k.shape == v.shape && q.shape[0] == k.shape[0]
        && q.shape[3] == k.shape[3] && q.shape[2] % k.shape[2] == 0,
      "attention: q \(q.shape), k \(k.shape), v \(v.shape)")
    guard let table = device.table(algorithm)?.pointee else {
      preconditionFailure("device \(device.name) has no attention algorithm \(algorithm.rawValue)")
    }
    var call = CKernels.attention(q: q.shape, k: k.shape, options, q.type)
    let out = output(
      q.shape, q.type,
      differentiable: q.variable.needsGradient || k.variable.needsGradient
        || v.variable.needsGradient)
    let kept = saved([Int(table.saved_floats(&call))])
    let logits = observesLogits ? saved([q.shape[0], q.shape[2]]) : nil
    device.withWorkspace(table.workspace(context, &call, false)) { workspace in
      table.forward(
        context, out.pointer, kept.floats, logits?.floats, q.pointer, k.pointer, v.pointer, &call,
        workspace)
    }
    if let logits { observe(logits: logits) }
    record(
      out,
      AttentionOperation(table: table, call: call, q: q, k: k, v: v, out: out, saved: kept))
    return out
  }
}

struct AttentionOperation: Operation {
  static let name = "attention"
  let table: attention_kernel
  let call: CKernels.attention
  let q, k, v, out, saved: Tensor

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = q.device
    var call = call
    let dq = gradients.output(for: q.variable)
    let dk = gradients.output(for: k.variable)
    let dv = gradients.output(for: v.variable)
    device.withWorkspace(table.workspace(device.context, &call, true)) { workspace in
      table.backward(
        device.context, dq, dk, dv, dout.pointer, q.pointer, k.pointer, v.pointer, out.pointer,
        saved.floats, &call, workspace)
    }
  }
}

extension CKernels.attention {
  fileprivate init(q: Shape, k: Shape, _ options: AttentionOptions, _ type: ElementType) {
    self.init(
      batch: Int64(q[0]), queries: Int64(q[1]), keys: Int64(k[1]), heads: Int64(q[2]),
      kv_heads: Int64(k[2]), head_dim: Int64(q[3]), scale: options.scale,
      causal: options.causalOffset != nil, causal_offset: Int64(options.causalOffset ?? 0),
      type: type)
  }
}
