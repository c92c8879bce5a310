// A JSONL file that grows while a cell runs: one write(2) a line, appended, never rewritten.
// It is not synced at each line: a killed program loses nothing, a power cut at most the tail.

package import Config
internal import Foundation

/// An open JSONL file; each value appended is one line.
package final class LineLog {
  package let path: String
  private let file: Int32

  /// Opens a file for appending, creating it, and cuts a partial last line left by a crash.
  ///
  /// - Parameter isAfresh: whether lines that are there already go: those of a run that begins
  ///   again.
  /// - Throws: `ResultsError.system` naming the file.
  package init(_ path: String, isAfresh: Bool = false) throws(ResultsError) {
    file = open(
      path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | (isAfresh ? O_TRUNC : 0), 0o644)
    guard file >= 0 else { throw ResultsError.last("write", path) }
    self.path = path
    try Self.mend(file, path)
  }

  deinit {
    close(file)
  }

  /// Appends one value as one line; a line that does not fit on the disk is taken back.
  ///
  /// - Throws: `ResultsError.system` naming the file (disk full).
  package func append(_ value: JSON) throws(ResultsError) {
    try Failpoint.append.pass(path)
    let bytes = Array((value.line + "\n").utf8)
    let before = lseek(file, 0, SEEK_END)
    var count = 0
    repeat {
      count = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
    } while count < 0 && errno == EINTR
    guard count == bytes.count else {
      let error = count < 0 ? errno : ENOSPC
      if count > 0 { _ = ftruncate(file, before) }
      throw .system(doing: "write", path: path, code: error)
    }
  }

  /// Waits until all lines are on the disk: at a checkpoint and at the end of a cell.
  package func sync() throws(ResultsError) {
    guard fsync(file) == 0 else { throw ResultsError.last("write", path) }
  }

  /// Cuts a partial last line, which would make readers refuse the whole file.
  ///
  /// - Returns: the number of bytes cut; 0 where the file is sound.
  @discardableResult
  package static func mendTail(_ path: String) throws(ResultsError) -> Int {
    let file = open(path, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { throw ResultsError.last("mend", path) }
    defer { close(file) }
    return try mend(file, path)
  }

  /// Cuts a file before the first line that is not to be kept: on resuming from a checkpoint, the
  /// steps that were written after it and will be done again.
  ///
  /// - Throws: `ResultsError` naming the file; `unreadable` where a line is not JSON.
  package static func rewind(
    _ path: String, keeping keep: (JSON) -> Bool
  ) throws(ResultsError) {
    try mendTail(path)
    var length = 0
    for line in try AtomicFile.read(path).split(separator: "\n") {
      let value: JSON
      do throws(JSONError) {
        value = try JSON(reading: String(line))
      } catch {
        throw .unreadable(path: path, problem: error.description)
      }
      guard keep(value) else { break }
      length += line.utf8.count + 1
    }
    try Failpoint.truncate.pass(path)
    guard truncate(path, off_t(length)) == 0 else { throw ResultsError.last("rewind", path) }
  }

  @discardableResult
  private static func mend(_ file: Int32, _ path: String) throws(ResultsError) -> Int {
    let size = Int(lseek(file, 0, SEEK_END))
    guard size >= 0 else { throw ResultsError.last("mend", path) }
    var end = size
    // Backwards in blocks to the last newline: a line may be long, a file longer.
    var block = [UInt8](repeating: 0, count: 4096)
    search: while end > 0 {
      let start = max(0, end - block.count)
      guard pread(file, &block, end - start, off_t(start)) == end - start else {
        throw ResultsError.last("mend", path)
      }
      for index in stride(from: end - start - 1, through: 0, by: -1)
      where block[index] == UInt8(ascii: "\n") {
        end = start + index + 1
        break search
      }
      end = start
    }
    if end < size {
      guard ftruncate(file, off_t(end)) == 0 else { throw ResultsError.last("mend", path) }
    }
    return size - end
  }
}

// LineFile: a text file that lines are appended to, one write each.

/// An open text file, appended to line by line.
package final class LineFile {
  private let file: Int32

  /// Nil when the file cannot be opened.
  package init?(_ path: String) {
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    if file < 0 { return nil }
  }

  deinit { close(file) }

  package func append(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
  }
}
