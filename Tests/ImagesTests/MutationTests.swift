// Damaged images: whatever is in a file, it is read or refused in one sentence.

import Foundation
import MutatedImages
import TestSupport
import Testing

@Suite("damaged files of images")
struct MutationTests {
  /// `RUNEXP_FUZZ` tries more, and `make fuzz` under AddressSanitizer.
  private static let count =
    ProcessInfo.processInfo.environment["RUNEXP_FUZZ"].flatMap { Int($0) } ?? 2000

  @Test("they are read or refused", arguments: MutatedImages.allCases)
  func mutations(kind: MutatedImages) {
    let outcome = kind.run(Self.count)
    #expect(outcome.faults.isEmpty, "\(outcome.faults.prefix(3))")
    // A PNG's checksums let no mutation through.
    #expect(kind == .png || outcome.read > 0)
    #expect(outcome.refused > Self.count / 20)
    #expect(outcome.read + outcome.refused == Self.count)
  }
}
