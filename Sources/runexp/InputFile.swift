// Files and pipes that a person names on a command line, and the texts in them.

import Config
import Foundation
import Records
import Workloads

/// A file that a person names, or a pipe; `-` for standard input.
enum InputFile {
  /// - Throws: `ResultsError.unreadable`.
  static func read(_ path: String) throws -> [UInt8] {
    if path == "-" { return try AtomicFile.readBytes(of: 0, named: "standard input") }
    // What a shell puts in place of <(command).
    if isPipe(path) { return try readPipe(path) }
    do {
      return try TextFile.read(path)
    } catch {
      throw ResultsError.unreadable(path: path, problem: error.reason)
    }
  }

  /// A text for a model, of which nothing is replaced.
  ///
  /// - Throws: as `read`, and naming the first byte that is no UTF-8.
  static func text(_ path: String) throws -> String {
    let bytes = try read(path)
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw NoUTF8(path: path, byte: error.byteOffsets.lowerBound)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Waits for who writes to it.
  private static func readPipe(_ path: String) throws -> [UInt8] {
    let pipe = open(path, O_RDONLY | O_CLOEXEC)
    guard pipe >= 0 else { throw ResultsError.lastOfReading(path) }
    defer { close(pipe) }
    return try AtomicFile.readBytes(of: pipe, named: path)
  }

  private static func isPipe(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }
}

/// A text has bytes that are none.
private struct NoUTF8: Error, CustomStringConvertible {
  let path: String
  let byte: Int

  var description: String {
    let place = path == "-" ? "standard input" : "'\(Wording.harmless(path))'"
    return "\(place) is not a UTF-8 text: byte \(byte) is invalid (counted from 0)"
  }
}
