// RunLock: one program at a time writes into a run's folder. The kernel gives the lock back when the last process that
// holds it ends, however it ends, so no run is ever locked by the dead.

internal import Foundation

/// The exclusive right to write into a run's folder.
///
/// Workers inherit it: a run whose parent was killed stays locked until its last worker has ended as well.
package final class RunLock {
  private static let file = ".lock"
  /// How long to wait for the workers of a run whose parent is dead, in seconds.
  private static let patience = 10.0

  package let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Throws: `RunError.locked` when another program has it.
  package init(_ folder: RunFolder) throws {
    let path = folder.file(Self.file)
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw ResultsError.last("write", path) }
    descriptor = file
    let start = MonotonicClock.now()
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      let holder = Self.holder(file)
      let isHeldByOrphans = holder.map { kill($0, 0) != 0 && errno == ESRCH } ?? false
      guard isHeldByOrphans, MonotonicClock.now() - start < Self.patience else {
        throw RunError.locked(folder.path, by: holder)
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
