// Activation: a nonlinearity applied to each element.

import CKernels

extension Pass {
  /// act(x), element by element.
  package func activation(_ x: Tensor, _ kind: ActivationKind) -> Tensor {
    let out = output(x.shape, x.type, differentiable: x.variable.needsGradient)
    kernels.activation_forward(context, out.pointer, x.pointer, Int64(x.count), kind, x.type)
    record(out, ActivationOperation(x: x, kind: kind))
    return out
  }
}

struct ActivationOperation: Operation {
  static let name = "activation"
  let x: Tensor
  let kind: ActivationKind

  func backward(_ dout: Tensor, into gradients: Gradients) {
    x.device.kernels.pointee.activation_backward(
      x.device.context, gradients.output(for: x.variable), dout.pointer, x.pointer,
      Int64(x.count), kind, x.type)
  }
}
