// Downloads a file with curl(1) into memory and proves that it is the right one. Writes no file:
// what is not verified never reaches the disk, so nothing half-written can stay there.

import Foundation
import Images
import Records

/// How to download a file.
package struct Download: Sendable {
  /// Called with the bytes received so far and the bytes expected.
  package typealias Progress = (_ received: Int, _ expected: Int) -> Void

  /// The program: a path, or a name that is looked up in `PATH`.
  package var curl = "curl"
  /// Seconds until a connection must stand.
  package var connectTimeout = 10
  /// Seconds without a byte until the download is given up.
  package var stallTimeout = 20
  /// Seconds for an attempt, at least: a large file has as many as it takes at 20 kB/s.
  package var totalTimeout = 180
  /// Further attempts after a failure that may pass, such as a connection that broke off.
  package var retries = 2
  /// Seconds between attempts.
  package var retryDelay = 1.0
  /// Becomes true when the user asks to stop.
  package var isInterrupted: @Sendable () -> Bool = { false }
  /// curl's environment; its proxy variables are honoured.
  package var environment: [String: String]

  package init(environment: [String: String]) {
    self.environment = environment
  }

  /// Downloads a file and verifies its checksum.
  ///
  /// - Returns: the bytes as they came.
  package func fetch(
    _ file: RemoteFile, progress: Progress? = nil
  ) throws(DownloadFailure) -> [UInt8] {
    var attempt = 0
    while true {
      do {
        return try fetchOnce(file, progress: progress)
      } catch {
        guard attempt < retries, error.isPassing else { throw error }
        attempt += 1
        try wait()
      }
    }
  }

  /// Waits before the next attempt.
  private func wait() throws(DownloadFailure) {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(retryDelay)
    while clock.now < end {
      if isInterrupted() { throw .interrupted }
      usleep(UInt32(min(0.1, retryDelay) * 1_000_000))
    }
  }

  private func fetchOnce(
    _ file: RemoteFile, progress: Progress?
  ) throws(DownloadFailure) -> [UInt8] {
    guard let program = findExecutable() else { throw .curlMissing(curl) }
    // Twice the size still shows in the message what lies there instead.
    let limit = max(2 * file.bytes, 1 << 16)
    let seconds = max(totalTimeout, file.bytes / 20_000)
    let run = try CurlRun(
      program: program, arguments: arguments(file.address, seconds), environment: environment,
      limit: limit, deadline: seconds + 5, stops: isInterrupted
    ) { progress?(min($0, file.bytes), file.bytes) }

    // A Ctrl-C on the terminal reaches curl as well.
    if run.isInterrupted || run.status == 128 + SIGINT { throw .interrupted }
    if run.exceededLimit { throw .tooLarge(address: file.address, limit: limit) }
    if run.exceededDeadline {
      throw .timedOut(address: file.address, received: run.output.count)
    }
    guard run.status == 0 else { throw failure(run, file) }
    try file.check(run.output)
    return run.output
  }

  private func arguments(_ address: String, _ seconds: Int) -> [String] {
    // Plain HTTP only for an address that says so; never as the target of a redirect from HTTPS.
    let protocols = address.hasPrefix("http://") ? "=http,https" : "=https"
    return [
      "--silent", "--show-error", "--fail", "--location", "--max-redirs", "5",
      "--proto", protocols, "--proto-redir", protocols,
      "--connect-timeout", String(connectTimeout), "--max-time", String(seconds),
      "--speed-limit", "1", "--speed-time", String(stallTimeout),
      "--user-agent", "runexp", "--output", "-", "--url", address,
    ]
  }

  /// What curl's exit status means; the numbers are in the section "exit codes" of curl(1).
  private func failure(_ run: CurlRun, _ file: RemoteFile) -> DownloadFailure {
    let address = file.address
    let detail = run.detail
    switch run.status {
    case 5, 6, 7: return .noConnection(address: address, detail: detail)
    case 18:
      return .truncated(
        address: address, received: run.output.count, expected: run.expected ?? file.bytes)
    case 22:
      // "The requested URL returned error: 404"
      guard let code = detail.split(whereSeparator: { !$0.isNumber }).last.flatMap({ Int($0) })
      else { break }
      return .status(code, address: address)
    case 28: return .timedOut(address: address, received: run.output.count)
    case 35, 51, 58, 60, 77, 83: return .insecure(address: address, detail: detail)
    default: break
    }
    return .other(address: address, status: Int(run.status), detail: detail)
  }

  private func findExecutable() -> String? {
    if curl.contains("/") { return access(curl, X_OK) == 0 ? curl : nil }
    for folder in (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":") {
      let path = "\(folder)/\(curl)"
      if access(path, X_OK) == 0 { return path }
    }
    return nil
  }
}

// A file that is known by its checksum, and where it can be downloaded.

/// A published file: its address, and what proves that bytes are it.
package struct RemoteFile: Sendable, Equatable {
  /// Where curl finds it.
  package var address: String
  /// Its size in bytes, as it comes.
  package var bytes: Int
  /// SHA-256 of its contents, 64 lower-case hexadecimal digits.
  package var sha256: String
  /// The bytes of its contents where gzip packs them; nil where they come as they are.
  package var unpackedBytes: Int?

  package init(address: String, bytes: Int, sha256: String, unpackedBytes: Int? = nil) {
    self.address = address
    self.bytes = bytes
    self.sha256 = sha256
    self.unpackedBytes = unpackedBytes
  }

  /// Refuses bytes that are others.
  fileprivate func check(_ bytes: [UInt8]) throws(DownloadFailure) {
    var contents = bytes
    if let unpackedBytes, Gzip.isPacked(bytes) {
      do throws(ImageError) {
        contents = try Gzip.unpacked(bytes, most: unpackedBytes)
      } catch {
        throw .damaged(address: address, problem: error.description)
      }
    }
    let found = SHA256.hex(contents)
    guard contents.count == unpackedBytes ?? self.bytes, found == sha256 else {
      throw .wrongContent(
        address: address, bytes: contents.count, sha256: found, expected: self)
    }
  }
}

// One run of curl(1): its output into memory, with a limit on bytes and on time.
// Does not know what the output should be: Download judges it.

/// What a finished run of curl left.
struct CurlRun {
  /// curl's standard output: the body.
  private(set) var output: [UInt8] = []
  /// The exit status; of a curl that a signal ended, 128 and the signal's number, as in a shell.
  private(set) var status: Int32 = 0
  /// The last line curl wrote to standard error, without its prefix "curl: (n) ".
  private(set) var detail = ""
  private(set) var exceededLimit = false
  private(set) var exceededDeadline = false
  private(set) var isInterrupted = false

  /// How long the body should have been, where curl says how much of it is missing.
  var expected: Int? {
    // "transfer closed with 123 bytes remaining to read"
    let words = detail.split(separator: " ")
    guard let next = words.firstIndex(of: "bytes"), next > 0, let missing = Int(words[next - 1])
    else { return nil }
    return output.count + missing
  }

  /// Runs curl to its end, or kills it at `limit` bytes of output, after `deadline` seconds, or
  /// when `stops` says so.
  init(
    program: String, arguments: [String], environment: [String: String], limit: Int,
    deadline: Int, stops: () -> Bool = { false }, received: (Int) -> Void
  ) throws(DownloadFailure) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let body = Pipe()
    let messages = Pipe()
    process.standardOutput = body
    process.standardError = messages
    do {
      try process.run()
    } catch {
      throw .curlNotStarted(path: program, reason: error.localizedDescription)
    }

    readOutput(
      body.fileHandleForReading.fileDescriptor, limit: limit, deadline: deadline,
      stops: stops, received: received)
    if exceededLimit || exceededDeadline || isInterrupted {
      // Not SIGTERM: a program that is not curl might wait it out.
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      return
    }
    // With --silent curl writes a line or two, which fit into the pipe: no one has to read along.
    let errors = (try? messages.fileHandleForReading.readToEnd()) ?? nil
    process.waitUntilExit()
    status = process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
    detail = Self.lastMessage(errors.map { Array($0) } ?? [])
  }

  /// Reads until the end of the output, the limit or the deadline.
  private mutating func readOutput(
    _ file: Int32, limit: Int, deadline: Int, stops: () -> Bool, received: (Int) -> Void
  ) {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(deadline)
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      if stops() {
        isInterrupted = true
        return
      }
      guard clock.now < end else {
        exceededDeadline = true
        return
      }
      var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 100) > 0 else { continue }  // time to look at the clock again
      let count = read(file, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }
      output.append(contentsOf: chunk[..<count])
      guard output.count <= limit else {
        exceededLimit = true
        return
      }
      received(output.count)
    }
  }

  private static func lastMessage(_ bytes: [UInt8]) -> String {
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    guard let line = lines.last else { return "" }
    guard line.hasPrefix("curl: ("), let end = line.firstIndex(of: ")") else {
      return String(line)
    }
    return line[line.index(after: end)...].trimmingCharacters(in: .whitespaces)
  }
}
