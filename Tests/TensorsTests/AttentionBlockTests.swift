// Attention by blocks of keys: those that a mask hides are skipped, and scratch memory holds a
// fixed number of keys. Not who sees what: see AttentionMaskTests.swift.

import CKernels
import TestSupport
import Tensors
import Testing

@Suite struct AttentionBlockTests {
  /// Documents of 100 tokens that do not see each other, as a boolean and as an additive mask, and
  /// others that hide blocks from some rows and heads.
  private var trialsWithHiddenBlocks: [AttentionTrial] {
    let tokens = 330
    func trial() -> AttentionTrial {
      AttentionTrial(
        batch: 2, queries: tokens, keys: tokens, heads: 4, kvHeads: 2, dimension: 20)
    }
    let same = (0..<tokens * tokens).map { $0 / tokens / 100 == $0 % tokens / 100 }
    var (boolean, additive, padding, heads) = (trial(), trial(), trial(), trial())
    boolean.keep = .init(shape: [1, 1, tokens, tokens], values: same)
    additive.bias = .init(
      shape: [1, 1, tokens, tokens], values: same.map { $0 ? 0.5 : -.infinity })
    padding.keep = .init(
      shape: [2, 1, 1, tokens],
      values: (0..<2 * tokens).map { $0 < tokens ? $0 < 70 : $0 - tokens > 250 })
    // Each head sees another third, and half of it by the other mask.
    heads.keep = .init(
      shape: [1, 4, 1, tokens],
      values: (0..<4 * tokens).map { $0 / tokens % 3 == $0 % tokens / 110 })
    heads.bias = .init(
      shape: [1, 1, tokens, tokens],
      values: (0..<tokens * tokens).map { $0 % 110 < 55 ? -.infinity : 0 })
    var few = AttentionTrial(queries: 2, keys: 1500, heads: 4, kvHeads: 2, dimension: 20)
    few.keep = .init(shape: [1, 1, 1, 1500], values: (0..<1500).map { (600..<700).contains($0) })
    // A bias near zero comes after many far below, and is hidden from every other row.
    var settled = trial()
    settled.bias = .init(
      shape: [1, 1, 1, tokens],
      values: (0..<tokens).map { $0 == tokens - 1 ? 0 : $0 < 100 ? -5000 : -3000 })
    settled.keep = .init(
      shape: [1, 1, tokens, tokens],
      values: (0..<tokens * tokens).map { $0 % tokens < tokens - 1 || $0 / tokens % 2 == 0 })
    return [boolean, additive, padding, heads, few, settled]
  }

  @Test func `blocks that an explicit mask hides leave the error within the rule`() throws {
    for trial in trialsWithHiddenBlocks {
      try AttentionErrorRule.check(trial)
    }
  }

  @Test(arguments: AttentionSetting.all)
  func `a mask that changes nothing leaves the bits`(setting: AttentionSetting) throws {
    let plain = AttentionTrial(
      batch: 2, queries: 150, keys: 170, heads: 4, kvHeads: 2, dimension: 20)
    let expected = try setting.run(plain)
    for rows in [1, 150] {
      var (kept, unbiased) = (plain, plain)
      kept.keep = .init(
        shape: [1, 1, rows, 170], values: [Bool](repeating: true, count: rows * 170))
      unbiased.bias = .init(
        shape: [1, 1, rows, 170], values: [Float](repeating: 0, count: rows * 170))
      var both = kept
      both.bias = unbiased.bias
      for masked in [kept, unbiased, both] {
        #expect(try setting.run(masked).parts == expected.parts)
      }
    }
  }

  @Test func `blocks that an explicit mask hides cost no products`() {
    let device = Device.cpu(threads: 1)
    func seconds(_ trial: AttentionTrial, _ algorithm: AttentionAlgorithm) -> Double {
      (0..<5).map { _ in
        let start = threadSeconds()
        _ = trial.run(on: device, algorithm)
        return threadSeconds() - start
      }.min() ?? 0
    }
    for queries in [1, 600] {
      let keys = queries == 1 ? 40_000 : 2048
      // Many heads share the keys of one query, so that products take longer than bringing keys and
      // values there.
      var whole = AttentionTrial(
        queries: queries, keys: keys, heads: queries == 1 ? 64 : 2, kvHeads: 2,
        dimension: queries == 1 ? 32 : 128)
      whole.differentiates = queries > 1
      var masked = whole
      whole.keep = .init(shape: [1, 1, 1, keys], values: (0..<keys).map { _ in true })
      masked.keep = .init(shape: [1, 1, 1, keys], values: (0..<keys).map { $0 < keys / 16 })
      for algorithm in queries == 1 ? [.flash2] : [AttentionAlgorithm.flash1, .flash2] {
        let (all, some) = (seconds(whole, algorithm), seconds(masked, algorithm))
        #expect(some < 0.6 * all, "\(algorithm), \(queries) queries: \(some) s of \(all) s")
      }
    }
  }

  @Test(arguments: AttentionSetting.all)
  func `rows of biases far below zero count from their largest`(setting: AttentionSetting) throws {
    for queries in [1, 50] {
      let plain = AttentionTrial(queries: queries, keys: 70, heads: 4, kvHeads: 2)
      let expected = try setting.run(plain)
      for bias: Float in [-5000, -3e7, -1e9, -1e30, -Float.greatestFiniteMagnitude] {
        var far = plain
        far.bias = .init(
          shape: [1, 1, queries, 70], values: (0..<queries * 70).map { $0 / 70 % 3 < 2 ? bias : 0 })
        let found = try setting.run(far)
        for (part, (found, expected)) in zip(found.parts, expected.parts).enumerated() {
          #expect(largestError(found, expected) < 2e-6, "\(AttentionResult.names[part]), \(bias)")
        }
      }
      var hidden = plain
      hidden.bias = .init(
        shape: [1, 1, 1, 70], values: (0..<70).map { $0 % 2 == 0 ? -1e9 : -.infinity })
      var kept = plain
      kept.keep = .init(shape: [1, 1, 1, 70], values: (0..<70).map { $0 % 2 == 0 })
      let (found, same) = (try setting.run(hidden), try setting.run(kept))
      for (found, same) in zip(found.parts, same.parts) {
        #expect(largestError(found, same) < 2e-6)
      }
      let largest = try #require(found.largestLogit)
      #expect(abs(largest + 1e9) < 1e3)
    }
  }

  @Test(arguments: AttentionSetting.instructionSets, [ElementType.f32, .bf16])
  func `flash2's scratch memory grows neither with queries nor with keys`(
    instructionSet: String, type: ElementType
  ) throws {
    let device = try AttentionSetting(instructionSet: instructionSet, algorithm: .flash2)
      .device(threads: 3)
    func workspace(_ queries: Int, _ keys: Int, kvHeads: Int, backward: Bool) throws -> Int {
      let shape = AttentionShape(
        queries: queries, keys: keys, heads: 16, kvHeads: kvHeads, headDimension: 64)
      return try #require(device.attentionBytes(.flash2, shape, type, backward: backward)).workspace
    }
    let lengths = [8192, 16384, 131_072]
    // One chunk of keys for each task, and several.
    for (kvHeads, backward) in [(16, false), (16, true), (2, false), (2, true)] {
      let sizes = try lengths.flatMap { queries in
        try lengths.map { try workspace(queries, $0, kvHeads: kvHeads, backward: backward) }
      }
      #expect(Set(sizes).count == 1, "\(kvHeads) key/value heads: \(sizes)")
      let short = try workspace(64, 64, kvHeads: kvHeads, backward: backward)
      #expect(try short < workspace(1024, 1024, kvHeads: kvHeads, backward: backward))
      #expect(try workspace(1024, 1024, kvHeads: kvHeads, backward: backward) <= sizes[0])
    }
  }

  /// Three spans of rows, and a gradient that is rounded after each of them.
  @Test func `more rows than a worker holds keep to the error rule`() throws {
    var window = AttentionTrial(
      queries: 150, keys: 170, heads: 64, kvHeads: 1, dimension: 8, seed: 2)
    window.window = 30
    for trial in [
      AttentionTrial(queries: 140, keys: 100, heads: 64, kvHeads: 1, dimension: 8), window,
    ] {
      try AttentionErrorRule.check(trial)
    }
  }

  /// Panels are opened and closed as keys pass by, and many follow each other in the same place.
  @Test func `rows of many panels under a window keep to the error rule`() throws {
    for (isCausal, window, heads) in [(true, 40, 1), (false, 20, 2), (true, 1, 4), (true, 300, 1)] {
      var trial = AttentionTrial(
        queries: 900, keys: 950, heads: heads, kvHeads: 1, dimension: 20, seed: 3)
      (trial.isCausal, trial.window) = (isCausal, window)
      for offset in [50, -450] {  // the first rows see nothing
        trial.offset = offset
        try AttentionErrorRule.check(trial)
      }
    }
  }

  @Test func `gradients over spans of rows have the same bits for any number of threads`() throws {
    let trial = AttentionTrial(queries: 140, keys: 250, heads: 64, kvHeads: 1, dimension: 8)
    for setting in AttentionSetting.all {
      let (alone, several) = (try setting.run(trial), try setting.run(trial, threads: 3))
      #expect(alone.parts == several.parts, "\(setting)")
    }
  }

  /// More keys than a worker holds.
  @Test func `long sequences keep to the error rule`() throws {
    var causal = AttentionTrial(queries: 230, keys: 2300, heads: 2, kvHeads: 1, dimension: 20)
    (causal.isCausal, causal.offset) = (true, 2070)
    var window = AttentionTrial(queries: 1300, keys: 2500, heads: 1, kvHeads: 1, dimension: 20)
    (window.window, window.offset) = (1100, 700)
    for trial in [causal, window] { try AttentionErrorRule.check(trial) }
  }
}
