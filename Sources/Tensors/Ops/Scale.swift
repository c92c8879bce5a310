// Scale: a factor on every element, such as Gemma's on the embedded tokens.

import CKernels

extension Pass {
  /// factor * x.
  package func scale(_ x: Tensor, _ factor: Float) -> Tensor {
    let out = output(x.shape, x.type, differentiable: x.variable.needsGradient)
    device.run(
      device.kernels.scale,
      .init(
        out: .overwriting(out), x: x.pointer, n: Int64(x.count), factor: factor, type: x.type))
    record(out, ScaleOperation(x: x.variable, factor: factor))
    return out
  }
}

struct ScaleOperation: Operation {
  static let name = "scale"
  let x: Variable
  let factor: Float

  func backward(_ dout: Tensor, into gradients: Gradients) {
    dout.device.run(
      dout.device.kernels.scale,
      .init(
        out: gradients.output(for: x), x: dout.pointer, n: Int64(dout.count), factor: factor,
        type: dout.type))
  }
}

extension CKernels.scale: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: n) + out.moved(n, type))
  }
}
