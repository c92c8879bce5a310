// The pairs of a query and a key that causal mask and window leave: the closed form against a count one by one.

import Tensors
import Testing

@Suite struct SeenPairsTests {
  private func count(
    _ queries: Int, _ keys: Int, offset: Int, isCausal: Bool, window: Int?
  ) -> Int {
    (0..<queries).reduce(0) { sum, query in
      sum
        + (0..<keys).count { key in
          let distance = query + offset - key
          return (!isCausal || distance >= 0) && abs(distance) < window ?? .max
        }
    }
  }

  @Test func closedFormIsTheCount() {
    for queries in [1, 2, 5, 9] {
      for keys in [1, 3, 5, 12] {
        for offset in [-7, -1, 0, 2, keys - queries, 20] {
          for window in [nil, 1, 2, 4, 100, Int.max] as [Int?] {
            for isCausal in [true, false] {
              let options = AttentionOptions(
                scale: 1, isCausal: isCausal, offset: offset, window: window)
              let expected = count(
                queries, keys, offset: offset, isCausal: isCausal, window: window)
              #expect(
                options.seenPairs(queries: queries, keys: keys) == Double(expected),
                "\(queries) over \(keys) from \(offset), \(isCausal), \(window ?? 0)")
            }
          }
        }
      }
    }
  }

  @Test func millionsAreCountedAtOnce() {
    let n = 1 << 24
    let options = AttentionOptions(scale: 1)
    #expect(options.seenPairs(queries: n, keys: n) == Double(n) * Double(n + 1) / 2)
  }
}
