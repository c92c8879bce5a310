// What a device says of itself: its name, by which runs are held against each other, its memory, and
// what went wrong on it.

import CKernels

extension Device {
  /// What computes, without how it is used: the summary up to its first comma outside brackets.
  package var hardware: String {
    var depth = 0
    return String(
      summary.prefix { character in
        if character == "(" { depth += 1 }
        if character == ")" { depth -= 1 }
        return character != "," || depth > 0
      })
  }

  /// The device's memory as it is now, in bytes.
  package var memoryNow: (free: Int, total: Int) {
    let memory = kernels.memory(context)
    return (Int(memory.free), Int(memory.total))
  }

  /// What went wrong first, as the device says it; nil while nothing has.
  package var failure: String? { kernels.error(context).map { String(cString: $0) } }
}
