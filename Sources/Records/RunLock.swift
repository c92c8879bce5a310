// RunLock: one program at a time writes the tables of a run, and one works on each cell. The kernel gives a lock back
// when the last process that holds it ends, however it ends, so nothing is ever locked by the dead. It holds between the
// processes of one machine.

internal import Foundation

/// The exclusive right to write a run's record and tables, or to work on one of its cells.
///
/// Workers inherit it: a run whose parent was killed stays locked until its last worker has ended as well.
package final class RunLock {
  private static let file = ".lock"
  /// How long to wait for the workers of a run whose parent is dead, in seconds.
  private static let patience = 10.0

  package let descriptor: Int32

  /// Takes the lock of a run.
  ///
  /// - Throws: `RunError.locked` when another program has it.
  package convenience init(_ folder: RunFolder) throws { try self.init(folder: folder.path) }

  /// Takes the lock of one cell, whose folder is there.
  ///
  /// - Throws: `RunError.locked` when another program works on the cell.
  package convenience init(cell line: PlanLine, of folder: RunFolder) throws {
    try self.init(folder: folder.cell(line.cell))
  }

  private init(folder: String) throws {
    let path = "\(folder)/\(Self.file)"
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw ResultsError.last("write", path) }
    descriptor = file
    let start = MonotonicClock.now()
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      let holder = Self.holder(file)
      let isHeldByOrphans = holder.map { kill($0, 0) != 0 && errno == ESRCH } ?? false
      guard isHeldByOrphans, MonotonicClock.now() - start < Self.patience else {
        throw RunError.locked(folder, by: holder)
      }
      usleep(20_000)
    }
    let text = "\(getpid())\n"
    ftruncate(file, 0)
    _ = text.withCString { pwrite(file, $0, strlen($0), 0) }
  }

  deinit { close(descriptor) }

  /// Whether a program writes into the run's folder at this moment.
  package static func isHeld(_ folder: RunFolder) -> Bool {
    let file = open(folder.file(Self.file), O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return flock(file, LOCK_SH | LOCK_NB) != 0
  }

  private static func holder(_ file: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 32)
    let count = pread(file, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int32(
      String(decoding: bytes[..<count], as: UTF8.self).trimmingCharacters(
        in: .whitespacesAndNewlines))
  }
}
