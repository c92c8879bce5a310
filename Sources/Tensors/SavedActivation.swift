// SavedActivation: what backward reads of an activation. Either the tensor, kept since forward, or,
// where memory is to be low, one that is computed again from what is kept anyway.

/// An operation whose output costs little more to compute again than to read.
///
/// It keeps all that forward needs for its own backward.
protocol Recomputable: Operation {
  /// Runs forward; `out` has the same bits each time.
  func forward(into out: Tensor)
}

/// An activation that operations of one tape read in backward.
///
/// Its memory goes back as soon as the last of them has read it.
final class SavedActivation {
  let variable: Variable
  private let device: Device
  private let source: (any Recomputable)?
  private var tensor: Tensor?
  private var readers = 1

  /// One that is kept.
  init(_ tensor: Tensor) {
    variable = tensor.variable
    device = tensor.device
    source = nil
    self.tensor = tensor
  }

  /// One that is computed again by the first that reads it.
  init(_ variable: Variable, from source: any Recomputable, on device: Device) {
    self.variable = variable
    self.device = device
    self.source = source
  }

  /// The same for one more reader.
  func shared() -> SavedActivation {
    readers += 1
    return self
  }

  /// Reads it; each reader does so once.
  func read(_ body: (Tensor) -> Void) {
    let present = tensor ?? recomputed()
    readers -= 1
    tensor = readers > 0 ? present : nil
    body(present)
  }

  private func recomputed() -> Tensor {
    guard let source else { preconditionFailure("an activation is read once too often") }
    let out = Tensor(variable.shape, variable.type, kind: .activations, on: device)
    source.forward(into: out)
    return out
  }
}
