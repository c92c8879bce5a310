// What tests of images share.

import Foundation
import TestSupport

/// What is said of something that fails; "nothing" where it does not.
func problem(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "nothing"
  } catch {
    return "\(error)"
  }
}

extension TemporaryFolder {
  /// Writes bytes to a file, and makes the folders on its path.
  func write(_ bytes: [UInt8], to name: String) throws {
    let url = URL(filePath: file(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }
}
