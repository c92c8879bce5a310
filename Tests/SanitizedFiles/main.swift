// Tries mutations of the files of models, tokenizers and images, each kind so many times: what
// `make fuzz` builds with AddressSanitizer, which ends the program where a byte outside of a file
// is read.
//   SanitizedFiles COUNT [SEED]

import Glibc
import MutatedImages
import MutatedModels
import MutatedTokenizers
import TestSupport

/// Prints what became of them.
///
/// - Returns: whether all was as it should be.
private func isWell(_ name: String, _ outcome: MutationOutcome) -> Bool {
  let count = outcome.read + outcome.refused
  print("\(name): \(count) mutations, \(outcome.read) read, \(outcome.refused) refused")
  for fault in outcome.faults.prefix(10) { print("  \(fault)") }
  if !outcome.faults.isEmpty { print("  \(outcome.faults.count) faults") }
  // Said at once, for the next one may end the program.
  fflush(nil)
  return outcome.faults.isEmpty
}

private func tried(_ count: Int, seed: Int) throws -> Bool {
  var passes = true
  for kind in MutatedModels.allCases {
    passes = isWell(kind.rawValue, try kind.run(count, seed: seed)) && passes
  }
  for kind in MutatedTokenizers.allCases {
    passes = isWell(kind.rawValue, try kind.run(count, seed: seed)) && passes
  }
  for kind in MutatedImages.allCases {
    passes = isWell(kind.rawValue, kind.run(count, seed: seed)) && passes
  }
  return passes
}

let numbers = CommandLine.arguments.dropFirst().map { Int($0) }
guard let count = numbers.first ?? nil, count > 0 else {
  print("error: how many mutations of each kind?")
  exit(64)
}
exit(try tried(count, seed: (numbers.dropFirst().first ?? nil) ?? 1) ? 0 : 1)
