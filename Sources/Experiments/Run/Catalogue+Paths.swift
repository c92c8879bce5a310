// The paths that `--set` and `--vary` can name, with the words that each allows: for completion.

import Config
import Records

extension Catalogue {
  /// Every path of an experiment file that holds one value, sorted; the words are empty where any value may stand.
  package static var paths: [(path: String, words: [String])] {
    var found: [String: [String]] = ["name": [], "seeds": []]
    for slot in slots {
      found[slot.path, default: []] += slot.entries.map(\.word)
      found[slot.path + ".type", default: []] += slot.entries.map(\.word)
      for entry in slot.entries {
        for option in entry.options { found[option.path, default: []] += words(option.type) }
      }
    }
    for option in common { found[option.path, default: []] += words(option.type) }
    return found.map { ($0.key, $0.value.unique.sorted()) }.sorted { $0.0 < $1.0 }
  }

  private static func words(_ type: ReadType) -> [String] {
    switch type {
    case .word(let choices), .component(let choices): choices.map(\.word)
    case .boolean: ["true", "false"]
    case .list(let element, _): words(element)
    case .path(let words): words
    case .integer, .number, .text: []
    }
  }
}
