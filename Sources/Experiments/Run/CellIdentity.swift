// CellIdentity: the name of a cell's folder and row. It contains a hash of all that decides the cell's result, so that
// the same cell has the same name in every run.

import Config
import Records

extension Cell {
  /// An id such as `modern-s1-3f9a1c2e`, which begins with a letter so that no reader takes it for a number.
  ///
  /// - Parameters:
  ///   - dataHash: the hash of the text that is used.
  ///   - program: version of the program that runs it.
  package func id(dataHash: String, program: String) -> String {
    let hash = SHA256.hex(Array("\(canonical)\n\(dataHash)\n\(program)".utf8)).prefix(8)
    let name = "\(variant)-s\(seed)-\(hash)"
    return name.first?.isLetter == true ? name : "c-\(name)"
  }
}
