// The CPU's tables by name: one for each instruction set, of which a processor has some.

import CKernels

extension Device {
  /// The instruction sets that the CPU's kernels are compiled for, the best last.
  package static let knownInstructionSets = ["generic", "v2", "v3", "v4", "v4-bf16", "neon"]

  /// Those of them that this processor has.
  package static var instructionSets: [String] {
    knownInstructionSets.filter { name in runexp_cpu_kernels_for(name) != nil }
  }

  /// The CPU with the kernels of one instruction set.
  ///
  /// - Returns: nil where the processor has no such set.
  package static func cpu(threads: Int = 0, instructionSet: String) -> Device? {
    runexp_cpu_kernels_for(instructionSet).map { Device($0, threads: threads) }
  }
}
