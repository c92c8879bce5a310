// Add: the residual connection.

import CKernels

extension Pass {
  /// a + b, of one shape and type.
  package func add(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(
      a.shape == b.shape && a.type == b.type, "add: \(a.shape) and \(b.shape) differ")
    let out = output(
      a.shape, a.type, differentiable: a.variable.needsGradient || b.variable.needsGradient)
    device.run(
      device.kernels.add,
      .init(out: out.pointer, a: a.pointer, b: b.pointer, n: Int64(a.count), type: a.type))
    record(out, AddOperation(a: a.variable, b: b.variable))
    return out
  }
}

/// Hands dout to both inputs; nothing is computed unless one of them has a gradient already.
struct AddOperation: Operation {
  static let name = "add"
  let a, b: Variable

  func backward(_ dout: Tensor, into gradients: Gradients) {
    gradients.handOver(dout, to: a)
    gradients.handOver(dout, to: b)
  }
}

extension CKernels.add: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: 3 * n))
  }
}
