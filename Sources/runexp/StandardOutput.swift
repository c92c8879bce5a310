// Standard output as a place that can fail: a full disk is an error, a reader that has gone is
// none.

import Config
import Experiments
import Records
@preconcurrency import Foundation

enum StandardOutput {
  static var isTerminal: Bool { isatty(1) == 1 }

  /// Writes a text at once: on a terminal without what that might obey, elsewhere as it is.
  ///
  /// Where it cannot be written the program ends: what follows would be made for nobody.
  static func show(_ text: String) {
    print(isTerminal ? Wording.showable(text) : text, terminator: "")
    requireWritten()
  }

  /// Has every ending of the program check that what it printed was written.
  static func guardWrites() {
    // A file opened later must not become the standard output that was closed.
    for stream: Int32 in 0...2 where fcntl(stream, F_GETFD) < 0 {
      _ = open("/dev/null", stream == 1 ? O_RDONLY : O_RDWR)
    }
    atexit { StandardOutput.requireWritten() }
  }

  /// Ends the program where something that it printed was not written.
  ///
  /// It says so and ends with 1; where the reader of a pipe has gone, as `head` does, it ends
  /// without a word.
  private static func requireWritten() {
    let isFlushed = fflush(stdout) == 0
    if isFlushed && ferror(stdout) == 0 { return }
    // An earlier failure left no reason; what was printed is cut already, so a byte more or less
    // tells it.
    if isFlushed { _ = write(1, "\n", 1) }
    let code = errno
    var pipe = pollfd(fd: 1, events: 0, revents: 0)
    let hasReader = poll(&pipe, 1, 0) < 1 || pipe.revents & Int16(POLLERR) == 0
    if code != EPIPE && hasReader {
      Terminal.writeToStandardError(
        "error: could not write to standard output: \(String(cString: strerror(code)))\n")
    }
    _exit(Records.ExitCode.failure)
  }
}
