// PreTokenizer: how a text is cut into pieces, within which the model merges: the components that a
// tokenizer.json names under `pre_tokenizer`.

/// Cuts pieces into smaller ones.
package protocol PreTokenizer: Sendable {
  /// - Throws: `TokenizerError` where a regular expression does not match in time.
  func cut(_ pieces: inout Pieces) throws(TokenizerError)
}

/// One after another: `Sequence`.
struct PreTokenizerSequence: PreTokenizer {
  let parts: [any PreTokenizer]

  func cut(_ pieces: inout Pieces) throws(TokenizerError) {
    for part in parts { try part.cut(&pieces) }
  }
}

/// What becomes of the matches of a pattern at which a text is cut.
package enum SplitBehavior: String {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"

  /// The pieces that a text becomes.
  ///
  /// - Parameters:
  ///   - parts: matches and what is between them, covering the text in order; each says whether it
  ///     is a match.
  ///   - keep: takes a piece.
  func join(
    _ parts: [(begin: Int, end: Int, isMatch: Bool)], _ keep: (Int, Int) -> Void
  ) {
    var joined: [(begin: Int, end: Int)] = []
    var wasMatch = false
    switch self {
    case .removed:
      for part in parts where !part.isMatch { keep(part.begin, part.end) }
      return
    case .isolated: joined = parts.map { ($0.begin, $0.end) }
    case .mergedWithPrevious, .contiguous:
      for part in parts {
        let joins = self == .contiguous ? part.isMatch == wasMatch : part.isMatch && !wasMatch
        if joins, let last = joined.indices.last {
          joined[last].end = part.end
        } else {
          joined.append((part.begin, part.end))
        }
        wasMatch = part.isMatch
      }
    case .mergedWithNext:
      for part in parts.reversed() {
        if part.isMatch, !wasMatch, let last = joined.indices.last {
          joined[last].begin = part.begin
        } else {
          joined.append((part.begin, part.end))
        }
        wasMatch = part.isMatch
      }
      joined.reverse()
    }
    for piece in joined { keep(piece.begin, piece.end) }
  }
}
