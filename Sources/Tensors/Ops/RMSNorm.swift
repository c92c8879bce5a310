// RMSNorm: scales each row to unit root mean square (Zhang & Sennrich 2019, arXiv 1910.07467).

import CKernels

extension Pass {
  /// x / sqrt(mean(x²) + epsilon) * weight over the last dimension.
  ///
  /// - Parameter weight: [width], f32.
  package func rmsNorm(_ x: Tensor, weight: Tensor, epsilon: Float) -> Tensor {
    precondition(weight.count == x.shape.columns, "rmsNorm: weight \(weight.shape), x \(x.shape)")
    let out = output(
      x.shape, x.type, differentiable: x.variable.needsGradient || weight.variable.needsGradient)
    let rstd = saved([x.shape.rows])
    kernels.rms_norm_forward(
      context, out.pointer, rstd.floats, x.pointer, weight.floats, Int64(x.shape.rows),
      Int64(x.shape.columns), epsilon, x.type)
    record(out, RMSNormOperation(x: x, weight: weight, rstd: rstd))
    return out
  }
}

struct RMSNormOperation: Operation {
  static let name = "rms_norm"
  let x, weight, rstd: Tensor

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = x.device
    let (rows, columns) = (Int64(x.shape.rows), Int64(x.shape.columns))
    let dx = gradients.output(for: x.variable)
    let dweight = gradients.output(for: weight.variable)
    device.withWorkspace(device.kernels.pointee.norm_workspace(device.context, rows, columns)) {
      device.kernels.pointee.rms_norm_backward(
        device.context, dx, dweight, dout.pointer, x.pointer, weight.floats, rstd.floats, rows,
        columns, x.type, $0)
    }
  }
}
