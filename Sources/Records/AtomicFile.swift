// Whole files that are there completely or not at all: temporary name, fsync, rename, fsync of
// the folder. A reader, or a run that is killed, never sees half a file.

internal import Foundation

/// Writing and reading of whole files.
package enum AtomicFile {
  /// Replaces the file at `path` with `text`; on failure the old file is untouched.
  ///
  /// - Throws: `ResultsError.system` naming the file (not writable, disk full).
  package static func write(_ text: String, to path: String) throws(ResultsError) {
    try write(Array(text.utf8), to: path)
  }

  /// Replaces the file at `path` with `bytes`; on failure the old file is untouched.
  package static func write(_ bytes: [UInt8], to path: String) throws(ResultsError) {
    let temporary = sibling(of: path)
    do throws(ResultsError) {
      try writeAndSync(bytes, to: temporary, for: path)
      guard rename(temporary, path) == 0 else { throw ResultsError.last("write", path) }
    } catch {
      unlink(temporary)
      throw error
    }
    try syncFolder(of: path)
  }

  /// Replaces the file at `path` with a JSON value over several lines.
  package static func write(_ value: JSON, to path: String) throws(ResultsError) {
    try write(value.document, to: path)
  }

  /// Points the symbolic link at `path` to `target`, replacing an older link in one step.
  package static func link(_ path: String, to target: String) throws(ResultsError) {
    let temporary = sibling(of: path)
    unlink(temporary)
    guard symlink(target, temporary) == 0 else { throw ResultsError.last("link", path) }
    guard rename(temporary, path) == 0 else {
      let error = ResultsError.last("link", path)
      unlink(temporary)
      throw error
    }
    try syncFolder(of: path)
  }

  /// The text of a file.
  package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  package static func read(_ path: String) throws(ResultsError) -> String {
    String(decoding: try readBytes(path), as: UTF8.self)
  }

  /// The bytes of a file.
  package static func readBytes(_ path: String) throws(ResultsError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw ResultsError.last("read", path) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = Foundation.read(file, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ResultsError.last("read", path) }
      if count == 0 { break }
      bytes.append(contentsOf: block[..<count])
    }
    return bytes
  }

  /// The folder part of a path; "." where there is none.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  // A hidden name in the same folder, so that the rename stays within one file system. The
  // process id keeps two programs that write the same file apart.
  private static func sibling(of path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? "file"
    return "\(folder(of: path))/.\(name).\(getpid()).tmp"
  }

  private static func writeAndSync(
    _ bytes: [UInt8], to temporary: String, for path: String
  ) throws(ResultsError) {
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw ResultsError.last("write", path) }
    defer { close(file) }
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes {
        Foundation.write(file, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw ResultsError.last("write", path) }
      done += count
    }
    guard fsync(file) == 0 else { throw ResultsError.last("write", path) }
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
