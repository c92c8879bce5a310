// Attention: softmax(scale q k^T) v by one of the device's algorithms, grouped queries and masks included.

import CKernels

extension Pass {
  /// Scaled dot-product attention.
  ///
  /// Query head h reads key/value head h / (heads / kvHeads).
  ///
  /// - Parameters:
  ///   - q: [batch, queries, heads, headDimension].
  ///   - k: [batch, keys, kvHeads, headDimension].
  ///   - v: like `k`.
  /// - Returns: like `q`; a row that sees no key is 0.
  package func attention(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, _ options: AttentionOptions,
    algorithm: AttentionAlgorithm
  ) -> Tensor {
    precondition(
      q.shape.rank == 4 && k.shape.rank == 4 && k.shape == v.shape && q.shape[0] == k.shape[0]
        && q.shape[3] == k.shape[3] && k.shape[2] > 0 && q.shape[2] % k.shape[2] == 0
        && q.type == k.type && q.type == v.type,
      "attention: q \(q.shape) \(q.type.word), k \(k.shape) \(k.type.word), "
        + "v \(v.shape) \(v.type.word)")
    let call = AttentionCall(q: q.shape, k: k.shape, options, q.type)
    let inputs = AttentionInputs(q: q, k: k.pointer, v: v.pointer)
    let (out, kept, table) = run(
      inputs, call, algorithm,
      differentiable: q.variable.needsGradient || k.variable.needsGradient
        || v.variable.needsGradient)
    record(
      out,
      AttentionOperation(
        algorithm: algorithm, table: table, call: call, q: q, k: k, v: v, out: out, saved: kept))
    return out
  }

  /// Attention of the last tokens over everything that a cache holds; there is no gradient.
  ///
  /// - Parameters:
  ///   - q: [batch, queries, heads, headDimension], the queries of the tokens appended last.
  ///   - cache: with the keys and values of these tokens already in it.
  ///   - options: its offset is set here: the last query stands at the last key.
  package func attention(
    _ q: Tensor, over cache: KeyValueCache, _ options: AttentionOptions,
    algorithm: AttentionAlgorithm
  ) -> Tensor {
    precondition(
      q.shape.rank == 4 && q.shape[0] == cache.batch && q.shape[3] == cache.headDimension
        && q.shape[2] % cache.kvHeads == 0 && q.shape[1] <= cache.held,
      "attention: q \(q.shape) over \(cache.held) keys of \(cache.kvHeads) heads")
    var options = options
    options.offset = cache.held - q.shape[1]
    let call = AttentionCall(q: q.shape, cache: cache, options, q.type)
    let inputs = AttentionInputs(q: q, k: cache.keys.pointer, v: cache.values.pointer)
    return run(inputs, call, algorithm, differentiable: false).out
  }

  private func run(
    _ inputs: AttentionInputs, _ call: AttentionCall, _ algorithm: AttentionAlgorithm,
    differentiable: Bool
  ) -> (out: Tensor, kept: Tensor, table: attention_kernel) {
    guard let table = device.table(algorithm)?.pointee else {
      preconditionFailure("device \(device.name) has no attention algorithm \(algorithm.rawValue)")
    }
    let q = inputs.q
    let out = output(q.shape, q.type, differentiable: differentiable)
    device.work.attention += call.operations(
      algorithm, products: AttentionAlgorithm.forwardProducts)
    let logits = observesLogits ? saved([q.shape[0], q.shape[2]]) : nil
    let kept = call.withShape { shape in
      let kept = saved([Int(table.saved_floats(shape))])
      device.run(
        table.forward, workspace: table.workspace(device.context, shape, false),
        attention_forward(
          out: out.pointer, saved: kept.floats, max_logit: logits?.floats, q: q.pointer,
          k: inputs.k, v: inputs.v, shape: shape.pointee, workspace: nil))
      return kept
    }
    if let logits { observe(logits: logits) }
    return (out, kept, table)
  }
}

private struct AttentionInputs {
  let q: Tensor
  let k, v: UnsafeMutableRawPointer
}

struct AttentionOperation: Operation {
  static let name = "attention"
  let algorithm: AttentionAlgorithm
  let table: attention_kernel
  let call: AttentionCall
  let q, k, v, out, saved: Tensor

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = q.device
    let dq = gradients.output(for: q.variable)
    let dk = gradients.output(for: k.variable)
    let dv = gradients.output(for: v.variable)
    device.work.attention += call.operations(
      algorithm, products: algorithm.backwardProducts(softcap: call.hasSoftcap))
    call.withShape { shape in
      device.run(
        table.backward, workspace: table.workspace(device.context, shape, true),
        attention_backward(
          dq: dq, dk: dk, dv: dv, dout: dout.pointer, q: q.pointer, k: k.pointer, v: v.pointer,
          out: out.pointer, saved: saved.floats, shape: shape.pointee, workspace: nil))
    }
  }
}
