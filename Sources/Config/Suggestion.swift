// "did you mean": the nearest known word by edit distance, else the list of known words.

package enum Suggestion {
  /// Lists up to this length are shown on one line.
  private static let inlineLimit = 5
  private static let lengthLimit = 64
  private static let listLimit = 40
  private static let shortLimit = 3

  /// The help lines for an unknown word.
  package static func lines(
    for word: String, among known: [(word: String, summary: String)], what: String
  ) -> [String] {
    if let nearest = nearest(to: word, among: known.map(\.word)) {
      return question([nearest]).map { [$0] } ?? []
    }
    if known.isEmpty { return [] }
    if known.count <= inlineLimit {
      return ["\(what): " + known.map { Wording.harmless($0.word) }.joined(separator: ", ")]
    }
    let width = known.map { $0.word.count }.max() ?? 0
    let listed = known.prefix(listLimit).map { entry in
      let word = Wording.harmless(entry.word)
      let gap = String(repeating: " ", count: max(0, width - word.count) + 2)
      return entry.summary.isEmpty ? "  \(word)" : "  \(word)\(gap)\(entry.summary)"
    }
    let rest = known.count - listed.count
    return ["\(what):"] + listed + (rest > 0 ? ["  and \(rest) more"] : [])
  }

  /// "did you mean 'one' or 'other'?"; nil for no words.
  package static func question(_ words: [String]) -> String? {
    if words.isEmpty { return nil }
    return "did you mean \(words.map { "'\($0)'" }.joined(separator: " or "))?"
  }

  /// The known word at the least distance, if near enough; the first one of equals.
  ///
  /// Short words are near to much that nobody meant, as `gpu` is to `cpu`: their first letter must
  /// be right.
  ///
  /// - Parameter most: edits that are still near, where fewer are than the word's length allows.
  package static func nearest(
    to word: String, among known: [String], atMost most: Int = .max
  ) -> String? {
    let typed = folded(word)
    if typed.isEmpty || typed.count > lengthLimit { return nil }
    let limit = min(most, edits(of: typed.count))
    var best: (word: String, distance: Int)?
    for candidate in known where candidate.utf8.count <= 2 * lengthLimit {
      let folded = folded(candidate)
      if typed.count <= shortLimit && folded.first != typed.first { continue }
      let distance = distance(typed, folded)
      if distance <= limit && distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.word
  }

  /// The edits that a word of so many letters may be off by.
  package static func edits(of length: Int) -> Int { min(3, max(1, (length + 1) / 3)) }

  /// Case and the choice of `-` or `_` do not count as an error.
  private static func folded(_ word: String) -> [Character] {
    word.lowercased().map { $0 == "-" ? "_" : $0 }
  }

  /// Edits between two words: insert, delete, replace, swap neighbours (optimal string alignment).
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for row in 1...left.count {
      var current = [row]
      for column in 1...right.count {
        let replaced = left[row - 1] == right[column - 1] ? 0 : 1
        var best = min(previous[column] + 1, current[column - 1] + 1)
        best = min(best, previous[column - 1] + replaced)
        if row > 1 && column > 1 && left[row - 1] == right[column - 2]
          && left[row - 2] == right[column - 1]
        {
          best = min(best, beforePrevious[column - 2] + 1)
        }
        current.append(best)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[right.count]
  }
}
