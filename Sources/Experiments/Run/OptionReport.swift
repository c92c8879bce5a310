// What an option of experiment files means, for a terminal and for programs: by its last word, or
// by its name in other programs.

package import Config

/// An option with all that have it.
package struct OptionReport {
  /// One meaning of it, and the components that have it so; none for options of the file itself.
  private struct Meaning {
    let read: Read
    var owners: [String]
  }

  private let path: String
  private let meanings: [Meaning]

  /// - Parameter word: `steps`, or `max_iters`; nil where no option goes by it.
  package init?(_ word: String) {
    guard let path = Catalogue.path(called: word) else { return nil }
    self.path = path
    var meanings: [Meaning] = []
    func add(_ read: Read, _ owner: String?) {
      let place =
        meanings.firstIndex { $0.read.doc == read.doc && $0.read.path == read.path }
        ?? meanings.count
      if place == meanings.count { meanings.append(Meaning(read: read, owners: [])) }
      if let owner, !meanings[place].owners.contains(owner) {
        meanings[place].owners.append(owner)
      }
    }
    let key = path.split(separator: ".").last.map(String.init) ?? path
    for entry in Catalogue.slots.flatMap(\.entries) {
      for read in entry.options where read.key == key { add(read, entry.word) }
    }
    for read in Catalogue.common where read.key == key { add(read, nil) }
    if meanings.isEmpty { return nil }
    self.meanings = meanings
  }

  package var text: String {
    meanings.map { meaning in
      let read = meaning.read
      let owners = meaning.owners.isEmpty ? "" : ", of \(meaning.owners.joined(separator: ", "))"
      let example = meaning.owners.first.map { "; all of its options: runexp components \($0)" }
      let allowed = read.type.allowed.isEmpty ? read.type.name : read.type.allowed
      return "\(read.path): an option\(owners)\n  \(read.doc) "
        + "[\(allowed); default \(read.shownDefault)]\n"
        + "  to set it: --set \(read.path)=VALUE\(example ?? "")\n"
    }.joined(separator: "\n")
  }

  package var json: JSON {
    .array(
      meanings.map { meaning in
        [
          "path": .string(meaning.read.path), "meaning": .string(meaning.read.doc),
          "type": .string(meaning.read.type.name), "allowed": .string(meaning.read.type.allowed),
          "default": .string(meaning.read.shownDefault),
          "components": .array(meaning.owners.map { .string($0) }),
        ]
      })
  }
}
