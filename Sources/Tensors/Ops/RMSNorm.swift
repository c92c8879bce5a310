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
    let operation = RMSNormOperation(
      x: x, weight: weight, rstd: saved([x.shape.rows]), epsilon: epsilon)
    operation.forward(into: out)
    record(out, operation)
    return out
  }
}

extension CKernels.rms_norm_backward: CallWithWorkspace {}

struct RMSNormOperation: Recomputable {
  static let name = "rms_norm"
  let x, weight, rstd: Tensor
  let epsilon: Float

  func forward(into out: Tensor) {
    x.device.run(
      x.device.kernels.rms_norm_forward,
      .init(
        out: out.pointer, rstd: rstd.floats, x: x.pointer, weight: weight.floats,
        n: Int64(x.shape.rows), d: Int64(x.shape.columns), epsilon: epsilon, type: x.type))
  }

  func backward(_ dout: Tensor, into gradients: Gradients) {
    x.device.run(
      x.device.kernels.rms_norm_backward, workspace: x.device.kernels.rms_norm_backward_workspace,
      .init(
        dx: gradients.output(for: x.variable), dweight: gradients.output(for: weight.variable),
        dout: dout.pointer, x: x.pointer, weight: weight.floats, rstd: rstd.floats,
        n: Int64(x.shape.rows), d: Int64(x.shape.columns), type: x.type, workspace: nil))
  }
}

extension CKernels.rms_norm_forward: CallCost {
  package var size: CallSize {
    CallSize([n, d], bytes: type.size(of: 2 * n * d) + 4 * (n + d))
  }
}

extension CKernels.rms_norm_backward: CallCost {
  package var size: CallSize {
    CallSize(
      [n, d],
      bytes: type.size(of: 2 * n * d) + 4 * (n + d) + dx.moved(n * d, type) + dweight.moved(d))
  }
}
