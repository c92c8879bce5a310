// Attention: softmax(scale q k^T) v by one of the device's algorithms, grouped queries and masks
// included.

import CKernels

extension Pass {
  /// Scaled dot-product attention.
  ///
  /// - Parameters:
  ///   - q: [batch, queries, heads, headDimension].
  ///   - k: [batch, keys, kvHeads, headDimension].
  ///   - v: like `k`.
  ///   - shape: of these tensors, and of the masks.
  /// - Returns: like `q`; a row that sees no key is 0.
  package func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ shape: AttentionShape,
    _ masks: AttentionMasks = AttentionMasks(), by algorithm: AttentionAlgorithm
  ) -> Tensor {
    precondition(
      q.shape == shape.queryShape && k.shape == shape.keyShape && v.shape == shape.keyShape
        && q.type == k.type && q.type == v.type && shape.cache == nil,
      "attention: q \(q.shape) \(q.type.word), k \(k.shape) \(k.type.word), "
        + "v \(v.shape) \(v.type.word) are not \(shape)")
    let kernel = kernel(algorithm, shape, masks)
    let out = output(
      q.shape, q.type, differentiable: [q, k, v].contains { $0.variable.needsGradient })
    let saved = forward(algorithm, kernel, q, k.storage, v.storage, shape, masks, into: out)
    record(
      out,
      AttentionOperation(
        algorithm: algorithm, kernel: kernel, shape: shape, masks: masks, q: q, k: k, v: v,
        out: out, saved: saved))
    return out
  }

  /// Attention of the last tokens over everything that a cache holds; there is no gradient.
  ///
  /// - Parameters:
  ///   - q: [batch, queries, heads, headDimension], the queries of the tokens appended last.
  ///   - cache: with the keys and values of these tokens already in it.
  ///   - shape: as `AttentionShape.over` makes it of this cache.
  package func attention(
    _ q: Tensor, over cache: KeyValueCache, _ shape: AttentionShape,
    _ masks: AttentionMasks = AttentionMasks(), by algorithm: AttentionAlgorithm
  ) -> Tensor {
    precondition(
      q.shape == shape.queryShape && shape == shape.over(cache, queries: shape.queries)
        && shape.kvHeads == cache.kvHeads && shape.headDimension == cache.headDimension
        && shape.queries <= cache.held,
      "attention: q \(q.shape) over \(cache.held) keys of \(cache.kvHeads) heads is not \(shape)")
    let out = output(q.shape, q.type, differentiable: false)
    _ = forward(
      algorithm, kernel(algorithm, shape, masks), q, cache.keys, cache.values, shape, masks,
      over: cache, into: out)
    return out
  }

  /// The kernel, for an attention that it can compute.
  private func kernel(
    _ algorithm: AttentionAlgorithm, _ shape: AttentionShape, _ masks: AttentionMasks
  ) -> attention_kernel {
    precondition(
      shape.kvHeads > 0 && shape.heads % shape.kvHeads == 0 && masks.fit(shape),
      "attention: \(shape.heads) heads over \(shape.kvHeads), or other masks than \(shape)")
    guard let kernel = device.kernel(algorithm)?.pointee else {
      fatalError("device \(device.name) has no attention algorithm \(algorithm.rawValue)")
    }
    return kernel
  }

  /// Runs forward.
  ///
  /// - Returns: what it saves for backward.
  private func forward(
    _ algorithm: AttentionAlgorithm, _ kernel: attention_kernel, _ q: Tensor, _ k: Storage,
    _ v: Storage, _ shape: AttentionShape, _ masks: AttentionMasks,
    over cache: KeyValueCache? = nil, into out: Tensor
  ) -> Tensor {
    let logits = observesLogits ? saved([shape.batch, shape.heads]) : nil
    defer { if let logits { observe(logits: logits) } }
    var kernelShape = shape.kernelShape(q.type, masks, over: cache)
    return withExtendedLifetime((k, v, masks, cache)) {
      let saved = saved([Int(kernel.saved_floats(&kernelShape))])
      device.run(
        kernel.forward, workspace: kernel.workspace(device.context, &kernelShape, false),
        attention_forward(
          out: out.pointer, saved: saved.floats, max_logit: logits?.floats, q: q.pointer,
          k: k.pointer, v: v.pointer, shape: kernelShape, workspace: nil),
        cost: AttentionCost(
          algorithm: algorithm, shape: shape, type: q.type, savedBytes: saved.storage.bytes))
      return saved
    }
  }
}

extension CKernels.attention_forward: CallWithWorkspace {}
extension CKernels.attention_backward: CallWithWorkspace {}

/// The gradients of q, k and v.
struct AttentionOperation: Operation {
  static let name = "attention"
  let algorithm: AttentionAlgorithm
  let kernel: attention_kernel
  let shape: AttentionShape
  let masks: AttentionMasks
  let q, k, v, out, saved: Tensor

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = q.device
    let dq = gradients.output(for: q.variable)
    let dk = gradients.output(for: k.variable)
    let dv = gradients.output(for: v.variable)
    var kernelShape = shape.kernelShape(q.type, masks)
    withExtendedLifetime(self) {
      device.run(
        kernel.backward, workspace: kernel.workspace(device.context, &kernelShape, true),
        attention_backward(
          dq: dq, dk: dk, dv: dv, dout: dout.pointer, q: q.pointer, k: k.pointer, v: v.pointer,
          out: out.pointer, saved: saved.floats, shape: kernelShape, workspace: nil),
        cost: AttentionCost(
          algorithm: algorithm, shape: shape, type: q.type, savedBytes: saved.storage.bytes,
          gradients: (dq, dk, dv)))
    }
  }
}
