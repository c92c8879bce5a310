// Parameters: declared by components by name and shape, and given memory only when a model is about
// to run.

package import Tensors

/// How a parameter starts.
package enum Initialisation: Equatable, Sendable {
  case zeros, ones
  /// All alike: factors that shall begin small.
  case constant(Double)
  /// Normal around 0 with this standard deviation.
  case normal(Double)

  /// Whether it is of factors, which change nothing where they are 1; what is added changes nothing
  /// where it is 0.
  var isOfFactors: Bool {
    switch self {
    case .ones, .constant: true
    case .zeros, .normal: false
    }
  }
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
  /// Whether it is a matrix that is read by products and look-ups alone, which take it in any type:
  /// an inference may keep it in another one.
  package let isReadRounded: Bool
  private var materialised: Tensor?

  init(
    name: String, shape: Shape, initialisation: Initialisation, slot: Int, storedOffset: Float,
    isReadRounded: Bool
  ) {
    self.name = name
    self.shape = shape
    self.initialisation = initialisation
    self.slot = slot
    self.storedOffset = storedOffset
    self.isReadRounded = isReadRounded
  }

  /// Weight decay applies to matrices only: not to biases and the weights of norms.
  package var decays: Bool { shape.rank >= 2 }

  package var tensor: Tensor {
    guard let materialised else { preconditionFailure("\(name) has no memory yet") }
    return materialised
  }

  /// The type that it has in memory where matrices have this one.
  package func type(matrices: ElementType) -> ElementType { isReadRounded ? matrices : .f32 }

  fileprivate func take(_ storage: Storage, matrices: ElementType) {
    materialised = Tensor(shape, type(matrices: matrices), in: storage, slot: slot)
  }

  fileprivate func initialise(seed: UInt64) {
    switch initialisation {
    case .zeros: tensor.zero()
    case .ones: tensor.copy(from: [Float](repeating: 1, count: shape.count))
    case .constant(let value):
      tensor.copy(from: [Float](repeating: Float(value), count: shape.count))
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

  /// Their bytes where matrices have this type.
  package func bytes(matrices: ElementType) -> Int {
    all.reduce(0) { $0 + $1.type(matrices: matrices).bytes(of: $1.shape) }
  }

  /// Gives every parameter memory and its initial values, which depend on the seed and the
  /// parameter's name alone.
  ///
  /// - Parameter matrices: their type in an inference; training and whatever wants gradients has
  ///   f32.
  package func materialise(
    on device: Device, seed: UInt64, matrices: ElementType = .f32
  ) {
    allocate(on: device, matrices: matrices)
    for parameter in all { parameter.initialise(seed: seed) }
  }

  /// Gives those of these names their initial values; all have memory already.
  package func initialise(_ names: Set<String>, seed: UInt64) {
    for parameter in all where names.contains(parameter.name) { parameter.initialise(seed: seed) }
  }

  /// Gives every parameter memory without values, all in one block, for a checkpoint or a dry run to come.
  ///
  /// - Parameter matrices: their type in an inference; training and whatever wants gradients has
  ///   f32.
  package func allocate(on device: Device, matrices: ElementType = .f32) {
    let storages = Storage.sideBySide(
      all.map { $0.type(matrices: matrices).bytes(of: $0.shape) }, kind: .parameters, on: device)
    for (parameter, storage) in zip(all, storages) { parameter.take(storage, matrices: matrices) }
  }

  package var tensors: [Tensor] { all.map(\.tensor) }

  /// Gradient tensors, one a parameter.
  package func newGradients(on device: Device) -> Gradients {
    Gradients(leaves: all.map { Tensor($0.shape, kind: .gradients, on: device) }, on: device)
  }

  func add(
    _ name: String, _ shape: Shape, _ initialisation: Initialisation, storedOffset: Float,
    isReadRounded: Bool
  ) -> Parameter {
    precondition(names.insert(name).inserted, "parameter \(name) is declared twice")
    let parameter = Parameter(
      name: name, shape: shape, initialisation: initialisation, slot: all.count,
      storedOffset: storedOffset, isReadRounded: isReadRounded)
    all.append(parameter)
    return parameter
  }
}
