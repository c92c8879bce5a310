// Where gradients accumulate. The first writer of a gradient overwrites, later ones add: no buffer
// is ever zeroed.

import CKernels

/// The gradients of one backward pass: those of leaves (parameters) stay, those of activations pass
/// through.
package final class Gradients {
  let device: Device
  private let leaves: [Tensor]
  /// By slot: the storage of the gradient so far, nil where nothing was written yet.
  private var written: [Storage?] = []

  /// - Parameter leaves: a gradient tensor for each parameter slot, kept from step to step.
  package init(leaves: [Tensor], on device: Device) {
    self.leaves = leaves
    self.device = device
  }

  /// The gradient of leaf `slot` after backward, or nil when nothing flowed into it.
  package func leaf(_ slot: Int) -> Tensor? { written[slot] == nil ? nil : leaves[slot] }

  func begin(slots: Int) { written = [Storage?](repeating: nil, count: slots) }

  /// Removes and returns the gradient of an activation; nil when none arrived.
  func take(_ variable: Variable) -> Tensor? {
    guard variable.needsGradient, let storage = written[variable.slot] else { return nil }
    written[variable.slot] = nil
    return constant(storage, variable)
  }

  /// Where a kernel shall write its share of the gradient of `variable`; null data when none is
  /// wanted.
  func output(for variable: Variable) -> gradient {
    let slot = variable.slot
    guard variable.needsGradient else { return .unwanted }
    if slot < leaves.count {
      precondition(
        leaves[slot].count == variable.shape.count && leaves[slot].type == variable.type,
        "gradient \(leaves[slot].shape) \(leaves[slot].type.word) of a leaf \(variable.shape) "
          + "\(variable.type.word)")
      defer { written[slot] = leaves[slot].storage }
      return gradient(data: leaves[slot].pointer, accumulate: written[slot] != nil)
    }
    if written[slot] == nil {
      let fresh = newStorage(variable)
      written[slot] = fresh
      return gradient(data: fresh.pointer, accumulate: false)
    }
    // A residual connection hands one gradient to both of its inputs and later adds to one of them:
    // what is still shared is copied first. Usually the other input has used up its reference by
    // then, and nothing is copied.
    if !isKnownUniquelyReferenced(&written[slot]) {
      let copy = newStorage(variable)
      if let present = written[slot] {
        device.run(
          device.kernels.accumulate,
          .init(
            out: gradient(data: copy.pointer, accumulate: false), x: present.pointer,
            n: Int64(variable.shape.count), type: variable.type))
      }
      written[slot] = copy
    }
    return gradient(data: written[slot]?.pointer, accumulate: true)
  }

  /// The same of a kernel that may work in place: over the value itself where nobody else has use
  /// for it.
  func output(for variable: Variable, over value: inout Storage) -> gradient {
    let slot = variable.slot
    guard variable.needsGradient, slot >= leaves.count, written[slot] == nil,
      isKnownUniquelyReferenced(&value)
    else { return output(for: variable) }
    written[slot] = value
    return gradient(data: value.pointer, accumulate: false)
  }

  /// Makes `tensor` (a share of) the gradient of `variable`, without a copy where that is possible.
  func handOver(_ tensor: Tensor, to variable: Variable) {
    guard variable.needsGradient else { return }
    precondition(
      tensor.count == variable.shape.count && tensor.type == variable.type,
      "gradient \(tensor.shape) \(tensor.type.word) of a value \(variable.shape) "
        + "\(variable.type.word)")
    if written[variable.slot] == nil && variable.slot >= leaves.count {
      written[variable.slot] = tensor.storage
    } else {
      device.run(
        device.kernels.accumulate,
        .init(
          out: output(for: variable), x: tensor.pointer, n: Int64(tensor.count),
          type: tensor.type))
    }
  }

  private func newStorage(_ variable: Variable) -> Storage {
    Storage(bytes: variable.shape.count * variable.type.bytes, kind: .activations, on: device)
  }

  private func constant(_ storage: Storage, _ variable: Variable) -> Tensor {
    Tensor(
      storage: storage, variable: Variable(slot: -1, shape: variable.shape, type: variable.type))
  }
}

extension CKernels.accumulate: CallCost {
  package var size: CallSize {
    CallSize([n], bytes: type.size(of: n) + out.moved(n, type))
  }
}
