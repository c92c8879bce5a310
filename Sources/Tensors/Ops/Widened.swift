// Widened: what a model says, in f32 whatever its precision.

extension Pass {
  /// x in f32.
  package func widened(_ x: Tensor) -> Tensor {
    if x.type == .f32 { return x }
    let out = output(x.shape, .f32, differentiable: x.variable.needsGradient)
    device.convert(x, to: out)
    record(out, WidenedOperation(x: x.variable))
    return out
  }
}

struct WidenedOperation: Operation {
  static let name = "widened"
  let x: Variable

  func backward(_ dout: Tensor, into gradients: Gradients) {
    guard x.needsGradient else { return }
    let dx = Tensor(x.shape, x.type, kind: .activations, on: dout.device)
    dout.device.convert(dout, to: dx)
    gradients.handOver(dx, to: x)
  }
}
