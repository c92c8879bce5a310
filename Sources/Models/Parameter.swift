// Parameters: declared by components by name and shape, and given memory only when a model is about
// to run.

package import Tensors

/// How a parameter starts.
package enum Initialisation: Equatable, Sendable {
  case zeros, ones
  /// Normal around 0 with this standard deviation.
  case normal(Double)
}

/// One trainable tensor.
///
/// Declared first; `tensor` exists once its list was materialised.
package final class Parameter {
  /// The name in checkpoints, such as `model.layers.0.self_attn.q_proj.weight`.
  package let name: String
  package let shape: Shape
  package let initialisation: Initialisation
  /// Position in the list, and the slot of its gradient.
  package let slot: Int
  /// How much less a file holds than the parameter is: Gemma's hold the weights of norms less 1.
  package let storedOffset: Float
  private var materialised: Tensor?

  init(
    name: String, shape: Shape, initialisation: Initialisation, slot: Int, storedOffset: Float
  ) {
    self.name = name
    self.shape = shape
    self.initialisation = initialisation
    self.slot = slot
    self.storedOffset = storedOffset
  }

  /// Weight decay applies to matrices only: not to biases and the weights of norms.
  package var decays: Bool { shape.rank >= 2 }

  package var tensor: Tensor {
    guard let materialised else { preconditionFailure("\(name) has no memory yet") }
    return materialised
  }

  func allocate(on device: Device) {
    materialised = Tensor(shape, kind: .parameters, on: device, slot: slot)
  }

  func materialise(on device: Device, seed: UInt64) {
    allocate(on: device)
    switch initialisation {
    case .zeros: tensor.zero()
    case .ones: tensor.copy(from: [Float](repeating: 1, count: shape.count))
    case .normal(let deviation):
      let random = Random(seed: seed, purpose: "initialisation", name: name)
      tensor.copy(from: random.normals(shape.count, deviation: deviation))
    }
  }
}

/// The parameters of one model, in the order of their declaration.
package final class ParameterList {
  package private(set) var all: [Parameter] = []
  private var names: Set<String> = []

  package init() {}

  /// The number of trainable values.
  package var count: Int { all.reduce(0) { $0 + $1.shape.count } }

  /// Gives every parameter memory and its initial values, which depend on the seed and the
  /// parameter's name alone.
  package func materialise(on device: Device, seed: UInt64) {
    for parameter in all { parameter.materialise(on: device, seed: seed) }
  }

  /// Gives every parameter memory without values, for a checkpoint or a dry run to come.
  package func allocate(on device: Device) {
    for parameter in all { parameter.allocate(on: device) }
  }

  package var tensors: [Tensor] { all.map(\.tensor) }

  /// Gradient tensors, one a parameter.
  package func newGradients(on device: Device) -> Gradients {
    Gradients(leaves: all.map { Tensor($0.shape, kind: .gradients, on: device) }, on: device)
  }

  func add(
    _ name: String, _ shape: Shape, _ initialisation: Initialisation, storedOffset: Float
  ) -> Parameter {
    precondition(names.insert(name).inserted, "parameter \(name) is declared twice")
    let parameter = Parameter(
      name: name, shape: shape, initialisation: initialisation, slot: all.count,
      storedOffset: storedOffset)
    all.append(parameter)
    return parameter
  }
}
