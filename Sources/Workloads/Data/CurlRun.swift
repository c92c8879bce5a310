// One run of curl(1): its output into memory, with a limit on bytes and on time.
// Does not know what the output should be: Download judges it.

import Foundation

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

  /// Runs curl to its end, or kills it at `limit` bytes of output, after `deadline` seconds, or when `stops` says so.
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
