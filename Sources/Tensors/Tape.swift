// The tape: what was computed, in order, as values that know their own backward. The order of
// execution is already topological, so backward is a reverse loop. Each node is dropped once
// replayed, and ARC frees what it kept.

/// One differentiable operation that was carried out.
///
/// Holds just what its backward needs.
package protocol Operation {
  /// Name for listings and errors.
  static var name: String { get }

  /// Adds this operation's share to the gradients of its inputs, given the gradient of its output.
  func backward(_ dout: Tensor, into gradients: Gradients)
}

/// An operation that ends in a loss: it starts the backward pass instead of continuing it.
package protocol LossOperation: Operation {
  /// Adds the gradients of the mean loss.
  func backward(into gradients: Gradients)
}

extension LossOperation {
  package func backward(_ dout: Tensor, into gradients: Gradients) { backward(into: gradients) }
}

/// The record of a forward pass.
package final class Tape {
  private struct Node {
    let operation: any Operation
    let output: Variable
    /// The output, where it is to be computed again and somebody reads it.
    weak var saved: SavedActivation?
  }

  private var nodes: [Node] = []
  private var nextSlot: Int
  private let recomputes: Bool

  /// - Parameters:
  ///   - leaves: how many slots are taken by parameters.
  ///   - recomputes: whether backward computes again what costs little, instead of keeping it.
  package init(leaves: Int, recomputes: Bool = false) {
    nextSlot = leaves
    self.recomputes = recomputes
  }

  /// The number of recorded operations.
  package var count: Int { nodes.count }

  /// The names of the recorded operations, in order.
  package var operations: [String] { nodes.map { type(of: $0.operation).name } }

  func newSlot() -> Int {
    defer { nextSlot += 1 }
    return nextSlot
  }

  func record(_ operation: any Operation, output: Variable) {
    nodes.append(Node(operation: operation, output: output))
  }

  /// The operation that was recorded last, where `variable` is its output.
  func last(giving variable: Variable) -> (any Operation)? {
    guard let node = nodes.last, node.output.slot == variable.slot else { return nil }
    return node.operation
  }

  /// An activation for an operation that reads it in backward.
  func save(_ x: Tensor) -> SavedActivation {
    guard recomputes, x.variable.needsGradient,
      let index = nodes.lastIndex(where: { $0.output.slot == x.variable.slot }),
      let source = nodes[index].operation as? any Recomputable
    else { return SavedActivation(x) }
    if let saved = nodes[index].saved, saved.variable.shape == x.shape { return saved.shared() }
    let saved = SavedActivation(x.variable, from: source, on: x.device)
    nodes[index].saved = saved
    return saved
  }

  /// Replays the tape backwards and empties it.
  ///
  /// - Parameters:
  ///   - gradients: where the leaves' gradients end up.
  ///   - seeds: gradients of outputs to start from, beside the losses on the tape.
  package func backward(into gradients: Gradients, seeds: [(Tensor, gradient: Tensor)] = []) {
    gradients.begin(slots: nextSlot)
    gradients.device.during(.backward) { replay(into: gradients, seeds: seeds) }
  }

  private func replay(into gradients: Gradients, seeds: [(Tensor, gradient: Tensor)]) {
    for seed in seeds { gradients.handOver(seed.gradient, to: seed.0.variable) }
    while let node = nodes.popLast() {
      if let loss = node.operation as? any LossOperation {
        loss.backward(into: gradients)
      } else if let dout = gradients.take(node.output) {
        node.operation.backward(dout, into: gradients)
      }
    }
  }
}
