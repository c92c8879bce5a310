// CellClaim: one process at a time works on a cell, on whatever machine it is. A file in the cell's
// folder says who does, and is touched again and again while it does. It needs no more of a shared
// file system than that a file can be made only where there is none (O_EXCL) and that a rename is
// one step; a lock of the kernel tells the processes of one machine apart sooner.

import Config
internal import Foundation

/// The exclusive right to work on one cell of a run.
///
/// The process that has it is known by a word of its own, not by its number, for numbers mean
/// nothing on another machine. A claim that was not touched for three beats is of the dead, and
/// another process takes it over: by a file named after the claim that it replaces, so that of
/// several who would take it over one does.
package final class CellClaim: Sendable {
  static let file = ".claim"
  /// Beats after which a claim is stale.
  private static let patience = 3.0
  /// Seconds between two touches; a test may want less.
  private static let beat =
    ProcessInfo.processInfo.environment["RUNEXP_BEAT_SECONDS"].flatMap { Double($0) } ?? 10

  /// What the file says.
  struct Content: Equatable, Sendable, Record {
    /// What tells this claim from all others.
    var token = ""
    /// The machine, for people; nil where it has no name.
    var host: String?
    /// What tells the machine, since it was started last, from all others; nil where it does not
    /// say.
    var boot: String?
    var start: Timestamp?
    /// Seconds between two touches.
    var beat = 10.0

    static var fields: [Field<Self>] {
      [
        Field("token", \.token), Field("host", \.host), Field("boot", \.boot),
        Field("start", \.start), Field("beat_seconds", \.beat),
      ]
    }
  }

  private let folder: String
  private let label: String
  /// The lock of this machine's kernel; nil where another machine's outlasts its process.
  private let lock: RunLock?
  private let content: Content
  private let isOver = DispatchSemaphore(value: 0)

  /// Claims a cell, whose folder is there.
  ///
  /// - Throws: `RunError.cellLocked` when another process works on it; `ResultsError` where the
  ///   folder cannot be written.
  package init(_ line: PlanLine, of folder: RunFolder) throws {
    self.folder = folder.cell(line.cell)
    label = line.label
    var content = Content()
    content.token = String(UInt64.random(in: 0 ... .max), radix: 36)
    content.host = RunLock.hostname
    content.boot = Self.boot
    content.start = .now
    content.beat = Self.beat
    self.content = content
    do {
      lock = try RunLock(cell: line, of: folder)
    } catch RunError.cellLocked(let label, let holder) {
      // Some servers keep the lock of a machine that is gone.
      guard let other = try Standing(in: self.folder), !other.isOfThisMachine, other.isStale
      else { throw RunError.cellLocked(label, by: holder) }
      lock = nil
    }
    try take()
  }

  deinit { release() }

  /// Gives the cell back; it may be called more than once.
  ///
  /// No file system removes a file only if it says something. Whoever took the cell over between the
  /// look and the removal finds its claim gone, and ends.
  package func release() {
    isOver.signal()
    if (try? Standing(in: folder))?.content == content { unlink("\(folder)/\(Self.file)") }
  }

  /// Touches the claim from now on, and ends this process where another has taken it over: then
  /// nothing that this one writes would be right.
  package func keep() {
    let (folder, content, label, isOver) = (folder, content, label, isOver)
    Thread.detachNewThread {
      let path = "\(folder)/\(Self.file)"
      while isOver.wait(timeout: .now() + content.beat) == .timedOut {
        if Self.isLost(content, in: folder) {
          let text = "error: \(RunError.claimLost(label))\n"
          _ = text.withCString { write(2, $0, strlen($0)) }
          _exit(ExitCode.busy)
        }
        // By the clock of the machine that the files lie on.
        utimensat(AT_FDCWD, path, nil, 0)
      }
    }
  }

  /// The claim under which this thread writes files of a cell; nil where it writes under none.
  @TaskLocal private static var current: CellClaim?

  /// Does something with the cell, during which a file of its folder gets its name, or loses it, only
  /// where the cell is still this process's: one that was stopped for long, and does not know it yet,
  /// changes nothing of what another has written since.
  ///
  /// - Throws: what `body` throws; `RunError.claimLost` where it could not write for that reason.
  package func guarding<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try Self.$current.withValue(self, operation: body)
    } catch let error as ResultsError where error.isOfWriting {
      try check()
      throw error
    }
  }

  /// Checks, as the last thing before a file gets its name or loses it, that it is not one of a cell
  /// that was taken over.
  ///
  /// - Throws: `ResultsError.system`.
  static func confirm(_ path: String) throws(ResultsError) {
    guard let claim = current, path.hasPrefix("\(claim.folder)/"),
      isLost(claim.content, in: claim.folder)
    else { return }
    throw .system(doing: "write", path: path, code: ESTALE)
  }

  /// Checks, before something final is written, that the cell is still this process's.
  ///
  /// - Throws: `RunError.claimLost`.
  package func check() throws(RunError) {
    if Self.isLost(content, in: folder) { throw .claimLost(label) }
  }

  /// Whether the file is another's, or gone; a file system that does not answer says neither.
  private static func isLost(_ content: Content, in folder: String) -> Bool {
    do {
      return try Standing(in: folder)?.content.token != content.token
    } catch {
      return false
    }
  }

  // MARK: Taking it

  private func take() throws {
    let path = "\(folder)/\(Self.file)"
    // Each turn that finds the file gone was another's to lose.
    for _ in 0..<10 {
      if try create(path) { return }
      guard let other = try Standing(in: folder) else { continue }
      let isDead = lock?.isReal == true && other.isOfThisMachine || other.isStale
      guard isDead else { throw RunError.cellLocked(label, by: other.holder) }
      // One file for each claim that is taken over: who makes it has the right to.
      let next = "\(path).\(other.name).next"
      guard try create(next) else {
        // Whoever made it died before the rename.
        if let left = Standing.age(of: next, in: folder), left > Self.patience * Self.beat {
          unlink(next)
          continue
        }
        throw RunError.cellLocked(label, by: other.holder)
      }
      guard try Standing(in: folder)?.name == other.name else {
        unlink(next)
        continue
      }
      try Failpoint.rename.pass(path)
      guard rename(next, path) == 0 else { throw ResultsError.last("write", path) }
      return
    }
    throw RunError.cellLocked(label, by: nil)
  }

  /// Writes the claim where there is no such file; false where there is one.
  private func create(_ path: String) throws -> Bool {
    try Failpoint.write.pass(path)
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    if file < 0, errno == EEXIST { return false }
    guard file >= 0 else { throw ResultsError.last("write", path) }
    let bytes = Array((content.json.line + "\n").utf8)
    let count = write(file, bytes, bytes.count)
    var code = count == bytes.count ? 0 : count < 0 ? errno : ENOSPC
    // A server may say only now that it has no room.
    if close(file) != 0, code == 0 { code = errno }
    guard code == 0 else {
      unlink(path)
      throw ResultsError.system(doing: "write", path: path, code: code)
    }
    return true
  }

  /// This kernel since it was started.
  static let boot: String? = (try? AtomicFile.read("/proc/sys/kernel/random/boot_id"))
    .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }

  // MARK: Looking at it

  /// Who works on a cell; nil where nobody does.
  ///
  /// - Parameter mayWrite: whether to ask the file system what time it is, which takes a file, as
  ///   whoever acts on the answer must where it can; else this machine's clock is near enough.
  package static func holder(in folder: String, mayWrite: Bool = false) -> RunLock.Holder? {
    let standing = try? Standing(in: folder)
    let holder = RunLock.holder(in: folder)
    guard let standing, !standing.isOfThisMachine else { return holder }
    // A full disk, which a run may be removed from for that reason, takes no file.
    let now = (mayWrite ? Standing.clock(in: folder) : nil) ?? Date().timeIntervalSince1970
    return standing.seconds(at: now) > standing.limit ? nil : standing.holder
  }

  /// Waits until nobody works on a cell any more, a time has come, or nothing is to be waited for.
  ///
  /// A scheduler that starts a task again, when its machine has died or is to be left, may do so
  /// before the last process there has ended, or its claim is stale.
  ///
  /// - Parameters:
  ///   - end: on `MonotonicClock`.
  ///   - isInterrupted: asked at every look.
  /// - Returns: whether it had to wait.
  package static func awaitRelease(
    of line: PlanLine, in folder: RunFolder, until end: Double, isInterrupted: () -> Bool
  ) -> Bool {
    let place = folder.cell(line.cell)
    var waited = false
    while MonotonicClock.now() < end, !isInterrupted(), let other = try? Standing(in: place),
      !other.isStale, !other.isOfThisMachine || RunLock.holder(in: place) != nil
    {
      waited = true
      usleep(useconds_t(min(1, other.content.beat / 10) * 1e6))
    }
    return waited
  }

  /// Seconds that a task waits for the cells of others: time to see that a process is dead, and for
  /// one that was asked to end to do so.
  package static var taskPatience: Double { 2 * patience * beat }
}

/// A claim as it stands in a cell's folder.
private struct Standing {
  let content: CellClaim.Content
  /// When it was touched, in seconds since 1970 by the clock of the file system.
  let changed: Double
  private let folder: String

  /// - Returns: nil where there is none.
  /// - Throws: `ResultsError` where that cannot be told.
  init?(in folder: String) throws {
    let path = "\(folder)/\(CellClaim.file)"
    // Opened, so that a network file system asks its server.
    let file: Int32
    do throws(RegularFile.Failure) {
      file = try RegularFile.open(path, O_RDONLY)
    } catch {
      if error.code == ENOENT { return nil }
      throw error.error(at: path)
    }
    defer { close(file) }
    var status = stat()
    var bytes = [UInt8](repeating: 0, count: 4096)
    guard fstat(file, &status) == 0 else { throw ResultsError.lastOfReading(path) }
    let count = read(file, &bytes, bytes.count)
    guard count >= 0 else { throw ResultsError.lastOfReading(path) }
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    // Empty while it is being written.
    content = (try? JSON(reading: text)).flatMap(CellClaim.Content.init) ?? CellClaim.Content()
    changed = status.modified
    self.folder = folder
  }

  var name: String { content.token.isEmpty ? "empty" : content.token }

  var isOfThisMachine: Bool { content.boot != nil && content.boot == CellClaim.boot }

  /// Seconds without a touch after which it is stale.
  var limit: Double { 3 * content.beat }

  func seconds(at now: Double) -> Double { now - changed }

  /// Whether it was not touched for three beats.
  var isStale: Bool {
    Standing.clock(in: folder).map { seconds(at: $0) > limit } ?? false
  }

  var holder: RunLock.Holder { RunLock.Holder(host: content.host) }

  /// Seconds since a file was written; nil where it is gone.
  static func age(of path: String, in folder: String) -> Double? {
    var status = stat()
    guard stat(path, &status) == 0, let now = clock(in: folder) else { return nil }
    return now - status.modified
  }

  /// What time it is for the file system: that of a file made just now, for machines' clocks
  /// differ.
  static func clock(in folder: String) -> Double? {
    let path = "\(folder)/.claim.\(UInt64.random(in: 0 ... .max)).tmp"
    guard (try? Failpoint.write.pass(path)) != nil else { return nil }
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { return nil }
    defer {
      close(file)
      unlink(path)
    }
    var status = stat()
    return fstat(file, &status) == 0 ? status.modified : nil
  }
}

extension stat {
  /// When the file was written, in seconds since 1970.
  fileprivate var modified: Double { Double(st_mtim.tv_sec) + Double(st_mtim.tv_nsec) / 1e9 }
}
