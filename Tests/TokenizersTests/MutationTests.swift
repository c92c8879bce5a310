// Damaged tokenizers: whatever is in a file, it is read or refused in one sentence, and what is read
// encodes and decodes.

import Foundation
import MutatedTokenizers
import TestSupport
import Testing

@Suite("damaged files of tokenizers")
struct MutationTests {
  /// `RUNEXP_FUZZ` tries more, and `make fuzz` under AddressSanitizer.
  private static let count =
    ProcessInfo.processInfo.environment["RUNEXP_FUZZ"].flatMap { Int($0) } ?? 1000

  @Test("they are read or refused", arguments: MutatedTokenizers.allCases)
  func mutations(kind: MutatedTokenizers) throws {
    let outcome = try kind.run(Self.count)
    #expect(outcome.faults.isEmpty, "\(outcome.faults.prefix(3))")
    #expect(outcome.read > 0 && outcome.refused > Self.count / 20)
    #expect(outcome.read + outcome.refused == Self.count)
  }
}
