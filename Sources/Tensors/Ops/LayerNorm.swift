// LayerNorm: centres each row and scales it to unit variance (Ba, Kiros & Hinton 2016, arXiv
// 1607.06450).

import CKernels

extension Pass {
  /// (x - mean) / sqrt(variance + epsilon) * weight + bias over the last dimension.
  ///
  /// - Parameters:
  ///   - weight: [width], f32.
  ///   - bias: [width], f32.
  package func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor?, epsilon: Float) -> Tensor {
    precondition(
      weight.count == x.shape.columns && (bias?.count ?? weight.count) == weight.count,
      "layerNorm: weight \(weight.shape), x \(x.shape)")
    let out = output(
      x.shape, x.type, differentiable: x.variable.needsGradient || weight.variable.needsGradient)
    let operation = LayerNormOperation(
      x: x, weight: weight, bias: bias, mean: saved([x.shape.rows]), rstd: saved([x.shape.rows]),
      epsilon: epsilon)
    operation.forward(into: out)
    record(out, operation)
    return out
  }
}

extension CKernels.layer_norm_backward: CallWithWorkspace {}

struct LayerNormOperation: Recomputable {
  static let name = "layer_norm"
  let x, weight: Tensor
  let bias: Tensor?
  let mean, rstd: Tensor
  let epsilon: Float

  func forward(into out: Tensor) {
    x.device.run(
      x.device.kernels.layer_norm_forward,
      .init(
        out: out.pointer, mean: mean.floats, rstd: rstd.floats, x: x.pointer,
        weight: weight.floats, bias: bias.map { UnsafePointer($0.floats) },
        n: Int64(x.shape.rows), d: Int64(x.shape.columns), epsilon: epsilon, type: x.type))
  }

  func backward(_ dout: Tensor, into gradients: Gradients) {
    x.device.run(
      x.device.kernels.layer_norm_backward,
      workspace: x.device.kernels.layer_norm_backward_workspace,
      .init(
        dx: gradients.output(for: x.variable), dweight: gradients.output(for: weight.variable),
        dbias: bias.map { gradients.output(for: $0.variable) } ?? .unwanted, dout: dout.pointer,
        x: x.pointer,
        weight: weight.floats, mean: mean.floats, rstd: rstd.floats, n: Int64(x.shape.rows),
        d: Int64(x.shape.columns), type: x.type, workspace: nil))
  }
}

extension CKernels.layer_norm_forward: CallCost {
  package var size: CallSize {
    CallSize([n, d], bytes: type.size(of: 2 * n * d) + 4 * (2 * n + (bias == nil ? 1 : 2) * d))
  }
}

extension CKernels.layer_norm_backward: CallCost {
  package var size: CallSize {
    CallSize(
      [n, d],
      bytes: type.size(of: 2 * n * d) + 4 * (2 * n + d) + dx.moved(n * d, type) + dweight.moved(d)
        + dbias.moved(d))
  }
}
