// MemoryCap: a limit on what this process may allocate, enforced by the kernel, and what it has used.

import Foundation

/// Limits and figures of this process's memory.
enum MemoryCap {
  /// Refuses allocations beyond `bytes` of writable memory, from now on.
  ///
  /// It is the data segment that is limited, not the address space: CUDA reserves more of that than any machine has.
  static func set(_ bytes: Int) {
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
    setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
  }

  /// The most memory that was resident at a time.
  static var peakResidentBytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Int(usage.ru_maxrss) * 1024
  }
}
