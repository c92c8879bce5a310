// What is counted from the shape of an attention: pairs one by one, operations, bytes, and its
// sizes over a cache.

import Tensors
import Testing

@Suite struct AttentionShapeTests {
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
              let shape = AttentionShape(
                queries: queries, keys: keys, headDimension: 1, isCausal: isCausal,
                offset: offset, window: window)
              let expected = count(
                queries, keys, offset: offset, isCausal: isCausal, window: window)
              #expect(
                shape.seenPairs == Double(expected),
                "\(queries) over \(keys) from \(offset), \(isCausal), \(window ?? 0)")
            }
          }
        }
      }
    }
  }

  @Test func millionsAreCountedAtOnce() {
    let n = 1 << 24
    let shape = AttentionShape(queries: n, keys: n, headDimension: 1)
    #expect(shape.seenPairs == Double(n) * Double(n + 1) / 2)
  }

  @Test func `operations are those of each algorithm`() {
    // 3 sequences of 4 heads of 8 features; 5 queries see 1, 2, 3, 3 and 3 keys.
    var shape = AttentionShape(
      batch: 3, queries: 5, keys: 5, heads: 4, kvHeads: 2, headDimension: 8, window: 3)
    let product = Double(2 * 8 * 3 * 4)
    #expect(shape.seenPairs == 12 && shape.pairs == 12 * 12)
    #expect(shape.forwardFLOPs == 2 * 12 * product && shape.backwardFLOPs == 5 * 12 * product)
    #expect(shape.forwardFLOPs(by: .flash2) == 2 * 12 * product)
    #expect(shape.backwardFLOPs(by: .flash1) == 5 * 12 * product)
    // naive multiplies whole matrices, and computes its scores again for a softcap alone.
    #expect(shape.forwardFLOPs(by: .naive) == 2 * 25 * product)
    #expect(shape.backwardFLOPs(by: .naive) == 4 * 25 * product)
    shape.softcap = 2
    #expect(shape.backwardFLOPs(by: .naive) == 5 * 25 * product)
  }

  @Test func `what forward saves by the formulas is what the kernels ask for`() throws {
    let shape = AttentionShape(
      batch: 2, queries: 70, keys: 90, heads: 4, kvHeads: 2, headDimension: 16)
    let device = Device.cpu(threads: 1)
    for algorithm in [AttentionAlgorithm.naive, .flash1, .flash2] {
      let asked = try #require(
        device.attentionBytes(algorithm, shape, .f32, backward: false)
      ).saved
      #expect(shape.savedBytes(by: algorithm) == Double(asked), "\(algorithm)")
    }
  }

  @Test func `over a cache the last query stands at the last key that is held`() {
    let device = Device.reference()
    let cache = KeyValueCache(
      batch: 2, kvHeads: 1, headDimension: 32, capacity: 6, type: .q8, on: device)
    let zeros = Tensor([2, 4, 1, 32], kind: .data, on: device)
    zeros.zero()
    for _ in 0..<2 { cache.append(keys: zeros, values: zeros) }
    let model = AttentionShape(queries: 1, keys: 1, heads: 3, kvHeads: 1, headDimension: 32)
    let shape = model.over(cache, queries: 4)
    #expect(shape.queryShape == [2, 4, 3, 32] && shape.keyShape == [2, 6, 1, 32])
    #expect(shape.offset == 2 && shape.cache == .q8)
    #expect(shape.description == "causal, 4 queries over 6 keys of a cache")
    #expect(shape.bytesPerToken(.q8) == 2 * 34 && shape.bytesPerToken(.f32) == 2 * 128)
  }
}
