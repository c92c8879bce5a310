// CellResources: the threads and the memory that one cell may take of what the process may use.

import Foundation
package import Records
package import Tensors

/// What one cell may take.
package struct CellResources: Equatable {
  package let threads: Int
  /// Bytes; nil for no cap.
  package let memoryCap: Int?

  /// An equal share for each of the cells that run at once; all of it for one that runs alone.
  ///
  /// A memory cap that was asked for is each cell's, and is not shared.
  ///
  /// - Parameter cells: how many run at once, this one included.
  package init(_ options: RunOptions, among cells: Int, of limits: ProcessLimits = .read()) {
    threads = max(1, Self.threads(options, limits) / cells)
    memoryCap = options.memoryCap ?? limits.usableMemory.map { $0 / cells }
  }

  /// How many cells run at once: no more than there are, nor than there are threads.
  ///
  /// - Parameter cells: those that are to run and may have others beside them.
  package static func width(
    _ options: RunOptions, cells: Int, of limits: ProcessLimits = .read()
  ) -> Int {
    max(1, min(options.parallel, cells, threads(options, limits)))
  }

  private static func threads(_ options: RunOptions, _ limits: ProcessLimits) -> Int {
    options.threads > 0 ? options.threads : limits.threads
  }

  /// In the environment of a worker that the local runner starts: how many cells run at once.
  ///
  /// One that is started by hand, or by a cluster's scheduler, takes all that its process may use.
  static let variable = "RUNEXP_CONCURRENT_CELLS"

  /// What the environment says of the cells that run at once.
  static func concurrentCells(_ environment: [String: String]) -> Int {
    max(1, environment[variable].flatMap { Int($0) } ?? 1)
  }
}

// MemoryCap: a limit on what this process may allocate, enforced by the kernel, and what it has
// used.

/// Limits and figures of this process's memory.
enum MemoryCap {
  /// What a cell takes beside its tensors, in bytes: texts, tables, lines of results.
  private static let reserve = 32 << 20

  /// Refuses allocations beyond `bytes` of writable memory, from now on.
  ///
  /// It is the data segment that is limited, not the address space: CUDA reserves more of that than
  /// any machine has. A program that is refused memory outside its tensors dies by a signal, which
  /// is then told in a sentence; the runtime's own report would ask for memory again, and hang.
  ///
  /// - Returns: the bytes that are left for tensors.
  /// - Throws: `MemoryCapTooSmall` where that is nothing.
  static func set(_ bytes: Int) throws(MemoryCapTooSmall) -> Int {
    let own = (dataBytes ?? 0) + reserve
    guard bytes > own else { throw MemoryCapTooSmall(cap: bytes, own: own) }
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
    setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
    for number in [SIGABRT, SIGBUS, SIGILL, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
    return bytes - own
  }

  /// Bytes of writable memory that this process has: heap, stacks and data, touched or not.
  private static var dataBytes: Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmData:") })
    else { return nil }
    return line.split(whereSeparator: \.isWhitespace).dropFirst().first
      .flatMap { Int($0) }.map { $0 << 10 }
  }

  /// The most memory that was resident at a time.
  static var peakResidentBytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Int(usage.ru_maxrss) * 1024
  }
}

/// The program by itself takes more than a cell may have.
struct MemoryCapTooSmall: Error, CustomStringConvertible {
  let cap, own: Int

  var description: String {
    "the program itself takes \(Metric.peakBytes.text(Double(own))), so that its cap of "
      + "\(Metric.peakBytes.text(Double(cap))) leaves nothing for tensors; it was not started"
  }
}
