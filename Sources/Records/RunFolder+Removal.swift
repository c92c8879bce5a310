// How much room a run takes, and how it goes.

internal import Foundation

extension RunFolder {
  /// Bytes of all its files.
  package var bytes: Int { Self.bytes(below: path) }

  /// The size of all that its cells have written: it changes as they come further.
  package var sizeOfCells: Int { Self.bytes(below: "\(path)/cells") }

  /// Removes the run with everything in it; where `latest` led to it, it leads to the newest run
  /// that is left.
  ///
  /// It is renamed first, so that no reader meets half a run, also where the program is stopped on
  /// the way.
  ///
  /// - Throws: `RunError.locked` when a program works on it or on one of its cells; `ResultsError`
  ///   naming what could not be removed.
  package func remove() throws {
    try checkUnused()
    let lock = try RunLock(self)
    defer { withExtendedLifetime(lock) {} }
    let parent = AtomicFile.folder(of: path)
    let doomed = "\(parent)/.\(id).removed"
    try Failpoint.remove.pass(path)
    guard rename(path, doomed) == 0 else { throw ResultsError.last("remove", path) }
    // From here on no process finds a cell of it; one may have begun just before.
    do {
      try checkCells(in: doomed)
    } catch {
      _ = rename(doomed, path)
      throw error
    }
    try Self.mendLatest(in: parent)
    // Also what an earlier removal left that was stopped.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    where name.hasPrefix(".r-") && name.hasSuffix(".removed") {
      try Failpoint.remove.pass("\(parent)/\(name)")
      do {
        try FileManager.default.removeItem(atPath: "\(parent)/\(name)")
      } catch {
        throw ResultsError.system(doing: "remove", path: "\(parent)/\(name)", code: errno)
      }
    }
    // An experiment without runs goes too; what else lies in its folder keeps it.
    rmdir(parent)
  }

  /// Checks that no process works on the run or on one of its cells.
  ///
  /// - Throws: `RunError.locked`, which says who does.
  package func checkUnused() throws(RunError) {
    if let holder = RunLock.holder(in: path) { throw .locked(path, by: holder) }
    try checkCells(in: path)
  }

  private func checkCells(in folder: String) throws(RunError) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/cells")) ?? [] {
      let holder = CellClaim.holder(in: "\(folder)/cells/\(name)", mayWrite: true)
      guard let holder else { continue }
      throw .locked(cell(name), by: holder)
    }
  }

  private static func mendLatest(in parent: String) throws(ResultsError) {
    let link = "\(parent)/latest"
    var status = stat()
    guard lstat(link, &status) == 0, status.st_mode & S_IFMT == S_IFLNK,
      !AtomicFile.exists(link)
    else { return }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    if let newest = names.compactMap({ RunID($0) }).max() {
      try AtomicFile.link(link, to: "\(newest)")
    } else {
      unlink(link)
    }
  }

  private static func bytes(below folder: String) -> Int {
    guard let stream = opendir(folder) else { return 0 }
    var (sum, folders) = (0, [] as [String])
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { start in
        start.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var status = stat()
      guard name != ".", name != "..",
        fstatat(dirfd(stream), name, &status, AT_SYMLINK_NOFOLLOW) == 0
      else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: folders.append(name)
      case S_IFREG: sum += Int(status.st_size)
      default: continue
      }
    }
    closedir(stream)
    return folders.mappedByThreads { name, _ in bytes(below: "\(folder)/\(name)") }
      .reduce(sum, +)
  }
}
