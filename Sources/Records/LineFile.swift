// LineFile: a text file that lines are appended to, one write each.

import Foundation

/// An open text file, appended to line by line.
package final class LineFile {
  private let file: Int32

  /// Nil when the file cannot be opened.
  package init?(_ path: String) {
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    if file < 0 { return nil }
  }

  deinit { close(file) }

  package func append(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
  }
}
