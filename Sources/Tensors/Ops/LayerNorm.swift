// LayerNorm: centres each row and scales it to unit variance (Ba, Kiros & Hinton 2016, arXiv 1607.06450).

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
    let mean = saved([x.shape.rows])
    let rstd = saved([x.shape.rows])
    kernels.layer_norm_forward(
      context, out.pointer, mean.floats, rstd.floats, x.pointer, weight.floats, bias?.floats,
      Int64(x.shape.rows), Int64(x.shape.columns), epsilon, x.type)
    record(
      out, LayerNormOperation(x: x, weight: weight, bias: bias?.variable, mean: mean, rstd: rstd))
    return out
  }
}

struct LayerNormOperation: Operation {
  static let name = "layer_norm"
  let x, weight: Tensor
  let bias: Variable?
  let mean, rstd: Tensor

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = x.device
    let (rows, columns) = (Int64(x.shape.rows), Int64(x.shape.columns))
    let dx = gradients.output(for: x.variable)
    let dweight = gradients.output(for: weight.variable)
    let dbias = bias.map(gradients.output) ?? gradient(data: nil, accumulate: false)
    device.withWorkspace(device.kernels.pointee.norm_workspace(device.context, rows, columns)) {
      device.kernels.pointee.layer_norm_backward(
        device.context, dx, dweight, dbias, dout.pointer, x.pointer, weight.floats, mean.floats,
        rstd.floats, rows, columns, x.type, $0)
    }
  }
}
