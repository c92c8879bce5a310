// RUNEXP_ISA: the CPU's instruction set, for all commands and the cells that they start.

import Tensors

/// What the environment says of the CPU's instruction set.
///
/// The kernels look there by themselves.
enum InstructionSetChoice {
  private static let variable = "RUNEXP_ISA"

  /// Why a choice cannot be followed; nil where it can, or there is none.
  static func refusal(of environment: [String: String]) -> String? {
    guard let chosen = environment[variable], !Device.instructionSets.contains(chosen) else {
      return nil
    }
    let sets = Device.instructionSets.map { "'\($0)'" }.joined(separator: ", ")
    return "\(variable) must be one that this processor has, \(sets), not '\(chosen)'"
  }
}
