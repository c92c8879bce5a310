// MemoryShortage: a device has no more memory, which ends the process with a code of its own.

import CKernels
import Glibc

/// A request for memory that a device could not meet.
package struct MemoryShortage: Sendable {
  /// Begins with "out of memory".
  package let message: String

  init(message: String) { self.message = message }

  init(bytes: Int, kind: MemoryKind, inUse: Int) {
    message =
      "\(RUNEXP_OUT_OF_MEMORY): no room for \(bytes) more bytes of \(kind); "
      + "\(inUse) bytes are in use"
  }

  /// The exit code of a process that ended because a device had no more memory.
  package static let exitCode: Int32 = 71

  /// Says what was missing on standard error and exits with `exitCode`.
  package static func endProcess(_ shortage: MemoryShortage) -> Never {
    let line = "error: \(shortage.message)\n"
    _ = line.withCString { write(2, $0, strlen($0)) }
    exit(exitCode)
  }
}
