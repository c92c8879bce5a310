// LastToken: keeps what belongs to each sequence's last token, which is all that the next one is
// drawn from.

import CKernels

extension Pass {
  /// out[b, 0] = x[b, tokens - 1].
  ///
  /// - Parameter x: [batch, tokens, width].
  /// - Returns: [batch, 1, width].
  package func lastToken(_ x: Tensor) -> Tensor {
    precondition(x.shape.rank == 3 && x.shape[1] > 0, "lastToken: x \(x.shape)")
    let out = output(
      [x.shape[0], 1, x.shape[2]], x.type, differentiable: x.variable.needsGradient)
    let row = x.shape[2] * x.type.bytes
    for batch in 0..<x.shape[0] {
      device.run(
        device.kernels.accumulate,
        .init(
          out: gradient(data: out.pointer + batch * row, accumulate: false),
          x: x.pointer + ((batch + 1) * x.shape[1] - 1) * row, n: Int64(x.shape[2]), type: x.type))
    }
    record(out, LastTokenOperation(x: x.variable))
    return out
  }
}

struct LastTokenOperation: Operation {
  static let name = "last_token"
  let x: Variable

  func backward(_ dout: Tensor, into gradients: Gradients) {
    let device = dout.device
    let dx = gradients.output(for: x)
    guard let data = dx.data else { return }
    let row = x.shape[2] * x.type.bytes
    if !dx.accumulate {
      device.zero(data, bytes: x.shape[0] * x.shape[1] * row)
    }
    for batch in 0..<x.shape[0] {
      device.run(
        device.kernels.accumulate,
        .init(
          out: gradient(data: data + ((batch + 1) * x.shape[1] - 1) * row, accumulate: true),
          x: dout.pointer + batch * row, n: Int64(x.shape[2]), type: x.type))
    }
  }
}
