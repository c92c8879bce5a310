// ScaleFeatures: a factor for each feature, as LayerScale has. The gradient of RMSNorm is such a
// product where what was normed is zero, and the gradient of its weight is that of the factors where
// nothing was divided, so both are its kernel.

import CKernels

extension Pass {
  /// x * factors over the last dimension.
  ///
  /// - Parameters:
  ///   - factors: [width], f32.
  ///   - ones: at least a 1 for each row of x, f32: kept by whoever scales again and again.
  package func scaleFeatures(_ x: Tensor, _ factors: Tensor, ones: Tensor) -> Tensor {
    precondition(
      factors.count == x.shape.columns && ones.count >= x.shape.rows,
      "scaleFeatures: factors \(factors.shape), ones \(ones.shape), x \(x.shape)")
    let out = output(
      x.shape, x.type, differentiable: x.variable.needsGradient || factors.variable.needsGradient)
    let operation = ScaleFeaturesOperation(x: x, factors: factors, ones: ones)
    operation.scale(x, into: .overwriting(out))
    record(out, operation)
    return out
  }
}

struct ScaleFeaturesOperation: Operation {
  static let name = "scale_features"
  let x, factors, ones: Tensor

  /// y * factors.
  fileprivate func scale(_ y: Tensor, into out: gradient) {
    guard out.data != nil else { return }
    let zeros = Tensor(y.shape, y.type, kind: .workspace, on: y.device)
    zeros.zero()
    run(out, gradient(data: nil, accumulate: false), y, zeros)
  }

  func backward(_ dout: Tensor, into gradients: Gradients) {
    scale(dout, into: gradients.output(for: x.variable))
    let dfactors = gradients.output(for: factors.variable)
    guard dfactors.data != nil else { return }
    run(gradient(data: nil, accumulate: false), dfactors, dout, x)
  }

  private func run(_ dx: gradient, _ dweight: gradient, _ dout: Tensor, _ normed: Tensor) {
    let device = dout.device
    device.run(
      device.kernels.rms_norm_backward, workspace: device.kernels.rms_norm_backward_workspace,
      .init(
        dx: dx, dweight: dweight, dout: dout.pointer, x: normed.pointer, weight: factors.floats,
        rstd: ones.floats, n: Int64(dout.shape.rows), d: Int64(dout.shape.columns),
        type: dout.type, workspace: nil))
  }
}
