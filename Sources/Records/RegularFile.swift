// RegularFile: a guarded opening and reading of a file where anything may lie.

internal import Foundation

/// Opening and reading of what lies at a path.
package enum RegularFile {
  /// Why a file could not be read.
  package struct Failure: Error, Equatable {
    package let reason: String
    /// The system's number for it; nil where the system does not complain.
    let code: Int32?

    fileprivate init(_ reason: String, code: Int32? = nil) {
      (self.reason, self.code) = (reason, code)
    }

    /// Whether there is no such file, as opposed to one that cannot be used.
    package var isAbsent: Bool { code == ENOENT || code == ENOTDIR }

    /// What the system has just complained of.
    package static func last() -> Failure {
      let code = errno
      return Failure(ResultsError.text(code), code: code)
    }

    /// The same as a fault of the file at a path.
    ///
    /// - Parameter doing: what the system was asked for; nil for reading.
    func error(at path: String, doing: String? = nil) -> ResultsError {
      guard let doing, let code else { return .unreadable(path: path, problem: reason) }
      return .system(doing: doing, path: path, code: code)
    }
  }

  /// Nothing that is read whole is larger: 1 GiB.
  package static let largest = 1 << 30

  /// Opens a regular file, which is the caller's to close: no folder, pipe or device.
  ///
  /// - Parameter flags: as open(2) takes them; nothing is waited for in any case.
  static func open(_ path: String, _ flags: Int32) throws(Failure) -> Int32 {
    let flags = flags | O_CLOEXEC | O_NOCTTY
    var status = stat()
    // Without O_NONBLOCK, opening a pipe whose other end nobody has would wait for ever. With it, a
    // file that another machine holds a delegation of is refused rather than called back.
    var file = Foundation.open(path, flags | O_NONBLOCK, 0o644)
    if file < 0, errno == EWOULDBLOCK, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG
    {
      file = Foundation.open(path, flags, 0o644)
    }
    guard file >= 0 else { throw .last() }
    let failure: Failure
    if fstat(file, &status) != 0 {
      failure = .last()
    } else {
      switch status.st_mode & S_IFMT {
      case S_IFREG: return file
      case S_IFDIR: failure = Failure("it is a folder")
      default: failure = Failure("it is no regular file")
      }
    }
    close(file)
    throw failure
  }

  /// All bytes of a regular file: no folder, pipe or device, which might have no end.
  package static func read(_ path: String) throws(Failure) -> [UInt8] {
    let file = try open(path, O_RDONLY)
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .last() }
    guard status.st_size <= largest else {
      throw Failure("it has \(status.st_size) bytes, more than the \(largest) allowed")
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
