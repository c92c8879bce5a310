// Allowance: how much of the processor's time may be spent on a text, so that no tokenizer's file
// can make it endless.

import Glibc

/// On the clock of the thread's own time, which other programs do not take from.
package struct Allowance: Sendable {
  private let deadline: Double

  package init(seconds: Double) { deadline = Self.now + seconds }

  /// For a text: known tokenizers take less than a µs a byte.
  package init(bytes: Int) { self.init(seconds: 5 + 5e-6 * Double(bytes)) }

  package var isSpent: Bool { Self.now >= deadline }

  /// - Throws: `TokenizerError` where it is spent.
  func check() throws(TokenizerError) {
    if isSpent {
      throw TokenizerError("the text has taken more time than any known tokenizer needs for it")
    }
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}
