// HandOffFolder: where what is written for a scheduler lies in a run's folder.

import Foundation
import Records

/// The folder of one hand-off.
enum HandOffFolder {
  /// Makes a new folder below `parent`, named by the number of the hand-off, from 1.
  static func make(_ parent: String) throws -> (path: String, number: Int) {
    try RunFolder.makeFolders(parent)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    var number = (names.compactMap { Int($0) }.max() ?? 0) + 1
    while mkdir("\(parent)/\(number)", 0o755) != 0 {
      guard errno == EEXIST else { throw ResultsError.last("make", "\(parent)/\(number)") }
      number += 1
    }
    return ("\(parent)/\(number)", number)
  }
}
