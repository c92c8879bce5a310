// A small HTTP server on 127.0.0.1 for the download tests: one canned behaviour per path.
// Not a general server: one request a connection, one connection at a time.

import Foundation
import Glibc
import Synchronization

/// Serves until `stop()` or until nobody holds it.
final class DataTestServer: Sendable {
  /// What happens to a request.
  enum Behaviour: Sendable {
    /// Status 200 with a body of its true length.
    case body([UInt8])
    /// Status 200 with a `Content-Length` that is larger than the body, then the end.
    case truncated([UInt8], declared: Int)
    /// An error status with a short page.
    case status(Int)
    /// A redirect.
    case redirect(String)
    /// The connection stays open and nothing comes.
    case hang
    /// Status 503 for the first `failures` requests, then the body.
    case recovers(failures: Int, [UInt8])
  }

  let port: UInt16
  private let listener: Int32
  private let behaviours: [String: Behaviour]
  private let state = Mutex((requests: 0, stopped: false, open: [Int32]()))

  /// Requests answered, or kept waiting, so far.
  var requests: Int { state.withLock { $0.requests } }

  init(_ behaviours: [String: Behaviour]) throws {
    self.behaviours = behaviours
    (listener, port) = try bindToAnyPort()
    guard Glibc.listen(listener, 16) == 0 else { throw POSIXError(.EADDRINUSE) }
    let thread = Thread { [self] in serve() }
    thread.start()
  }

  func address(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  /// Ends the server and every connection that hangs.
  func stop() {
    state.withLock {
      $0.stopped = true
      for connection in $0.open { close(connection) }
      $0.open = []
    }
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func serve() {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0, !state.withLock({ $0.stopped }) else { break }
      answer(connection)
    }
    close(listener)
  }

  private func answer(_ connection: Int32) {
    let path = readPath(connection)
    let number = state.withLock {
      $0.requests += 1
      return $0.requests
    }
    switch behaviours[path] ?? .status(404) {
    case .body(let body): respond(connection, "200 OK", body, length: body.count)
    case .truncated(let body, let declared):
      respond(connection, "200 OK", body, length: declared)
    case .status(let code): respond(connection, "\(code) Error", Array("no".utf8), length: 2)
    case .redirect(let target):
      respond(connection, "302 Found\r\nLocation: \(target)", [], length: 0)
    case .recovers(let failures, let body):
      if number <= failures {
        respond(connection, "503 Error", [], length: 0)
      } else {
        respond(connection, "200 OK", body, length: body.count)
      }
    case .hang:
      state.withLock { $0.open.append(connection) }
      return
    }
    close(connection)
  }

  /// The path of a request, which is read to the empty line that ends its head.
  private func readPath(_ connection: Int32) -> String {
    var head = ""
    var chunk = [UInt8](repeating: 0, count: 4096)
    while !head.hasSuffix("\r\n\r\n") {
      let count = read(connection, &chunk, chunk.count)
      guard count > 0 else { break }
      head += String(decoding: chunk[..<count], as: UTF8.self)
    }
    let words = head.split(separator: " ", maxSplits: 2)
    return words.count > 1 ? String(words[1]) : ""
  }

  private func respond(_ connection: Int32, _ status: String, _ body: [UInt8], length: Int) {
    let head = "HTTP/1.1 \(status)\r\nContent-Length: \(length)\r\nConnection: close\r\n\r\n"
    let bytes = Array(head.utf8) + body
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        // Not SIGPIPE: curl may have gone away, and the tests must go on.
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }
}

/// A port of this machine that nothing listens on, and that nothing else is given while this value
/// is held.
final class ClosedPort {
  let number: UInt16
  private let file: Int32

  init() throws { (file, number) = try bindToAnyPort() }

  deinit { close(file) }
}

/// A socket on a free port of 127.0.0.1.
private func bindToAnyPort() throws -> (file: Int32, port: UInt16) {
  let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = in_addr_t(UInt32(0x7f00_0001).bigEndian)
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(file, $0, size) == 0 && getsockname(file, $0, &size) == 0
    }
  }
  guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
  return (file, UInt16(bigEndian: address.sin_port))
}

/// A fresh folder that is removed with the value's owner, for files a test makes.
final class DataTestFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/runexp-data-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and the folders it lies in; returns its absolute path.
  @discardableResult
  func write(_ bytes: [UInt8], to file: String) throws -> String {
    let target = path + "/" + file
    try FileManager.default.createDirectory(
      atPath: (target as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: target))
    return target
  }

  /// Every file below the folder, hidden ones too, sorted.
  func files() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: path).filter {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path + "/" + $0, isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }
}
