// What an attention costs, counted from its shape: pairs, floating-point operations, bytes.

extension AttentionShape {
  /// Pairs of a query and a key in one head that causal mask and window leave; explicit masks are
  /// not looked at.
  package var seenPairs: Double {
    // Beyond all distances a window hides nothing, however large it is.
    let window = window.map { min($0, queries + keys + abs(offset)) }
    // A query at position p sees the keys from p - window + 1 on, and those before this end.
    let reach = isCausal ? 1 : window
    let ends =
      reach.map { Self.clampedSum(from: offset + $0, count: queries, limit: keys) }
      ?? queries * keys
    let starts =
      window.map { Self.clampedSum(from: offset - $0 + 1, count: queries, limit: keys) } ?? 0
    return Double(ends - starts)
  }

  /// The sum of min(max(x, 0), limit) over the `count` whole numbers x from `first` on.
  private static func clampedSum(from first: Int, count: Int, limit: Int) -> Int {
    func below(_ x: Int) -> Int {
      if x <= 0 { return 0 }
      return x <= limit + 1 ? x * (x - 1) / 2 : limit * (limit + 1) / 2 + (x - 1 - limit) * limit
    }
    return below(first + count) - below(first)
  }

  /// Pairs that are seen over all heads and sequences.
  package var pairs: Double { seenPairs * Double(batch * heads) }

  // Operations: a multiply-add is two, of each feature of a head. What is seen of a tile is
  // counted, not all of it.

  /// Of forward: two matrix products, scores and output, over the pairs that are seen.
  package var forwardFLOPs: Double { flops(products: Self.forwardProducts, seenPairs) }

  /// Of backward by an algorithm that computes the scores again.
  package var backwardFLOPs: Double { flops(products: 5, seenPairs) }

  /// Of forward as an algorithm carries it out.
  package func forwardFLOPs(by algorithm: AttentionAlgorithm) -> Double {
    flops(products: Self.forwardProducts, computedPairs(by: algorithm))
  }

  /// Of backward as an algorithm carries it out.
  ///
  /// Four gradients: of the probabilities, the values, the queries and the keys. Naive attention
  /// kept its probabilities, and computes the scores again only to differentiate a softcap; the
  /// others always do.
  package func backwardFLOPs(by algorithm: AttentionAlgorithm) -> Double {
    let keepsScores = algorithm == .naive && softcap == 0
    return flops(products: keepsScores ? 4 : 5, computedPairs(by: algorithm))
  }

  private static var forwardProducts: Int { 2 }

  /// Naive attention multiplies whole matrices, what position hides included, to throw it away.
  private func computedPairs(by algorithm: AttentionAlgorithm) -> Double {
    algorithm == .naive ? Double(queries) * Double(keys) : seenPairs
  }

  private func flops(products: Int, _ pairs: Double) -> Double {
    2 * Double(products) * Double(headDimension) * Double(batch * heads) * pairs
  }

  // Bytes.

  /// Of one token's keys and values in a cache.
  package func bytesPerToken(_ cache: CacheType) -> Int {
    2 * kvHeads * cache.rowBytes(headDimension)
  }

  /// Of all that is read at least once: queries, the keys and values that some query sees, explicit
  /// masks.
  func readBytes(_ type: ElementType) -> Int {
    let window = window.map { min($0, queries + keys + abs(offset)) }
    let first = window.map { max(0, offset - $0 + 1) } ?? 0
    let last = (isCausal ? 1 : window).map { min(keys, offset + queries - 1 + $0) } ?? keys
    let perKey = cache.map(bytesPerToken) ?? 2 * kvHeads * headDimension * type.bytes
    return queryShape.count * type.bytes + batch * max(0, last - first) * perKey
      + (keep?.count ?? 0) + 4 * (bias?.count ?? 0)
  }

  /// What the formulas say that forward keeps for backward: all scores, or one or two numbers a
  /// query.
  package func savedBytes(by algorithm: AttentionAlgorithm) -> Double {
    let rows = Double(batch * heads * queries)
    switch algorithm {
    case .naive: return 4 * rows * Double(keys)
    case .flash1: return 8 * rows
    case .flash2, .flash3, .flash3FP8: return 4 * rows
    }
  }
}
