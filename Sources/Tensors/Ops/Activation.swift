// Activation: a nonlinearity applied to each element.

import CKernels

extension Pass {
  /// act(x), element by element.
  package func activation(_ x: Tensor, _ kind: ActivationKind) -> Tensor {
    let out = output(x.shape, x.type, differentiable: x.variable.needsGradient)
    let operation = ActivationOperation(x: x, kind: kind)
    operation.forward(into: out)
    record(out, operation)
    return out
  }
}

struct ActivationOperation: Recomputable {
  static let name = "activation"
  let x: Tensor
  let kind: ActivationKind

  func forward(into out: Tensor) {
    x.device.run(
      x.device.kernels.activation_forward,
      .init(out: out.pointer, x: x.pointer, n: Int64(x.count), kind: kind, type: x.type))
  }

  func backward(_ dout: Tensor, into gradients: Gradients) {
    x.device.run(
      x.device.kernels.activation_backward,
      .init(
        dx: gradients.output(for: x.variable), dout: dout.pointer, x: x.pointer,
        n: Int64(x.count), kind: kind, type: x.type))
  }
}

extension ActivationOperation: ActivatingOperation {
  var derivative: EpilogueKind { .dactivation }

  func inputs(of gradients: Gradients) -> (gradient, epilogue)? {
    guard x.variable.needsGradient else { return nil }
    let dx = gradients.output(for: x.variable)
    return (
      dx,
      epilogue(
        kept: nil, dup: .unwanted, gate: x.pointer, up: nil, residual: nil, kind: derivative,
        activation: kind)
    )
  }
}

extension CKernels.activation_forward: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: 2 * n))
  }
}

extension CKernels.activation_backward: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: 2 * n) + dx.moved(n, type))
  }
}
