// The real stderr: whether it is a terminal, how wide, whether colours are wanted.

internal import Foundation
import Records
import Workloads

/// What the program's standard error can show.
package enum Terminal {
  /// Progress on the standard error.
  ///
  /// - Parameters:
  ///   - isQuiet: show nothing.
  ///   - isPlain: lines, also on a terminal.
  ///   - environment: NO_COLOR, if set and not empty, turns colours off; TERM=dumb the bar too.
  package static func progress(
    isQuiet: Bool = false, isPlain: Bool = false,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> ProgressOutput {
    let style = style(isTerminal: isatty(2) == 1 && !isPlain, isQuiet: isQuiet, environment)
    return ProgressOutput(
      style: style, isColoured: isColoured(style, environment), columns: columns,
      clock: MonotonicClock.now,
      write: writeToStandardError)
  }

  /// The style for an output that is a terminal or is not.
  package static func style(
    isTerminal: Bool, isQuiet: Bool, _ environment: [String: String]
  ) -> ProgressOutput.Style {
    if isQuiet { return .quiet }
    return isTerminal && environment["TERM"] != "dumb" ? .bar : .lines
  }

  /// Whether colours are shown: on a terminal, and unless NO_COLOR says otherwise.
  package static func isColoured(
    _ style: ProgressOutput.Style, _ environment: [String: String]
  ) -> Bool {
    style == .bar && (environment["NO_COLOR"] ?? "").isEmpty
  }

  /// Writes text to the standard error at once; what cannot be written is dropped.
  package static func writeToStandardError(_ text: String) {
    let bytes = Array(text.utf8)
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      done += count
    }
  }

  /// The terminal's width in columns; 80 where it does not say.
  private static func columns() -> Int {
    var size = winsize()
    guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
