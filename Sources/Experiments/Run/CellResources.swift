// CellResources: the threads and the memory that one cell may take of what the process may use.

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
