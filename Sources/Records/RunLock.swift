// RunLock: one program at a time writes the tables of a run. The kernel gives a lock back when the
// last process that holds it ends, however it ends, so nothing is ever locked by the dead. It holds
// between the processes of one machine, and between machines where their file system passes
// flock(2) on; `CellClaim` is there for what must hold everywhere.

internal import Foundation

/// The exclusive right to write a run's record and tables, or to work on one of its cells.
///
/// Workers inherit it: a run whose parent was killed stays locked until its last worker has ended
/// as well.
package final class RunLock: Sendable {
  private static let file = ".lock"
  /// How long to wait for the workers of a run whose parent is dead, in seconds.
  private static let patience = 10.0
  /// How long to wait for one who only looks whether the lock is held, in seconds.
  private static let glance = 0.2
  /// How long a collection waits for another one, in seconds.
  private static let collectionPatience = 600.0
  /// What stands in the file below the process where that one only collects.
  private static let collecting = "(collects)"

  /// The process that took a lock; without a number where it left none.
  package struct Holder: Equatable, Sendable {
    package let process: Int32?
    /// Nil where it is this machine, or unknown.
    package let host: String?
    /// Whether it only makes the tables of what there is.
    fileprivate let isCollecting: Bool

    package init(process: Int32? = nil, host: String? = nil, isCollecting: Bool = false) {
      self.process = process
      self.host = host
      self.isCollecting = isCollecting
    }

    /// Such as ` (process 4711 on node7)`; empty where nothing is known.
    package var note: String {
      if let process { return " (process \(process)" + (host.map { " on \($0)" } ?? "") + ")" }
      return host.map { " on \($0)" } ?? ""
    }

    /// Whether it ran on this machine and is dead, so that only its children still hold the lock.
    package var isDead: Bool {
      host == nil && process.map { kill($0, 0) != 0 && errno == ESRCH } ?? false
    }
  }

  package let descriptor: Int32
  /// False where the file system knows no locks, so that there is none.
  let isReal: Bool

  /// Takes the lock of a run.
  ///
  /// - Throws: `RunError.locked` when another program has it.
  package convenience init(_ folder: RunFolder) throws {
    try self.init(folder: folder.path) { .locked(folder.path, by: $0) }
  }

  /// Takes the lock of a run to make its tables of the rows that are there.
  ///
  /// Another process that does so is waited for: it may have read some of them too early.
  ///
  /// - Throws: `RunError.locked` when another program runs its cells, and makes the tables itself.
  package convenience init(collecting folder: RunFolder) throws {
    try self.init(folder: folder.path, isCollecting: true) { .locked(folder.path, by: $0) }
  }

  /// Takes the lock of one cell, whose folder is there; a part of `CellClaim`.
  ///
  /// - Throws: `RunError.cellLocked` when another process runs the cell.
  convenience init(cell line: PlanLine, of folder: RunFolder) throws {
    try self.init(folder: folder.cell(line.cell)) { .cellLocked(line.label, by: $0) }
  }

  private init(
    folder: String, isCollecting: Bool = false, error: (Holder) -> RunError
  ) throws {
    let path = "\(folder)/\(Self.file)"
    let file: Int32
    do throws(RegularFile.Failure) {
      file = try RegularFile.open(path, O_RDWR | O_CREAT)
    } catch {
      throw error.error(at: path, doing: "write")
    }
    descriptor = file
    let start = MonotonicClock.now()
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      guard [EWOULDBLOCK, EINTR].contains(errno) else {
        isReal = false
        return
      }
      let holder = Self.holder(file)
      let patience =
        holder.isDead
        ? Self.patience
        : isCollecting && holder.isCollecting ? Self.collectionPatience : Self.glance
      guard MonotonicClock.now() - start < patience else { throw error(holder) }
      usleep(20_000)
    }
    isReal = true
    let text = "\(getpid())\n\(Self.hostname)\n" + (isCollecting ? "\(Self.collecting)\n" : "")
    ftruncate(file, 0)
    _ = text.withCString { pwrite(file, $0, strlen($0), 0) }
  }

  deinit {
    // A run that is passed on tells nobody's host.
    if isReal { ftruncate(descriptor, 0) }
    close(descriptor)
  }

  /// Whether a program writes into the run's folder at this moment.
  package static func isHeld(_ folder: RunFolder) -> Bool { holder(in: folder.path) != nil }

  /// Who holds the lock of a folder; nil where nobody does.
  static func holder(in folder: String) -> Holder? {
    guard let file = try? RegularFile.open("\(folder)/\(Self.file)", O_RDONLY) else {
      return nil
    }
    defer { close(file) }
    return flock(file, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK ? nil : holder(file)
  }

  private static func holder(_ file: Int32) -> Holder {
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = max(0, pread(file, &bytes, bytes.count, 0))
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    let host = lines.dropFirst().first.map(String.init)
    return Holder(
      process: lines.first.flatMap { Int32($0) }, host: host == hostname ? nil : host,
      isCollecting: lines.last.map(String.init) == collecting)
  }

  static var hostname: String {
    var bytes = [CChar](repeating: 0, count: 257)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
    return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
