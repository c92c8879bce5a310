// The cache of keys and values: what it holds after appends of every kind, and attention over it.
// Not parity of the kernels with the reference: see OpCaseTests.swift.

import CKernels
import Tensors
import Testing

/// The instruction sets that this processor has.
private let instructionSets = Device.instructionSets

/// A sequence of tokens: its queries, keys and values, [batch, tokens, heads or kvHeads,
/// dimension], and a device.
private struct Sequence {
  let device: Device
  let batch, tokens, heads, kvHeads, dimension: Int
  var q, k, v: [Float]

  init(
    batch: Int = 1, tokens: Int, heads: Int = 4, kvHeads: Int = 2, dimension: Int = 32,
    on device: Device = .cpu(threads: 2)
  ) {
    (self.batch, self.tokens, self.heads) = (batch, tokens, heads)
    (self.kvHeads, self.dimension, self.device) = (kvHeads, dimension, device)
    func normals(_ heads: Int, _ name: String) -> [Float] {
      Random(seed: 3, purpose: "cache test", name: name)
        .normals(batch * tokens * heads * dimension, deviation: 1)
    }
    (q, k, v) = (normals(heads, "q"), normals(kvHeads, "k"), normals(kvHeads, "v"))
  }

  /// Elements of tokens `range` in each row of the batch.
  func slice(_ values: [Float], _ heads: Int, _ range: Range<Int>) -> [Float] {
    (0..<batch).flatMap { row in
      let start = row * tokens
      return values[
        (start + range.lowerBound) * heads * dimension..<(start + range.upperBound)
          * heads * dimension]
    }
  }

  func tensor(_ values: [Float], _ heads: Int, _ range: Range<Int>) -> Tensor {
    Tensor(
      slice(values, heads, range), [batch, range.count, heads, dimension], kind: .data, on: device)
  }

  func cache(_ type: CacheType, capacity: Int? = nil) -> KeyValueCache {
    KeyValueCache(
      batch: batch, kvHeads: kvHeads, headDimension: dimension, capacity: capacity ?? tokens,
      type: type, on: device)
  }

  func append(_ range: Range<Int>, to cache: KeyValueCache) {
    cache.append(keys: tensor(k, kvHeads, range), values: tensor(v, kvHeads, range))
  }

  /// That of all tokens.
  func shape(window: Int? = nil) -> AttentionShape {
    AttentionShape(
      batch: batch, queries: tokens, keys: tokens, heads: heads, kvHeads: kvHeads,
      headDimension: dimension, window: window)
  }

  /// Attention of tokens `range`, the ones appended last.
  func attend(
    _ range: Range<Int>, over cache: KeyValueCache, window: Int? = nil,
    _ algorithm: AttentionAlgorithm = .flash2
  ) -> [Float] {
    Pass(on: device).attention(
      tensor(q, heads, range), over: cache,
      shape(window: window).over(cache, queries: range.count), by: algorithm
    ).values()
  }

  /// Causal attention of all tokens, without a cache.
  func attendAll(window: Int? = nil) -> [Float] {
    let all = 0..<tokens
    return Pass(on: device).attention(
      tensor(q, heads, all), tensor(k, kvHeads, all), tensor(v, kvHeads, all),
      shape(window: window), by: .flash2
    ).values()
  }

  /// The values that a cache holds.
  ///
  /// With a window of 1 a query sees its own key alone, and gives its value as it is.
  func heldValues(_ cache: KeyValueCache) -> [Float] {
    var shape = shape(window: 1).over(cache, queries: cache.held)
    shape.heads = kvHeads
    let zeros = Tensor(
      [Float](repeating: 0, count: shape.queryShape.count), shape.queryShape, kind: .data,
      on: device)
    return Pass(on: device).attention(zeros, over: cache, shape, by: .naive).values()
  }

  /// What a cache makes of the values.
  func kept(_ type: CacheType) -> [Float] {
    let cache = cache(type)
    append(0..<tokens, to: cache)
    return heldValues(cache)
  }
}

private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  // `max` loses a NaN.
  guard a.count == b.count, !(a + b).contains(where: \.isNaN) else { return .infinity }
  return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

/// The root of the mean squared difference, relative to that of the expected.
private func relativeError(_ values: [Float], _ expected: [Float]) -> Double {
  var (error, size) = (0.0, 0.0)
  for (value, wanted) in zip(values, expected) {
    error += Double(value - wanted) * Double(value - wanted)
    size += Double(wanted) * Double(wanted)
  }
  return (error / size).squareRoot()
}

@Suite struct KeyValueCacheTests {
  @Test(arguments: CacheType.allCases)
  func `appending several tokens is appending them one by one`(type: CacheType) {
    let sequence = Sequence(tokens: 9)
    let (together, apart) = (sequence.cache(type), sequence.cache(type))
    sequence.append(0..<9, to: together)
    for token in 0..<9 { sequence.append(token..<token + 1, to: apart) }
    #expect(sequence.heldValues(together) == sequence.heldValues(apart))
    #expect(together.length == 9 && apart.length == 9)
  }

  @Test(arguments: CacheType.allCases)
  func `an append across the end of the ring keeps the newest tokens in order`(type: CacheType) {
    let sequence = Sequence(tokens: 12)
    let ring = sequence.cache(type, capacity: 7)
    for range in [0..<5, 5..<10, 10..<12] { sequence.append(range, to: ring) }
    let expected = Array(sequence.kept(type).suffix(7 * 2 * 32))
    #expect(sequence.heldValues(ring) == expected)
  }

  @Test func `a full cache counts on, and holds what it has room for`() {
    let sequence = Sequence(tokens: 10)
    let cache = sequence.cache(.q8, capacity: 4)
    #expect(cache.held == 0)
    for token in 0..<10 {
      sequence.append(token..<token + 1, to: cache)
      #expect(cache.length == token + 1 && cache.held == min(token + 1, 4))
    }
    cache.reset()
    #expect(cache.length == 0 && cache.held == 0)
  }

  @Test(arguments: CacheType.allCases)
  func `each row of a batch has its own keys and values`(type: CacheType) {
    let both = Sequence(batch: 2, tokens: 6)
    let cache = both.cache(type, capacity: 4)
    for range in [0..<3, 3..<6] { both.append(range, to: cache) }
    let out = both.attend(5..<6, over: cache)
    for row in 0..<2 {
      var one = Sequence(tokens: 6)
      one.q = Array(both.q[row * one.q.count..<(row + 1) * one.q.count])
      one.k = Array(both.k[row * one.k.count..<(row + 1) * one.k.count])
      one.v = Array(both.v[row * one.v.count..<(row + 1) * one.v.count])
      let alone = one.cache(type, capacity: 4)
      for range in [0..<3, 3..<6] { one.append(range, to: alone) }
      let expected = one.attend(5..<6, over: alone)
      #expect(Array(out[row * expected.count..<(row + 1) * expected.count]) == expected)
    }
  }

  @Test(arguments: instructionSets)
  func `decoding token t gives row t of the whole sequence's attention`(set: String) throws {
    let device = Device(try #require(runexp_cpu_kernels_for(set)), threads: 2)
    let sequence = Sequence(tokens: 600, heads: 6, dimension: 40, on: device)
    let all = sequence.attendAll()
    let cache = sequence.cache(.f32)
    for token in 0..<600 {
      sequence.append(token..<token + 1, to: cache)
      guard token % 37 == 0 || token > 590 else { continue }
      let out = sequence.attend(token..<token + 1, over: cache)
      let expected = sequence.slice(all, 6, token..<token + 1)
      #expect(largestDifference(out, expected) < 1e-5, "token \(token)")
    }
  }

  @Test(arguments: CacheType.allCases, [1, 5, 64])
  func `a prefill in chunks equals one in a piece`(type: CacheType, chunk: Int) {
    let sequence = Sequence(tokens: 130, dimension: 64)
    let whole = sequence.cache(type)
    sequence.append(0..<130, to: whole)
    let expected = sequence.attend(0..<130, over: whole)
    let cache = sequence.cache(type)
    for start in stride(from: 0, to: 130, by: chunk) {
      let range = start..<min(start + chunk, 130)
      sequence.append(range, to: cache)
      let out = sequence.attend(range, over: cache)
      #expect(largestDifference(out, sequence.slice(expected, 4, range)) < 1e-5)
    }
  }

  @Test(arguments: [AttentionAlgorithm.naive, .flash1, .flash2])
  func `a prompt longer than the window needs only a rolling cache`(algorithm: AttentionAlgorithm) {
    let (window, chunk) = (20, 8)
    let sequence = Sequence(tokens: 100)
    let expected = sequence.attendAll(window: window)
    let cache = sequence.cache(.f32, capacity: window + chunk - 1)
    for start in stride(from: 0, to: 100, by: chunk) {
      let range = start..<min(start + chunk, 100)
      sequence.append(range, to: cache)
      let out = sequence.attend(range, over: cache, window: window, algorithm)
      #expect(largestDifference(out, sequence.slice(expected, 4, range)) < 1e-5)
    }
  }
}

@Suite struct Q8CacheTests {
  /// One block, as a cache keeps it.
  private func kept(_ block: [Float], _ set: String) throws -> [Float] {
    let device = Device(try #require(runexp_cpu_kernels_for(set)), threads: 1)
    var sequence = Sequence(tokens: 1, kvHeads: 1, dimension: block.count, on: device)
    sequence.v = block
    return sequence.kept(.q8)
  }

  @Test(arguments: [7, 32, 40, 64, 100])
  func `each number is off by at most 0.00394 of its block's largest`(dimension: Int) {
    let sequence = Sequence(tokens: 50, dimension: dimension)
    let kept = sequence.kept(.q8)
    for row in 0..<100 {
      for first in stride(from: 0, to: dimension, by: 32) {
        let block = row * dimension + first..<row * dimension + min(first + 32, dimension)
        let largest = block.reduce(Float(0)) { max($0, abs(sequence.v[$1])) }
        let worst = block.reduce(Float(0)) { max($0, abs(sequence.v[$1] - kept[$1])) }
        #expect(block.allSatisfy { kept[$0].isFinite && sequence.v[$0].isFinite })
        #expect(worst <= 0.00394 * largest && worst > 0)
      }
    }
  }

  @Test(arguments: instructionSets)
  func `zeros stay zeros`(set: String) throws {
    #expect(try kept([Float](repeating: 0, count: 32), set) == [Float](repeating: 0, count: 32))
  }

  @Test(arguments: instructionSets)
  func `a block with something that is not a number is nothing but that`(set: String) throws {
    var values = [Float](repeating: 1, count: 64)
    values[5] = .nan
    let kept = try kept(values, set)
    let (first, second) = (kept[..<32], kept[32...])
    #expect(first.allSatisfy { $0.isNaN } && second.allSatisfy { abs($0 - 1) < 0.004 })
  }

  /// A scale that is subnormal in fp16 has few digits: the error is half a step of 2^-24, or what
  /// clipping takes off.
  @Test(arguments: instructionSets)
  func `a scale that fp16 holds as a subnormal costs at most its rounding`(set: String) throws {
    for largest in [1e-3, 1e-4, 2e-5, 7.6e-6] as [Float] {
      let values = (0..<32).map { largest * Float($0 - 15) / 16 }
      let kept = try kept(values, set)
      let step = (largest * 15 / 16 / 127) + 0x1p-25
      #expect(largestDifference(values, kept) <= max(step, 127 * 0x1p-25))
      #expect(kept.contains { $0 != 0 })
    }
    #expect(try kept([Float](repeating: 1e-7, count: 32), set).allSatisfy { $0 == 0 })
  }

  @Test(arguments: instructionSets)
  func `numbers beyond the largest scale are clipped to what it can express`(set: String) throws {
    let kept = try kept([1e9, -1e9, .infinity, 3e6] + [Float](repeating: 0, count: 28), set)
    let largest: Float = 65504 * 127
    #expect(kept[0] == largest && kept[1] == -largest && kept[2] == largest)
    #expect(abs(kept[3] - 3e6) <= 65504 / 2 && kept[4] == 0)
  }

  @Test(arguments: instructionSets)
  func `attention over Q8 is attention over the numbers that its bytes stand for`(
    set: String
  ) throws {
    let device = Device(try #require(runexp_cpu_kernels_for(set)), threads: 2)
    let sequence = Sequence(tokens: 300, dimension: 48, on: device)
    var wide = sequence
    wide.v = sequence.kept(.q8)
    var keys = sequence
    keys.v = sequence.k
    wide.k = keys.kept(.q8)
    let (narrow, plain) = (sequence.cache(.q8), wide.cache(.f32))
    sequence.append(0..<300, to: narrow)
    wide.append(0..<300, to: plain)
    for queries in [299..<300, 296..<300, 250..<300, 0..<300] {
      let out = sequence.attend(queries, over: narrow)
      #expect(largestDifference(out, wide.attend(queries, over: plain)) < 1e-5)
    }
  }

  /// Unit Gaussian numbers, and logits four times as large, where the error of the keys weighs
  /// more.
  @Test(arguments: [(1, 0.01), (4, 0.03)] as [(Float, Double)])
  func `the attention's error stays small`(factor: Float, bound: Double) {
    var sequence = Sequence(tokens: 512, dimension: 64)
    sequence.q = sequence.q.map { $0 * factor }
    let (exact, narrow) = (sequence.cache(.f32), sequence.cache(.q8))
    for cache in [exact, narrow] { sequence.append(0..<512, to: cache) }
    let error = relativeError(
      sequence.attend(448..<512, over: narrow), sequence.attend(448..<512, over: exact))
    #expect(error < bound && error > bound / 10)
  }
}
