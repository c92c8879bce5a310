// OpCase: one operation at one size, as data. The same cases drive the gradient checks, the
// comparison of a device with the reference, and the timing; they are part of the program, so that
// any machine can run them.

import CKernels
package import Tensors

/// One operation with its inputs.
///
/// What is done with it is in OpCase+Run, Parity, GradientCheck and Timing.
package struct OpCase: Sendable, CustomStringConvertible {
  /// What is run, such as `rms_norm`.
  package let name: String
  /// What sets this case apart from the others of its name, such as `one row`.
  package let detail: String
  /// The element type of activations.
  package let type: ElementType
  package let inputs: [CaseInput]
  /// The fields of the kernel table that this case runs.
  package let kernels: [String]
  /// Floating-point operations of forward and of backward; 0 where memory sets the pace.
  package let operations: (forward: Double, backward: Double)
  /// The largest difference allowed between a device and the reference, relative to the largest
  /// value; see `Parity`.
  package let tolerance: Double
  /// Whether finite differences can follow it: not where rounding exceeds the step.
  package let isSmooth: Bool
  /// The attention that it computes, which not every device can.
  var attention: (algorithm: AttentionAlgorithm, shape: AttentionShape)?
  let body: Body

  enum Body: Sendable {
    /// A differentiable operation of `Pass`.
    case operation(preparing: Preparation)
    /// One without a gradient.
    case forward(preparing: Preparation)
    /// A differentiable operation, ending in a loss for each token: its backward starts by itself.
    case loss(preparing: Preparation)
    /// A kernel that works in place on its inputs, or returns numbers.
    case kernel(@Sendable (Device, [Tensor]) -> [Float])
    /// The same in steps, of which one is timed.
    case prepared(@Sendable (Device, [Tensor]) -> Prepared)

    /// A differentiable operation that needs nothing on the device beside its inputs.
    static func operation(_ body: @escaping @Sendable (Pass, [Tensor]) -> Tensor) -> Body {
      .operation { _, inputs in { body($0, inputs) } }
    }
  }

  /// Brings to a device, beside the inputs, what an operation needs, which is not timed; gives the
  /// operation.
  typealias Preparation = @Sendable (Device, [Tensor]) -> (Pass) -> Tensor

  /// A kernel whose call lies ready on a device.
  struct Prepared {
    /// Runs it and waits for nothing; it may be run again.
    let run: () -> Void
    /// The numbers that it returned.
    let results: () -> [Float]

    init(_ run: @escaping () -> Void, results: @escaping () -> [Float] = { [] }) {
      self.run = run
      self.results = results
    }
  }

  init(
    _ name: String, _ detail: String, _ type: ElementType, _ inputs: [CaseInput],
    kernels: [String], operations: (forward: Double, backward: Double) = (0, 0),
    tolerance: Double? = nil, isSmooth: Bool = true, _ body: Body
  ) {
    self.name = name
    self.detail = detail
    self.type = type
    self.inputs = inputs
    self.kernels = kernels
    self.operations = operations
    self.tolerance = tolerance ?? (type == .f32 ? 2e-5 : 2e-2)
    self.isSmooth = isSmooth
    self.body = body
  }

  /// Such as `rms_norm, one row, [1, 33] [33], bf16`.
  package var description: String {
    ([name, detail, shapes, type.word]).filter { !$0.isEmpty }.joined(separator: ", ")
  }

  /// What keeps a device from this case; nil where it can run it.
  package func obstacle(on device: Device) -> String? {
    if let (algorithm, shape) = attention,
      let obstacle = device.obstacle(
        to: algorithm, in: shape, type,
        backward: shape.cache == nil && !algorithm.isForwardOnly)
    {
      return obstacle
    }
    return products.lazy.compactMap { device.obstacle(to: $0) }.first
  }

  /// The matrix products that it asks for, forward and backward, as a device hears that computes
  /// nothing.
  ///
  /// Without epilogues: what a device refuses of these it computes after the product.
  private var products: [CKernels.gemm] {
    guard kernels.contains("gemm") || kernels.contains("gemm_group") else { return [] }
    let meta = Device.meta(threads: 1)
    var products: [CKernels.gemm] = []
    meta.whenMultiplying = { call in
      var product = call
      product.epilogue = .none
      products.append(product)
    }
    _ = run(on: meta)
    return products
  }

  /// The shapes of the inputs, such as `[1, 33] [33]`.
  package var shapes: String { inputs.map { "\($0.shape)" }.joined(separator: " ") }
}

/// One input of a case.
package struct CaseInput: Sendable {
  enum Role: Sendable {
    /// Has the case's element type and a gradient.
    case activation
    /// Is f32 and has a gradient.
    case parameter
    /// Is f32 and has none.
    case constant
    /// Has this type and no gradient, as a matrix of an inference.
    case matrix(ElementType)

    var hasGradient: Bool {
      switch self {
      case .activation, .parameter: true
      case .constant, .matrix: false
      }
    }
  }

  package let name: String
  package let shape: Shape
  let role: Role
  let values: CaseValues

  static func activation(_ name: String, _ shape: Shape, _ values: CaseValues = .normal(1))
    -> CaseInput
  {
    CaseInput(name: name, shape: shape, role: .activation, values: values)
  }

  static func parameter(_ name: String, _ shape: Shape, _ values: CaseValues = .normal(1))
    -> CaseInput
  {
    CaseInput(name: name, shape: shape, role: .parameter, values: values)
  }

  static func matrix(_ name: String, _ shape: Shape, _ type: ElementType, _ values: CaseValues)
    -> CaseInput
  {
    CaseInput(name: name, shape: shape, role: .matrix(type), values: values)
  }

  static func constant(_ name: String, _ shape: Shape, _ values: CaseValues = .normal(1))
    -> CaseInput
  {
    CaseInput(name: name, shape: shape, role: .constant, values: values)
  }
}

/// What an input is filled with.
enum CaseValues: Sendable {
  /// Normal numbers of a standard deviation.
  case normal(Double)
  /// The same, at least a quarter away from 0: for functions with a kink there.
  case awayFromZero(Double)
  /// Normal numbers without their sign.
  case positive(Double)
  /// These, again and again.
  case repeating([Float])

  /// `count` numbers, the same for the same name.
  ///
  /// They are multiples of 2^-10, so that a finite difference's steps are exact.
  func values(_ count: Int, name: String) -> [Float] {
    let random = Random(seed: 1, purpose: "case", name: name)
    func normal(_ index: Int, _ deviation: Double) -> Float {
      Float((random.normal(index) * deviation * 1024).rounded() / 1024)
    }
    switch self {
    case .normal(let deviation): return (0..<count).map { normal($0, deviation) }
    case .awayFromZero(let deviation):
      return (0..<count).map {
        let value = normal($0, deviation)
        return value < 0 ? value - 0.25 : value + 0.25
      }
    case .positive(let deviation): return (0..<count).map { abs(normal($0, deviation)) }
    case .repeating(let list): return (0..<count).map { list[$0 % list.count] }
    }
  }
}
