// Scale: a factor on every element, such as Gemma's on the embedded tokens.

import CKernels

extension Pass {
  /// factor * x.
  package func scale(_ x: Tensor, _ factor: Float) -> Tensor {
    let out = output(x.shape, x.type, differentiable: x.variable.needsGradient)
    let all = gradient(data: out.pointer, accumulate: false)
    kernels.scale(context, all, x.pointer, factor, Int64(x.count), x.type)
    record(out, ScaleOperation(x: x.variable, factor: factor))
    return out
  }
}

struct ScaleOperation: Operation {
  static let name = "scale"
  let x: Variable
  let factor: Float

  func backward(_ dout: Tensor, into gradients: Gradients) {
    dout.device.kernels.pointee.scale(
      dout.device.context, gradients.output(for: x), dout.pointer, factor, Int64(dout.count),
      dout.type)
  }
}
