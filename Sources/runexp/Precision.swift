// The --precision option of the commands that run a model.

import ArgumentParser
import Tensors

/// What a model computes with.
enum Precision: String, CaseIterable, ExpressibleByArgument {
  case f32, bf16

  static let help = ArgumentHelp(
    "What the model computes with, and keeps its matrices in: f32 or bf16.")

  var type: ElementType { self == .bf16 ? .bf16 : .f32 }
}
