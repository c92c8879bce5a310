// PseudoTerminal: a terminal without a screen, for what the program does only where there is one.

import Foundation

/// A terminal that a test types on.
final class PseudoTerminal {
  fileprivate let keyboard: Int32
  let path: String

  init() throws {
    keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var (lock, number): (Int32, Int32) = (0, 0)
    // TIOCSPTLCK and TIOCGPTN, which the C library's unlockpt and ptsname are.
    guard keyboard >= 0, ioctl(keyboard, 0x4004_5431, &lock) == 0,
      ioctl(keyboard, 0x8004_5430, &number) == 0
    else { throw POSIXError(.ENOTTY) }
    path = "/dev/pts/\(number)"
  }

  deinit { close(keyboard) }

  func write(_ text: String) {
    _ = text.withCString { Foundation.write(keyboard, $0, strlen($0)) }
  }
}

extension PseudoTerminal {
  /// What was written to it, once nobody writes any more.
  func shown() -> String {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    var ready = pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0)
    while poll(&ready, 1, 200) > 0 {
      let count = read(keyboard, &block, block.count)
      if count <= 0 { break }
      bytes += block[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Program {
  /// Runs the program to its end with a terminal as its output.
  func finish(_ arguments: [String], showingOn terminal: PseudoTerminal) throws -> Finished {
    try Running(
      program: "/bin/sh",
      ["-c", "exec >\(terminal.path); exec \"$0\" \"$@\"", Self.path()] + arguments, in: folder,
      environment: Self.environment(of: folder)
    ).finish()
  }

  /// Runs the program to its end with a terminal for its errors and progress alone.
  func finish(_ arguments: [String], progressOn terminal: PseudoTerminal) throws -> Finished {
    try Running(
      program: "/bin/sh",
      ["-c", "exec 2>\(terminal.path); exec \"$0\" \"$@\"", Self.path()] + arguments, in: folder,
      environment: Self.environment(of: folder)
    ).finish()
  }

  /// Starts the program with a terminal as its input, which a Ctrl-C on it reaches.
  ///
  /// - Parameter prelude: what the shell does before it becomes the program.
  func start(
    _ arguments: [String], on terminal: PseudoTerminal, prelude: String = "true"
  ) throws -> Running {
    try Running(
      program: "/usr/bin/setsid",
      [
        // The tests may have been started to ignore SIGINT, which a shell cannot undo.
        "/usr/bin/env", "--default-signal=INT", "/bin/sh", "-c",
        "exec <\(terminal.path); \(prelude); exec \"$0\" \"$@\"",
        Self.path(),
      ] + arguments, in: folder, environment: Self.environment(of: folder))
  }
}
