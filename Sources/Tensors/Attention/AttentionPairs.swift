// AttentionPairs: how many scores an attention needs, which decides its work.

extension AttentionOptions {
  /// Pairs of a query and a key that it sees by position, of one head of one sequence.
  ///
  /// What an explicit mask hides is counted: no kernel here skips it.
  package func pairs(queries: Int, keys: Int) -> Double {
    (0..<queries).reduce(0.0) { sum, query in
      let position = query + offset
      let last = isCausal ? min(position, keys - 1) : keys - 1
      let first = window.map { max(0, position - $0 + 1) } ?? 0
      let end = window.map { min(last, position + $0 - 1) } ?? last
      return sum + Double(max(0, end - first + 1))
    }
  }
}

extension AttentionAlgorithm {
  /// Matrix products of the backward pass: four, and the scores once more where they were not kept.
  package var backwardProducts: Double { self == .naive ? 4 : 5 }
}
