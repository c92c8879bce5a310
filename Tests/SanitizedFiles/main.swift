// Tries mutations of the files of models, each kind so many times: what `make fuzz` builds with
// AddressSanitizer, which ends the program where a byte outside of a file is read.
//   SanitizedFiles COUNT [SEED]

import Glibc
import MutatedModels

private func tried(_ count: Int, seed: Int) throws -> Bool {
  var passes = true
  for kind in MutatedModels.allCases {
    let outcome = try kind.run(count, seed: seed)
    // Said at once, for the next one may end the program.
    defer { fflush(nil) }
    print("\(kind.rawValue): \(count) mutations, \(outcome.read) read, \(outcome.refused) refused")
    for fault in outcome.faults.prefix(10) { print("  \(fault)") }
    if !outcome.faults.isEmpty {
      print("  \(outcome.faults.count) faults")
      passes = false
    }
  }
  return passes
}

let numbers = CommandLine.arguments.dropFirst().map { Int($0) }
guard let count = numbers.first ?? nil, count > 0 else {
  print("error: how many mutations of each kind?")
  exit(64)
}
exit(try tried(count, seed: (numbers.dropFirst().first ?? nil) ?? 1) ? 0 : 1)
