// Damaged files of models: whatever is in them, they are read or refused in one sentence.

import Foundation
import MutatedModels
import TestSupport
import Testing

@Suite("damaged files of models")
struct WeightFileMutationTests {
  /// `RUNEXP_FUZZ` tries more, and `make fuzz` under AddressSanitizer.
  private static let count =
    ProcessInfo.processInfo.environment["RUNEXP_FUZZ"].flatMap { Int($0) } ?? 3000

  @Test("they are read or refused", arguments: MutatedModels.allCases)
  func mutations(kind: MutatedModels) throws {
    let outcome = try kind.run(Self.count)
    #expect(outcome.faults.isEmpty, "\(outcome.faults.prefix(3))")
    #expect(outcome.read > 0 && outcome.refused > Self.count / 4)
    #expect(outcome.read + outcome.refused == Self.count)
  }
}
