// HandOffFolder: where what is written for a scheduler lies in a run's folder.

import Config
import Foundation
import Records

/// A path that cannot stand in what a scheduler reads.
private struct PathRefused: Error, CustomStringConvertible {
  let path: String

  var description: String {
    "the path of the results must have no line break or other control character, and for Slurm no "
      + "backslash: \(Wording.quote(path))"
  }
}

/// The folder of one hand-off.
enum HandOffFolder {
  /// Makes a new folder below `parent`, named by the number of the hand-off, from 1.
  ///
  /// - Parameter takesBackslash: whether the scheduler reads a `\` as it is.
  static func make(
    _ parent: String, takesBackslash: Bool
  ) throws -> (path: String, number: Int) {
    let isPlain = parent.unicodeScalars.allSatisfy {
      $0.properties.generalCategory != .control && (takesBackslash || $0 != "\\")
    }
    if !isPlain { throw PathRefused(path: parent) }
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
