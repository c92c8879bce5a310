// CellResources: the threads and the memory that one cell may take of what the process may use.

package import Records
package import Tensors

/// What one cell may take.
package struct CellResources: Equatable {
  package let threads: Int
  /// Bytes; nil for no cap.
  package let memoryCap: Int?

  /// An equal share for each of the cells that run at once; all of it for one that runs alone, as those do that measure
  /// time, whatever the others have.
  ///
  /// A memory cap that was asked for is each cell's, and is not shared.
  ///
  /// - Parameter isShared: whether other cells run beside it.
  package init(_ options: RunOptions, isShared: Bool, of limits: ProcessLimits = .read()) {
    let cells = isShared ? max(1, options.parallel) : 1
    let all = options.threads > 0 ? options.threads : limits.threads
    threads = max(1, all / cells)
    memoryCap = options.memoryCap ?? limits.usableMemory.map { $0 / cells }
  }
}
