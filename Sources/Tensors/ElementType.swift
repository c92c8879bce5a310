// The types that a tensor can have: an activation f32 or bf16, a matrix of an inference any of them.
// Everything saved for backward is always f32, and so are all other parameters.

package import CKernels

/// The type of a tensor's elements.
///
/// Q8 is one of whole matrices: 8 bits a number, and an fp16 scale for each block of 32 along a row.
package typealias ElementType = element_type

extension element_type {
  package static let f32 = ELEMENT_F32
  package static let bf16 = ELEMENT_BF16
  package static let q8 = ELEMENT_Q8

  /// Bytes an element; of Q8, of its number alone.
  package var bytes: Int {
    switch self {
    case .f32: 4
    case .bf16: 2
    default: 1
    }
  }

  /// Bytes of a tensor.
  package func bytes(of shape: Shape) -> Int {
    self == .q8
      ? Int(runexp_q8_bytes(Int64(shape.rows), Int64(shape.columns))) : shape.count * bytes
  }

  /// The word that experiment files and results use.
  package var word: String {
    switch self {
    case .f32: "f32"
    case .bf16: "bf16"
    default: "q8"
    }
  }
}

/// The nonlinearities that the activation and gated kernels know.
package typealias ActivationKind = activation_kind

extension activation_kind {
  package static let gelu = ACTIVATION_GELU
  package static let relu = ACTIVATION_RELU
  package static let silu = ACTIVATION_SILU
  package static let relu2 = ACTIVATION_RELU2
  package static let geluTanh = ACTIVATION_GELU_TANH

  /// The word of the component that has it.
  package var word: String {
    switch self {
    case .gelu: "gelu"
    case .relu: "relu"
    case .silu: "silu"
    case .geluTanh: "gelu_tanh"
    default: "relu2"
    }
  }
}

/// What a product does to its elements before they are stored.
package typealias EpilogueKind = epilogue_kind

extension epilogue_kind {
  package static let none = EPILOGUE_NONE
  package static let activation = EPILOGUE_ACTIVATION
  package static let gated = EPILOGUE_GATED
  package static let dactivation = EPILOGUE_DACTIVATION
  package static let dgated = EPILOGUE_DGATED
  package static let residual = EPILOGUE_RESIDUAL
}

extension epilogue {
  /// Nothing.
  package static var none: epilogue {
    epilogue(
      kept: nil, dup: .unwanted, gate: nil, up: nil, residual: nil, kind: .none, activation: .gelu)
  }
}
