// Gated: a gated linear unit's product of an activated gate and a value (Shazeer 2020, arXiv
// 2002.05202).

import CKernels

extension Pass {
  /// act(gate) * up, element by element.
  package func gated(_ gate: Tensor, _ up: Tensor, _ kind: ActivationKind) -> Tensor {
    precondition(
      gate.shape == up.shape && gate.type == up.type, "gated: \(gate.shape) and \(up.shape)")
    let out = output(
      gate.shape, gate.type,
      differentiable: gate.variable.needsGradient || up.variable.needsGradient)
    let operation = GatedOperation(gate: gate, up: up, kind: kind)
    operation.forward(into: out)
    record(out, operation)
    return out
  }
}

struct GatedOperation: Recomputable {
  static let name = "gated"
  let gate, up: Tensor
  let kind: ActivationKind

  func forward(into out: Tensor) {
    gate.device.run(
      gate.device.kernels.gated_forward,
      .init(
        out: out.pointer, gate: gate.pointer, up: up.pointer, n: Int64(gate.count), kind: kind,
        type: gate.type))
  }

  func backward(_ dout: Tensor, into gradients: Gradients) {
    gate.device.run(
      gate.device.kernels.gated_backward,
      .init(
        dgate: gradients.output(for: gate.variable), dup: gradients.output(for: up.variable),
        dout: dout.pointer, gate: gate.pointer, up: up.pointer, n: Int64(gate.count), kind: kind,
        type: gate.type))
  }
}

extension GatedOperation: ActivatingOperation {
  var derivative: EpilogueKind { .dgated }

  func inputs(of gradients: Gradients) -> (gradient, epilogue)? {
    guard gate.variable.needsGradient, up.variable.needsGradient else { return nil }
    let dgate = gradients.output(for: gate.variable)
    return (
      dgate,
      epilogue(
        kept: nil, dup: gradients.output(for: up.variable), gate: gate.pointer, up: up.pointer,
        residual: nil, kind: derivative, activation: kind)
    )
  }
}

extension CKernels.gated_forward: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: 3 * n))
  }
}

extension CKernels.gated_backward: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: 3 * n) + dgate.moved(n, type) + dup.moved(n, type))
  }
}
