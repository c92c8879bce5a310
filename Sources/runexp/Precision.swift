// The --precision and --weight-type options of the commands that run a model.

import ArgumentParser
import Tensors

/// What a model computes with.
enum Precision: String, CaseIterable, ExpressibleByArgument {
  case f32, bf16

  static let help = ArgumentHelp("What the model computes with: f32 or bf16.")

  var type: ElementType { self == .bf16 ? .bf16 : .f32 }

  /// What follows in a sentence that says how weights are kept; nothing where products are in f32.
  var suffix: String { self == .f32 ? "" : ", products in \(rawValue)" }
}

/// What a model's matrices are kept in.
enum WeightType: String, CaseIterable, ExpressibleByArgument {
  case f32, bf16, q8

  static let help = ArgumentHelp(
    "What the model's matrices are kept in: f32, bf16 or q8 (default: the precision).")

  init(_ precision: Precision) { self = precision == .bf16 ? .bf16 : .f32 }

  var type: ElementType {
    switch self {
    case .f32: .f32
    case .bf16: .bf16
    case .q8: .q8
    }
  }
}
