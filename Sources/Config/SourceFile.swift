// Reads a file into text, or says in one fault why it is not an experiment file's text.
// Only bytes and encoding; YAML begins in YAML.swift.

import Glibc

enum SourceFile {
  /// An experiment file is a few kilobytes; beyond this something else was named by mistake.
  static let byteLimit = 4 << 20

  /// The bytes of a regular file.
  static func bytes(of path: String) throws(Faults) -> [UInt8] {
    // Without blocking first: opening a device or a pipe without a writer would wait.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Faults(file: path, .unreadable(problem(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw Faults(file: path, .unreadable(problem(errno)))
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: throw Faults(file: path, .unreadable(.directory))
    case S_IFREG, S_IFIFO: break
    default: throw Faults(file: path, .unreadable(.notAFile))
    }
    if status.st_size > byteLimit {
      throw Faults(file: path, .tooManyBytes(status.st_size, limit: byteLimit))
    }
    if status.st_mode & S_IFMT == S_IFIFO {
      // A pipe, as in `runexp <(generate)`: wait for its writer after all, who may have come and
      // gone already.
      var writer = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      while poll(&writer, 1, -1) < 0 && errno == EINTR {}
      _ = fcntl(descriptor, F_SETFL, 0)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size) + 1)
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw Faults(file: path, .unreadable(problem(errno)))
      }
      bytes.append(contentsOf: chunk[..<count])
      if bytes.count > byteLimit {
        throw Faults(file: path, .tooManyBytes(bytes.count, limit: byteLimit))
      }
    }
  }

  /// The folder that a file is in, as an absolute path; that of the program for what comes through
  /// a pipe.
  static func folder(of path: String) -> String {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO {
      return AbsolutePath.currentFolder
    }
    guard let slash = path.lastIndex(of: "/") else { return AbsolutePath.currentFolder }
    return AbsolutePath.of(slash == path.startIndex ? "/" : String(path[..<slash]), home: nil)
  }

  /// Text from bytes: UTF-8 with or without a byte order mark, no control characters.
  static func text(of bytes: [UInt8], name: String) throws(Faults) -> String {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw Faults(file: name, .notUTF8(isUTF16: true))
    }
    let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    if body.count > byteLimit {
      throw Faults(file: name, .tooManyBytes(body.count, limit: byteLimit))
    }
    guard let text = String(validating: body, as: UTF8.self) else {
      // Everything before the first bad byte decodes to the same scalars, so the place is known.
      let source = Source(name: name, text: String(decoding: body, as: UTF8.self))
      let valid = validPrefixScalars(body)
      throw Faults([Fault(.notUTF8(isUTF16: false), at: source.mark(at: valid))])
    }
    for (offset, scalar) in text.unicodeScalars.enumerated() where !isPrintable(scalar) {
      let mark = Source(name: name, text: text).mark(at: offset)
      throw Faults([Fault(.controlCharacter(scalar.value), at: mark)])
    }
    return text
  }

  /// What YAML allows in a text (YAML 1.2, section 5.1).
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD,
      0x10000...0x10FFFF:
      true
    default: false
    }
  }

  private static func validPrefixScalars(_ bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var count = 0
    while case .scalarValue = decoder.decode(&iterator) { count += 1 }
    return count
  }

  private static func problem(_ code: Int32) -> Fault.FileProblem {
    switch code {
    case ENOENT, ENOTDIR: .missing
    case EACCES, EPERM: .notPermitted
    case EISDIR: .directory
    case ENXIO: .notAFile
    default: .system(String(cString: strerror(code)))
    }
  }
}
