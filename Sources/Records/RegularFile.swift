// RegularFile: a guarded read of a file that a user named, which may be anything.

internal import Foundation

/// Reading of what lies at a path.
package enum RegularFile {
  /// Why a file could not be read.
  package struct Failure: Error, Equatable {
    package let reason: String
    /// Whether there is no such file, as opposed to one that cannot be used.
    package let isAbsent: Bool

    package init(reason: String, isAbsent: Bool = false) {
      (self.reason, self.isAbsent) = (reason, isAbsent)
    }

    /// What the system has just complained of.
    package static func last() -> Failure {
      let code = errno
      return Failure(
        reason: ResultsError.text(code), isAbsent: code == ENOENT || code == ENOTDIR)
    }
  }

  /// Nothing that is read whole is larger: 1 GiB.
  package static let largest = 1 << 30

  /// All bytes of a regular file: no folder, pipe or device, which might have no end.
  package static func read(_ path: String) throws(Failure) -> [UInt8] {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .last() }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .last() }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Failure(reason: "it is a folder")
    default: throw Failure(reason: "it is no regular file")
    }
    guard status.st_size <= largest else {
      throw Failure(reason: "it has \(status.st_size) bytes, more than the \(largest) allowed")
    }

    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size) + 1)
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = Foundation.read(file, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .last() }
      if count == 0 { return bytes }
      bytes.append(contentsOf: chunk[..<count])
    }
  }
}
