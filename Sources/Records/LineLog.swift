// A JSONL file that grows while a cell runs: one write(2) a line, appended, never rewritten.
// It is not synced at each line: a killed program loses nothing, a power cut at most the tail.
// Whoever opens it makes a file of its own: a process that was thought dead and comes back writes
// into the one that it has open, which has no name any more.

package import Config
internal import Foundation

/// An open JSONL file; each value appended is one line.
package final class LineLog {
  package let path: String
  private let file: Int32

  /// Makes an empty file for appending, in place of one that is there.
  ///
  /// - Throws: `ResultsError.system` naming the file.
  package init(afresh path: String) throws(ResultsError) {
    file = try AtomicFile.replaceForAppending(path, with: [], isSynced: false)
    self.path = path
  }

  /// Goes on with the lines of a file, up to the first that is not to be kept: on resuming from a
  /// checkpoint, the steps that were written after it and will be done again.
  ///
  /// A partial last line, which a crash may leave, is not kept.
  ///
  /// - Throws: `ResultsError` naming the file; `unreadable` where a line is not JSON.
  package init(_ path: String, keeping keep: (JSON) -> Bool) throws(ResultsError) {
    file = try AtomicFile.replaceForAppending(
      path, with: Self.lines(of: path, keep), isSynced: true)
    self.path = path
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

  private static func lines(
    of path: String, _ keep: (JSON) -> Bool
  ) throws(ResultsError) -> [UInt8] {
    let bytes = try AtomicFile.readBytes(path)
    var length = 0
    while let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: length) {
      let value: JSON
      do throws(JSONError) {
        value = try JSON(reading: String(decoding: bytes[length..<end], as: UTF8.self))
      } catch {
        throw .unreadable(path: path, problem: error.description)
      }
      guard keep(value) else { break }
      length = end + 1
    }
    return Array(bytes[..<length])
  }
}

// LineFile: a text file that lines are appended to, one write each.

/// An open text file, appended to line by line.
package final class LineFile {
  private let file: Int32

  /// Goes on with the text of a file, in one of its own like a `LineLog`; a partial last line, which
  /// a full disk may leave, is not kept.
  ///
  /// - Throws: `ResultsError.system` naming the file, also where it cannot be read: that says as
  ///   little of the cell as a file that cannot be written.
  package init(_ path: String) throws(ResultsError) {
    var text: [UInt8] = []
    if AtomicFile.exists(path) {
      do throws(ResultsError) {
        text = try AtomicFile.readBytes(path)
      } catch {
        throw .system(doing: "read", path: path, code: errno)
      }
    }
    let end = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    text.removeLast(text.count - end)
    file = try AtomicFile.replaceForAppending(path, with: text, isSynced: !text.isEmpty)
  }

  deinit { close(file) }

  package func append(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
  }
}
