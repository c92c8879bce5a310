// CellResources: the threads and the memory that one cell may take.

import Foundation
import Records

/// What a cell may use of what the process may use.
struct CellResources {
  /// CPU threads; 0 for as many as there are.
  let threads: Int
  /// Bytes; nil where nobody says.
  let memoryCap: Int?

  /// - Parameter isShared: whether other cells run beside it; one that runs alone gets the whole.
  init(_ options: RunOptions, isShared: Bool) {
    let share = isShared ? max(1, options.parallel) : 1
    let all =
      options.threads > 0 ? options.threads : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    threads = isShared ? max(1, all / share) : options.threads
    memoryCap =
      options.memoryCap ?? HostRecord.read(isa: "").usableMemoryBytes.map { $0 / share }
  }
}
