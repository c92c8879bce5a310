// Tries mutations of the files of models, tokenizers and images, each kind so many times: what
// `make fuzz` builds with AddressSanitizer, which ends the program where a byte outside of a file
// is read.
//   SanitizedFiles COUNT [SEED [KIND...]]    all kinds, or those in whose names a word stands

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

private func tried(_ count: Int, seed: Int, _ words: [String]) throws -> Bool {
  func isWanted(_ name: String) -> Bool {
    words.isEmpty || words.contains { name.contains($0) }
  }
  var passes = true
  for kind in MutatedModels.allCases where isWanted(kind.rawValue) {
    passes = isWell(kind.rawValue, try kind.run(count, seed: seed)) && passes
  }
  for kind in MutatedTokenizers.allCases where isWanted(kind.rawValue) {
    passes = isWell(kind.rawValue, try kind.run(count, seed: seed)) && passes
  }
  for kind in MutatedImages.allCases where isWanted(kind.rawValue) {
    passes = isWell(kind.rawValue, kind.run(count, seed: seed)) && passes
  }
  return passes
}

let words = CommandLine.arguments.dropFirst()
guard let count = words.first.flatMap({ Int($0) }), count > 0 else {
  print("error: how many mutations of each kind?")
  exit(64)
}
let seed = words.dropFirst().first.flatMap { Int($0) } ?? 1
exit(try tried(count, seed: seed, Array(words.dropFirst(2))) ? 0 : 1)
