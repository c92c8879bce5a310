// PseudoTerminal: a terminal without a screen, for what the program does only where there is one.

import Foundation

/// A terminal that a test types on.
final class PseudoTerminal {
  private let keyboard: Int32
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

extension Program {
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
