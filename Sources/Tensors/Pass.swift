// Pass: what a forward pass needs and nothing else. Operations are its methods (Ops/), so there is
// no global state.

import CKernels

/// One forward pass: the device, the tape when gradients are wanted, and what is observed on the
/// way.
package final class Pass {
  package let device: Device
  /// Nil when nothing shall be differentiated, as in evaluation.
  package let tape: Tape?
  /// The element type of activations and matrix product inputs.
  package let precision: ElementType
  /// Set in training, where dropout is wanted.
  package var dropoutKeys: DropoutKeys?
  /// Set to collect the largest attention logit of each layer, [batch, heads] each.
  package var observesLogits = false
  /// Set where many passes read the same weights, which are then kept packed beside themselves, as
  /// products read them: worth their memory where a pass has some dozen rows.
  package var packsWeights = false
  package private(set) var maxLogits: [Tensor] = []

  package init(on device: Device, tape: Tape? = nil, precision: ElementType = .f32) {
    self.device = device
    self.tape = tape
    self.precision = precision
  }

  /// A new activation.
  func output(_ shape: Shape, _ type: ElementType, differentiable: Bool) -> Tensor {
    let slot = variable(shape, type, differentiable: differentiable).slot
    return Tensor(shape, type, kind: .activations, on: device, slot: slot)
  }

  /// What stands for a new activation on the tape.
  func variable(_ shape: Shape, _ type: ElementType, differentiable: Bool) -> Variable {
    Variable(slot: differentiable ? tape?.newSlot() ?? -1 : -1, shape: shape, type: type)
  }

  /// A value that backward will need, such as a row's mean.
  func saved(_ shape: Shape) -> Tensor { Tensor(shape, .f32, kind: .activations, on: device) }

  func record(_ output: Tensor, _ operation: @autoclosure () -> any Operation) {
    record(output.variable, operation())
  }

  func record(_ output: Variable, _ operation: @autoclosure () -> any Operation) {
    guard let tape, output.needsGradient else { return }
    tape.record(operation(), output: output)
  }

  func observe(logits: Tensor) { maxLogits.append(logits) }
}
