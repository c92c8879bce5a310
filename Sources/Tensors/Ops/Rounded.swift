// Rounded: what is read from outside, in the element type of a pass.

extension Pass {
  /// x in the pass's precision, as a constant.
  package func rounded(_ x: Tensor) -> Tensor {
    if x.type == precision { return x.detached() }
    let out = Tensor(x.shape, precision, kind: .activations, on: device)
    device.convert(x, to: out)
    return out
  }
}
