// Whole files that are there completely or not at all: temporary name, fsync, rename, fsync of
// the folder. A reader, or a run that is killed, never sees half a file.

package import Config
internal import Foundation

/// Writing and reading of whole files.
package enum AtomicFile {
  /// Replaces the file at `path` with `text`; on failure the old file is untouched.
  ///
  /// A symbolic link stays one: what it points to is replaced. A device, a pipe or a descriptor
  /// (`/dev/stdout`) cannot be replaced and is written to.
  ///
  /// - Parameter isSynced: whether to wait until it is on the disk; not needed for what can be made
  ///   again.
  /// - Throws: `ResultsError.system` naming the file (not writable, disk full).
  package static func write(
    _ text: String, to path: String, isSynced: Bool = true
  ) throws(ResultsError) {
    try write(Array(text.utf8), to: path, isSynced: isSynced)
  }

  /// Replaces the file at `path` with `bytes`; on failure the old file is untouched.
  package static func write(
    _ bytes: [UInt8], to path: String, isSynced: Bool = true
  ) throws(ResultsError) {
    try write(to: path, isSynced: isSynced) { (file) throws(ResultsError) in
      try file.write(bytes)
    }
  }

  /// Writes a new file into a folder that gets its name last, so that nobody sees half of it: as it
  /// is, where a temporary name and a rename would be two more changes of the folder.
  ///
  /// - Throws: `ResultsError.system` naming the file, also where there is one.
  package static func create(_ bytes: [UInt8], at path: String) throws(ResultsError) {
    try Failpoint.write.pass(path)
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw ResultsError.last("write", path) }
    defer { close(file) }
    try FileWriter(file, path).write(bytes)
  }

  /// Replaces the file at `path` with what `body` writes, piece by piece; on failure the old file is
  /// untouched.
  ///
  /// - Parameter body: may be called again, to write the same once more.
  package static func write(
    to path: String, isSynced: Bool = true,
    _ body: (FileWriter) throws(ResultsError) -> Void
  ) throws(ResultsError) {
    guard let target = try replaceable(path) else { return try writeInPlace(body, to: path) }
    // A sweep that took the temporary file for one of the dead may have removed it.
    for _ in 1...3 where try replace(target, with: body, for: path, isSynced: isSynced) {
      try Failpoint.renamed.pass(path)
      if isSynced { try syncFolder(of: target) }
      return
    }
    throw .system(doing: "write", path: path, code: ENOENT)
  }

  /// Replaces the file at `path` with texts one after the other, each made when its turn has come.
  package static func write(
    texts: some Sequence<String>, to path: String, isSynced: Bool = true
  ) throws(ResultsError) {
    try write(to: path, isSynced: isSynced) { (file) throws(ResultsError) in
      var block: [UInt8] = []
      for text in texts {
        block.append(utf8: text)
        guard block.count >= 1 << 18 else { continue }
        try file.write(block)
        block.removeAll(keepingCapacity: true)
      }
      try file.write(block)
    }
  }

  /// Replaces the file at `path` with a JSON value over several lines.
  package static func write(_ value: JSON, to path: String) throws(ResultsError) {
    try write(value.document, to: path)
  }

  /// Replaces the file at `path` with `bytes` and leaves it open, for what is to be appended: that
  /// goes into this very file, also when another process has put its own in its place.
  ///
  /// - Returns: the descriptor, which is the caller's to close.
  static func replaceForAppending(
    _ path: String, with bytes: [UInt8], isSynced: Bool
  ) throws(ResultsError) -> Int32 {
    var end: Int32 = -1
    do throws(ResultsError) {
      try write(to: path, isSynced: isSynced) { (file) throws(ResultsError) in
        try file.write(bytes)
        if end >= 0 { close(end) }
        end = fcntl(file.file, F_DUPFD_CLOEXEC, 0)
        guard end >= 0, fcntl(end, F_SETFL, O_APPEND) == 0 else {
          throw ResultsError.last("write", path)
        }
      }
    } catch {
      if end >= 0 { close(end) }
      throw error
    }
    // That was for as long as its name was a temporary one.
    _ = flock(end, LOCK_UN)
    return end
  }

  /// Points the symbolic link at `path` to `target`, replacing an older link in one step.
  package static func link(_ path: String, to target: String) throws(ResultsError) {
    try Failpoint.link.pass(path)
    var temporary = sibling(of: path)
    while symlink(target, temporary) != 0 {
      guard errno == EEXIST else { throw ResultsError.last("link", path) }
      temporary = sibling(of: path)
    }
    guard rename(temporary, path) == 0 else {
      let error = ResultsError.last("link", path)
      unlink(temporary)
      throw error
    }
    try syncFolder(of: path)
  }

  /// Whether there is something at a path.
  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Whether a path, or what it links to, is a folder; leaves `errno` as it was.
  package static func isFolder(_ path: String) -> Bool {
    let code = errno
    defer { errno = code }
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Bytes of a file; 0 where there is none.
  package static func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The text of a file.
  package static func read(_ path: String) throws(ResultsError) -> String {
    String(decoding: try readBytes(path), as: UTF8.self)
  }

  /// The bytes of a file; no pipe or device, which would be waited for, or might have no end.
  ///
  /// - Parameter most: how many of them are read.
  package static func readBytes(
    _ path: String, most: Int = .max
  ) throws(ResultsError) -> [UInt8] {
    let file = try openForReading(path)
    defer { close(file) }
    return try readBytes(of: file, named: path, most: most)
  }

  /// The bytes that an open file or a pipe still has.
  ///
  /// - Parameters:
  ///   - name: what an error calls it.
  ///   - most: how many of them are read.
  package static func readBytes(
    of file: Int32, named name: String, most: Int = .max
  ) throws(ResultsError) -> [UInt8] {
    var status = stat()
    // A device, and a file of /proc, does not say how long it is.
    let size = fstat(file, &status) == 0 ? Int(status.st_size) : 0
    var bytes: [UInt8] = []
    var wanted = min(most, size + 1)
    while bytes.count < most {
      var count = 0
      let block = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
        repeat {
          count = Foundation.read(file, buffer.baseAddress, wanted)
        } while count < 0
          && errno == EINTR
        filled = max(0, count)
      }
      guard count >= 0 else { throw ResultsError.lastOfReading(name) }
      if count == 0 { break }
      if bytes.isEmpty { bytes = block } else { bytes += block }
      // It was asked for one more, so that this is the end.
      if count < wanted, bytes.count == size { break }
      wanted = min(most - bytes.count, max(1 << 16, bytes.count))
    }
    return bytes
  }

  /// Opens a regular file; a folder too, of which the reading tells.
  private static func openForReading(_ path: String) throws(ResultsError) -> Int32 {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { throw ResultsError.lastOfReading(path) }
    var status = stat()
    let isKnown = fstat(file, &status) == 0
    if isKnown, [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) { return file }
    let error: ResultsError =
      isKnown
      ? .unreadable(path: path, problem: "it is no regular file") : .lastOfReading(path)
    close(file)
    throw error
  }

  /// Hands on the bytes of a file, block by block, until it ends or `body` wants no more.
  ///
  /// - Parameters:
  ///   - start: bytes before the first that is wanted.
  ///   - size: bytes of a block.
  static func readBlocks(
    of path: String, from start: Int = 0, size: Int = 1 << 16, _ body: ([UInt8]) -> Bool
  ) throws(ResultsError) {
    let file = try openForReading(path)
    defer { close(file) }
    if start > 0, lseek(file, off_t(start), SEEK_SET) < 0 {
      throw ResultsError.lastOfReading(path)
    }
    var block = [UInt8](repeating: 0, count: size)
    while true {
      let count = Foundation.read(file, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ResultsError.lastOfReading(path) }
      if count == 0 || !body(count == block.count ? block : Array(block[..<count])) { return }
    }
  }

  /// Hands on the lines of a file, without the newlines that end them, block by block, until it
  /// ends or `body` wants no more.
  ///
  /// - Parameters:
  ///   - size: bytes of a block.
  ///   - body: takes bytes, the ranges of lines in them, and the number of bytes before them in the
  ///     file.
  static func readLines(
    of path: String, size: Int = 1 << 20, _ body: ([UInt8], [Range<Int>], _ offset: Int) -> Bool
  ) throws(ResultsError) {
    let newline = UInt8(ascii: "\n")
    // What was read and not yet handed on, and where it begins in the file.
    var rest: [UInt8] = []
    var offset = 0
    var goesOn = true
    try readBlocks(of: path, size: size) { block in
      var lines: [Range<Int>] = []
      var start = 0
      var search = rest.count
      rest += block
      while let end = rest.firstIndex(of: newline, from: search) {
        lines.append(start..<end)
        start = end + 1
        search = start
      }
      goesOn = lines.isEmpty || body(rest, lines, offset)
      rest.removeFirst(start)
      offset += start
      return goesOn
    }
    if goesOn, !rest.isEmpty { _ = body(rest, [0..<rest.count], offset) }
  }

  /// The folder part of a path; "." where there is none.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  // MARK: Temporary files

  /// Removes the temporary files in a folder that no program is writing any more.
  ///
  /// - Parameter isOurs: which of them, by their names; in a folder that is not only ours there may
  ///   be those of other programs.
  package static func sweep(_ folder: String, where isOurs: (String) -> Bool = { _ in true }) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where name.hasPrefix(".") && name.hasSuffix(".tmp") && isOurs(name) {
      // For writing: NFS gives an exclusive lock to none else.
      let file = open("\(folder)/\(name)", O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard file >= 0 else { continue }
      // Its writer holds a lock, which goes with the writer, on whatever machine it is.
      if flock(file, LOCK_EX | LOCK_NB) == 0 { unlink("\(folder)/\(name)") }
      close(file)
    }
  }

  // A hidden name in the same folder, so that the rename stays within one file system. It is
  // random: process ids are shared by the machines and containers that share a folder.
  private static func sibling(of path: String) -> String {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
    var random = SystemRandomNumberGenerator()
    // A name has 255 bytes at most.
    let stem = name.utf8.count <= 200 ? name : String(name.prefix(40))
    return "\(folder(of: path))/.\(stem).\(String(random.next(), radix: 36)).tmp"
  }

  /// Has `body` write under a temporary name and renames the file to `target`.
  ///
  /// - Returns: false where the temporary file has gone.
  private static func replace(
    _ target: String, with body: (FileWriter) throws(ResultsError) -> Void, for path: String,
    isSynced: Bool
  ) throws(ResultsError) -> Bool {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    var temporary = sibling(of: target)
    var file = open(temporary, flags, 0o644)
    while file < 0, errno == EEXIST {
      temporary = sibling(of: target)
      file = open(temporary, flags, 0o644)
    }
    guard file >= 0 else { throw ResultsError.last("write", path) }
    // Held until the file has its name: `sweep` leaves it alone. Some file systems know no locks.
    _ = flock(file, LOCK_EX | LOCK_NB)
    defer { close(file) }
    do throws(ResultsError) {
      try Failpoint.write.pass(path)
      try body(FileWriter(file, path))
      guard !isSynced || fsync(file) == 0 else { throw ResultsError.last("write", path) }
      try Failpoint.rename.pass(path)
      try CellClaim.confirm(path)
      if rename(temporary, target) == 0 { return true }
      let code = errno
      if code == ENOENT, exists(folder(of: target)), !exists(temporary) { return false }
      throw .system(doing: "write", path: path, code: code)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  // MARK: Places that are no regular files

  /// Whether a path leads to this program's standard output, as `/dev/stdout` does.
  package static func isStandardOutput(_ path: String) -> Bool {
    var (place, output) = (stat(), stat())
    return stat(path, &place) == 0 && fstat(1, &output) == 0
      && (place.st_dev, place.st_ino) == (output.st_dev, output.st_ino)
  }

  /// The path of the regular file that `path` is or leads to, which may not be there yet; nil for a
  /// device, a pipe or a descriptor.
  private static func replaceable(_ path: String) throws(ResultsError) -> String? {
    var status = stat()
    if stat(path, &status) == 0 {
      let type = status.st_mode & S_IFMT
      // A folder is left to the rename, which refuses it.
      if type != S_IFREG, type != S_IFDIR { return nil }
    }
    var target = path
    // As many links as Linux follows.
    for _ in 0..<40 {
      guard lstat(target, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return target }
      // The links of open descriptors name files that need not be there any more.
      if isOfSystem(folder(of: target)) { return nil }
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: target) else {
        throw .system(doing: "follow", path: path, code: EINVAL)
      }
      target = next.hasPrefix("/") ? next : "\(folder(of: target))/\(next)"
    }
    throw .system(doing: "write", path: path, code: ELOOP)
  }

  /// Whether a folder is one of /proc, such as /dev/fd.
  private static func isOfSystem(_ folder: String) -> Bool {
    guard let resolved = realpath(folder, nil) else { return false }
    defer { free(resolved) }
    return String(cString: resolved).hasPrefix("/proc/")
  }

  private static func writeInPlace(
    _ body: (FileWriter) throws(ResultsError) -> Void, to path: String
  ) throws(ResultsError) {
    // Opened anew, a file behind standard output would be written to from its start.
    let file =
      isStandardOutput(path) ? dup(1) : open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY)
    guard file >= 0 else { throw ResultsError.last("write", path) }
    defer { close(file) }
    try body(FileWriter(file, path))
  }

  /// Makes a rename or a new file in a folder survive a power cut.
  static func syncFolder(of path: String) throws(ResultsError) {
    let folder = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw ResultsError.last("open the folder of", path) }
    defer { close(folder) }
    // Some network file systems cannot sync a folder and say EINVAL; the file itself is safe.
    guard fsync(folder) == 0 || errno == EINVAL else {
      throw ResultsError.last("sync the folder of", path)
    }
  }
}

// FileWriter: the end of a file that is being written.

/// Takes the bytes of a file, in order.
package struct FileWriter {
  fileprivate let file: Int32
  private let path: String

  fileprivate init(_ file: Int32, _ path: String) {
    self.file = file
    self.path = path
  }

  /// Appends the bytes of some elements.
  ///
  /// - Throws: `ResultsError.system` naming the file.
  package func write<Element: BitwiseCopyable>(_ elements: [Element]) throws(ResultsError) {
    let size = elements.count * MemoryLayout<Element>.stride
    var done = 0
    while done < size {
      let count = elements.withUnsafeBytes {
        Foundation.write(file, $0.baseAddress?.advanced(by: done), size - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ResultsError.last("write", path) }
      done += count
    }
  }
}
