// Attention at the edges of lengths, logits, groups and addresses, and the same bits again and
// again. Not masks: see AttentionMaskTests.swift; not the error rule over a grid: see
// AttentionErrorTests.swift.

import CKernels
import Glibc
import Tensors
import Testing

@Suite struct AttentionEdgeTests {
  // Lengths.

  @Test func `lengths of 1, and fewer keys than a tile`() throws {
    for (queries, keys) in [(1, 1), (239, 1), (1, 2), (2, 3), (5, 7), (799, 3), (3, 15)] {
      for isCausal in [false, true] {
        var trial = AttentionTrial(queries: queries, keys: keys, heads: 4, kvHeads: 2)
        (trial.isCausal, trial.offset) = (isCausal, max(0, keys - queries))
        try AttentionErrorRule.check(trial)
        trial.type = .bf16
        try AttentionErrorRule.check(trial)
      }
    }
  }

  /// What lies behind the last key of a sequence, the next one's keys, is not a number.
  @Test(arguments: AttentionSetting.all)
  func `keys beyond the end take no part, in backward either`(setting: AttentionSetting) throws {
    for keys in [1, 3, 47, 63, 95, 97, 129] {
      let alone = AttentionTrial(queries: 65, keys: keys, heads: 2, kvHeads: 1, dimension: 19)
      var two = AttentionTrial(
        batch: 2, queries: 65, keys: keys, heads: 2, kvHeads: 1, dimension: 19)
      let (queryCount, keyCount) = (alone.q.count, alone.k.count)
      two.q.replaceSubrange(0..<queryCount, with: alone.q)
      two.dout.replaceSubrange(0..<queryCount, with: alone.dout)
      two.k.replaceSubrange(0..<keyCount, with: alone.k)
      two.v.replaceSubrange(0..<keyCount, with: alone.v)
      for index in keyCount..<2 * keyCount { (two.k[index], two.v[index]) = (.nan, .nan) }
      let (expected, result) = (try setting.run(alone), try setting.run(two))
      #expect(expected.isFinite)
      for (found, expected) in zip(result.parts, expected.parts) {
        #expect(largestError(Array(found.prefix(expected.count)), expected) < 2e-6, "\(keys) keys")
      }
    }
  }

  @Test(arguments: AttentionSetting.all)
  func `a rectangular causal mask is aligned as its offset says`(
    setting: AttentionSetting
  ) throws {
    for (queries, keys) in [(70, 131), (131, 70), (3, 200), (200, 3)] {
      for offset in [0, keys - queries, 5] {
        var (causal, masked) = (
          AttentionTrial(queries: queries, keys: keys), AttentionTrial(queries: queries, keys: keys)
        )
        (causal.isCausal, causal.offset) = (true, offset)
        masked.keep = .init(
          shape: [1, 1, queries, keys],
          values: (0..<queries * keys).map { $0 % keys <= $0 / keys + offset })
        let (found, expected) = (try setting.run(causal), try setting.run(masked))
        for (found, expected) in zip(found.parts, expected.parts) {
          #expect(largestError(found, expected) < 1e-5, "\(causal)")
        }
      }
    }
  }

  @Test(arguments: AttentionSetting.all)
  func `prefill in chunks is prefill at once, and a decoded token its row`(
    setting: AttentionSetting
  ) throws {
    var full = AttentionTrial(queries: 300, keys: 300, heads: 4, kvHeads: 2)
    (full.isCausal, full.window, full.slopes) = (true, 180, [0.25, 0.125, 0.0625, 0.03125])
    full.differentiates = false
    let expected = try setting.run(full).out
    for chunk in [0..<100, 100..<163, 163..<164, 164..<166, 166..<300, 299..<300] {
      var part = AttentionTrial(queries: chunk.count, keys: chunk.upperBound, heads: 4, kvHeads: 2)
      (part.isCausal, part.window, part.slopes) = (true, full.window, full.slopes)
      (part.offset, part.differentiates) = (chunk.lowerBound, false)
      let rows =
        full.queryRow(chunk.lowerBound)
        .lowerBound..<full.queryRow(chunk.upperBound)
        .lowerBound
      part.q = Array(full.q[rows])
      part.k = Array(full.k.prefix(part.k.count))
      part.v = Array(full.v.prefix(part.v.count))
      #expect(largestError(try setting.run(part).out, Array(expected[rows])) < 2e-6, "\(chunk)")
    }
  }

  // Logits.

  /// One head in which query i has the logit `logit(i, key)` for each key.
  private func withLogits(
    queries: Int, keys: Int, _ key: (Int) -> Float, times factor: (Int) -> Float = { _ in 1 }
  ) -> AttentionTrial {
    var trial = AttentionTrial(queries: queries, keys: keys, heads: 1, kvHeads: 1, dimension: 4)
    trial.scale = 1
    for index in trial.q.indices { trial.q[index] = index % 4 == 0 ? factor(index / 4) : 0 }
    for index in trial.k.indices { trial.k[index] = index % 4 == 0 ? key(index / 4) : 0 }
    return trial
  }

  @Test func `logits of ten thousand either way survive`() throws {
    for queries in [2, 90] {
      let trial = withLogits(
        queries: queries, keys: 300, { Float($0 % 201) - 100 }, times: { $0 % 2 == 0 ? 100 : -100 })
      try AttentionErrorRule.check(trial)
      for setting in AttentionSetting.all {
        let out = try setting.run(trial).out
        // Key 200 has the only logit of 10000; keys 0 and 201 share that of -10000.
        #expect(largestError(Array(out[..<4]), Array(trial.v[800..<804])) == 0)
        let mean = (0..<4).map { (trial.v[$0] + trial.v[804 + $0]) / 2 }
        #expect(largestError(Array(out[4..<8]), mean) < 1e-6)
      }
    }
  }

  @Test func `rows of equal logits give the mean of the values`() throws {
    for logit: Float in [0, 1, -10000, 10000] {
      let trial = withLogits(queries: 50, keys: 300, { _ in logit })
      let mean = (0..<4).map { column in
        (0..<300).reduce(Float(0)) { $0 + trial.v[$1 * 4 + column] } / 300
      }
      for setting in AttentionSetting.all {
        let result = try setting.run(trial)
        #expect(largestError(Array(result.out[..<4]), mean) < 1e-6, "\(setting), \(logit)")
        #expect(result.isFinite)
      }
      if abs(logit) <= 1 { try AttentionErrorRule.check(trial) }
    }
  }

  @Test func `one-hot rows give one value`() throws {
    var trial = AttentionTrial(queries: 64, keys: 64, heads: 1, kvHeads: 1, dimension: 64)
    trial.scale = 1
    for index in trial.q.indices {
      let isDiagonal = index / 64 == index % 64
      (trial.q[index], trial.k[index]) = (isDiagonal ? 200 : 0, isDiagonal ? 1 : 0)
    }
    try AttentionErrorRule.check(trial)
    for setting in AttentionSetting.all {
      #expect(largestError(try setting.run(trial).out, trial.v) < 1e-6)
    }
  }

  @Test func `later blocks with a far larger or far smaller maximum`() throws {
    for queries in [1, 50] {
      for step: Float in [30, -30, 0.5] {
        let trial = withLogits(queries: queries, keys: 400, { step * Float($0 / 50) })
        try AttentionErrorRule.check(trial)
      }
    }
  }

  @Test func `the first blocks hidden`() throws {
    for queries in [2, 50] {
      var trial = AttentionTrial(queries: queries, keys: 600)
      trial.keep = .init(shape: [1, 1, 1, 600], values: (0..<600).map { $0 >= 530 })
      try AttentionErrorRule.check(trial)
      trial.keep = nil
      trial.bias = .init(
        shape: [1, 1, 1, 600], values: (0..<600).map { $0 >= 530 ? 1 : -.infinity })
      try AttentionErrorRule.check(trial)
    }
  }

  // Softcap.

  @Test func `the softcap's derivative is taken before the cap`() throws {
    for type in [ElementType.f32, .bf16] {
      var trial = AttentionTrial(queries: 70, keys: 90)
      (trial.type, trial.softcap) = (type, 3)
      trial.q = trial.q.map { $0 * 3 }
      try AttentionErrorRule.check(trial)
    }
    // Where the cap is reached, nothing moves a logit. At the capped score tanh' would be 0.42.
    var saturated = withLogits(
      queries: 40, keys: 50, { $0 % 3 == 0 ? 100 : -100 }, times: { _ in 2 })
    saturated.softcap = 2
    for setting in AttentionSetting.all {
      let result = try setting.run(saturated)
      #expect((result.dq + result.dk).allSatisfy { abs($0) < 1e-6 })
      #expect(result.dv.contains { abs($0) > 0.1 })
    }
  }

  // Groups and head dimensions.

  @Test(arguments: AttentionSetting.all)
  func `heads share keys and values in contiguous groups, whose gradients are summed`(
    setting: AttentionSetting
  ) throws {
    var grouped = AttentionTrial(
      batch: 2, queries: 70, keys: 90, heads: 6, kvHeads: 2, dimension: 20)
    var repeated = AttentionTrial(
      batch: 2, queries: 70, keys: 90, heads: 6, kvHeads: 6, dimension: 20)
    (grouped.isCausal, repeated.isCausal) = (true, true)
    (repeated.q, repeated.dout) = (grouped.q, grouped.dout)
    func copies(_ body: (_ one: Range<Int>, _ shared: Range<Int>) -> Void) {
      for batch in 0..<2 {
        for key in 0..<90 {
          for head in 0..<6 {
            body(
              repeated.keyRow(key, head: head, batch: batch),
              grouped.keyRow(key, head: head / 3, batch: batch))
          }
        }
      }
    }
    var (k, v) = (repeated.k, repeated.v)
    copies { one, shared in
      k.replaceSubrange(one, with: grouped.k[shared])
      v.replaceSubrange(one, with: grouped.v[shared])
    }
    (repeated.k, repeated.v) = (k, v)
    let (found, expected) = (try setting.run(grouped), try setting.run(repeated))
    #expect(largestError(found.out, expected.out) < 1e-6)
    #expect(largestError(found.dq, expected.dq) < 1e-5)
    var (dk, dv) = (found.dk.map { _ in Float(0) }, found.dv.map { _ in Float(0) })
    copies { one, shared in
      for (from, to) in zip(one, shared) {
        dk[to] += expected.dk[from]
        dv[to] += expected.dv[from]
      }
    }
    #expect(largestError(found.dk, dk) < 1e-5)
    #expect(largestError(found.dv, dv) < 1e-5)
  }
}
