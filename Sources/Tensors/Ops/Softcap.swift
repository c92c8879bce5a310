// Softcap: bounds logits smoothly (Gemma 2, arXiv 2408.00118).

import CKernels

extension Pass {
  /// cap * tanh(x / cap): nearly x where it is small, never beyond ± cap.
  package func softcap(_ x: Tensor, _ cap: Float) -> Tensor {
    let out = output(x.shape, x.type, differentiable: x.variable.needsGradient)
    device.run(
      device.kernels.softcap_forward,
      .init(out: out.pointer, x: x.pointer, n: Int64(x.count), cap: cap, type: x.type))
    record(out, SoftcapOperation(x: x, cap: cap))
    return out
  }
}

struct SoftcapOperation: Operation {
  static let name = "softcap"
  let x: Tensor
  let cap: Float

  func backward(_ dout: Tensor, into gradients: Gradients) {
    x.device.run(
      x.device.kernels.softcap_backward,
      .init(
        dx: gradients.output(for: x.variable), dout: dout.pointer, x: x.pointer,
        n: Int64(x.count), cap: cap, type: x.type))
  }
}

extension CKernels.softcap_forward: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: 2 * n))
  }
}

extension CKernels.softcap_backward: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: 2 * n) + dx.moved(n, type))
  }
}
