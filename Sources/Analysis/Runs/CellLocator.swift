// Finds the cell that a person means: by id, by label, or by how one of them begins or ends.

import Config
package import Records

/// Why no one cell goes by a name, in one sentence.
package struct CellError: Error, Equatable, CustomStringConvertible {
  package let description: String
}

extension StoredRun {
  /// The cell that `name` means.
  ///
  /// - Parameter name: its id, its label, or a beginning or an ending that only one of them has.
  /// - Throws: `CellError`, which names the nearest ones.
  package func cell(named name: String) throws(CellError) -> StoredCell {
    let ways: [(StoredCell) -> Bool] = [
      { $0.id == name || $0.label == name },
      { $0.id.hasPrefix(name) || $0.label.hasPrefix(name) },
      { $0.id.hasSuffix(name) || $0.label.hasSuffix(name) },
    ]
    for way in name.isEmpty ? [] : ways {
      let found = cells.filter(way)
      if found.count == 1 { return found[0] }
      if found.count > 1 {
        let shown = found.prefix(8).map(\.label).joined(separator: ", ")
        let rest = found.count > 8 ? " and \(found.count - 8) more" : ""
        throw CellError(
          description: "several cells go by \(Wording.quote(name)): \(shown)\(rest)")
      }
    }
    let known = cells.map(\.label) + cells.map(\.id)
    let hint =
      Suggestion.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
      ?? "'runexp show \(folder.experiment)/\(folder.id)' lists them"
    throw CellError(description: "no cell \(Wording.quote(name)) in \(folder.id): \(hint)")
  }
}
