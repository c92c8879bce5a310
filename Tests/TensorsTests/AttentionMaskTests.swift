// Attention at the edges of masks: rows that see nothing, what hidden keys hold, extreme biases,
// windows. Not the error rule over a grid: see AttentionErrorTests.swift.

import CKernels
import Tensors
import Testing

/// Attentions of which some rows see no key: by the causal mask, the window, a boolean and an
/// additive mask.
private func trialsWithHiddenRows(_ type: ElementType) -> [(AttentionTrial, hidden: Range<Int>)] {
  var causal = AttentionTrial(queries: 130, keys: 70, heads: 4, kvHeads: 2, dimension: 20)
  (causal.isCausal, causal.offset) = (true, -60)  // aligned at the end
  var window = causal
  (window.isCausal, window.window, window.offset) = (false, 5, 10)  // beyond key 69 + 4
  var boolean = AttentionTrial(queries: 130, keys: 70, heads: 4, kvHeads: 2, dimension: 20)
  boolean.keep = .init(
    shape: [1, 1, 130, 70],
    values: (0..<130 * 70).map { !(30..<90).contains($0 / 70) })
  var additive = boolean
  additive.keep = nil
  additive.bias = .init(
    shape: [1, 1, 130, 70],
    values: (0..<130 * 70).map { (30..<90).contains($0 / 70) ? -.infinity : 0.5 })
  var few = AttentionTrial(queries: 3, keys: 300, heads: 4, kvHeads: 2, dimension: 20)
  (few.isCausal, few.offset) = (true, -2)
  var all = few
  all.offset = -3
  return [
    (causal, 0..<60), (window, 64..<130), (boolean, 30..<90), (additive, 30..<90), (few, 0..<2),
    (all, 0..<3),
  ].map { trial, hidden in
    var trial = trial
    trial.type = type
    return (trial, hidden)
  }
}

@Suite struct AttentionMaskTests {
  @Test(arguments: AttentionSetting.all)
  func `a row that sees no key gives 0, and no gradient is NaN`(
    setting: AttentionSetting
  ) throws {
    for type in [ElementType.f32, .bf16] {
      for (trial, hidden) in trialsWithHiddenRows(type) {
        let result = try setting.run(trial)
        #expect(result.isFinite, "\(trial)")
        let rows = trial.queryRow(hidden.lowerBound).lowerBound
        let end = trial.queryRow(hidden.upperBound).lowerBound
        #expect(result.out[rows..<end].allSatisfy { $0 == 0 }, "\(trial)")
        #expect(result.dq[rows..<end].allSatisfy { $0 == 0 }, "\(trial)")
        let others = result.out[..<rows] + result.out[end...]
        #expect(others.isEmpty || others.contains { $0 != 0 }, "\(trial)")
      }
    }
  }

  @Test func `rows that see no key leave the error of the others within the rule`() throws {
    for type in [ElementType.f32, .bf16] {
      for (trial, _) in trialsWithHiddenRows(type) {
        try AttentionErrorRule.check(trial)
      }
    }
  }

  /// Attentions in which no query sees the keys `hidden`.
  private static var trialsWithHiddenKeys: [(AttentionTrial, hidden: [Int])] {
    func trial() -> AttentionTrial {
      AttentionTrial(queries: 150, keys: 170, heads: 4, kvHeads: 2, dimension: 20)
    }
    var (causal, window, boolean, additive) = (trial(), trial(), trial(), trial())
    causal.isCausal = true
    (window.window, window.offset) = (9, 15)  // positions 15 ..< 165 see keys 7 ..< 173
    let some = [0, 63, 77, 96, 169]
    boolean.keep = .init(shape: [1, 1, 1, 170], values: (0..<170).map { !some.contains($0) })
    additive.bias = .init(
      shape: [1, 1, 1, 170], values: (0..<170).map { some.contains($0) ? -.infinity : 0 })
    var few = AttentionTrial(queries: 2, keys: 600, heads: 4, kvHeads: 2, dimension: 20)
    (few.isCausal, few.offset, few.window) = (true, 500, 300)
    return [
      (causal, [150, 151, 169]), (window, [0, 3, 6]), (boolean, some), (additive, some),
      (few, [0, 199, 200, 502, 511, 512, 599]),
    ]
  }

  @Test(arguments: AttentionSetting.all)
  func `NaN and infinity in keys and values that a mask hides do not leak`(
    setting: AttentionSetting
  ) throws {
    for type in [ElementType.f32, .bf16] {
      for (clean, hidden) in Self.trialsWithHiddenKeys {
        var (clean, spoilt) = (clean, clean)
        (clean.type, spoilt.type) = (type, type)
        for key in hidden {
          for head in 0..<clean.kvHeads {
            let row = clean.keyRow(key, head: head)
            for index in row { (spoilt.k[index], spoilt.v[index]) = (.nan, .nan) }
            spoilt.k[row.lowerBound] = .infinity
            spoilt.v[row.lowerBound + 1] = -.infinity
          }
        }
        let (expected, result) = (try setting.run(clean), try setting.run(spoilt))
        for (part, (found, exact)) in zip(result.parts, expected.parts).enumerated() {
          let error = largestError(found, exact)
          #expect(
            error < (type == .f32 ? 1e-5 : 0.04), "\(AttentionResult.names[part]) of \(clean)")
        }
        for key in hidden {
          for head in 0..<clean.kvHeads {
            let row = clean.keyRow(key, head: head)
            #expect(result.dk[row].allSatisfy { $0 == 0 } && result.dv[row].allSatisfy { $0 == 0 })
          }
        }
      }
    }
  }

  @Test(arguments: AttentionSetting.all)
  func `under a causal mask a key that is not a number leaves earlier rows alone`(
    setting: AttentionSetting
  ) throws {
    var clean = AttentionTrial(queries: 150, keys: 150, heads: 2, kvHeads: 1, dimension: 20)
    clean.isCausal = true
    let expected = try setting.run(clean)
    for key in [1, 77, 96, 149] {
      var spoilt = clean
      for index in clean.keyRow(key) { (spoilt.k[index], spoilt.v[index]) = (.nan, .infinity) }
      let result = try setting.run(spoilt)
      let before = clean.queryRow(key).lowerBound
      #expect(largestError(Array(result.out[..<before]), Array(expected.out[..<before])) < 1e-5)
      #expect(largestError(Array(result.dq[..<before]), Array(expected.dq[..<before])) < 1e-5)
      #expect(result.out[before...].contains { !$0.isFinite })
    }
  }

  @Test(arguments: AttentionSetting.all)
  func `the lowest number as a bias hides a key as -infinity does, and overflows to no NaN`(
    setting: AttentionSetting
  ) throws {
    var (lowest, infinite) = (
      AttentionTrial(queries: 50, keys: 70), AttentionTrial(queries: 50, keys: 70)
    )
    let hides = (0..<50 * 70).map { index in index % 7 < 3 }
    lowest.bias = .init(
      shape: [1, 1, 50, 70],
      values: hides.map { $0 ? -Float.greatestFiniteMagnitude : 0 })
    infinite.bias = .init(shape: [1, 1, 50, 70], values: hides.map { $0 ? -.infinity : 0 })
    let (found, expected) = (try setting.run(lowest), try setting.run(infinite))
    for (found, expected) in zip(found.parts, expected.parts) {
      #expect(largestError(found, expected) < 1e-6)
    }
  }

  @Test(arguments: AttentionSetting.all)
  func `a window of W counts the query itself`(setting: AttentionSetting) throws {
    for window in [1, 2, 17, 64, 96] {
      for isCausal in [true, false] {
        var (windowed, masked) = (
          AttentionTrial(queries: 140, keys: 140), AttentionTrial(queries: 140, keys: 140)
        )
        (windowed.window, windowed.isCausal) = (window, isCausal)
        masked.keep = .init(
          shape: [1, 1, 140, 140],
          values: (0..<140 * 140).map { index in
            let back = index / 140 - index % 140
            return abs(back) <= window - 1 && (!isCausal || back >= 0)
          })
        let (found, expected) = (try setting.run(windowed), try setting.run(masked))
        for (found, expected) in zip(found.parts, expected.parts) {
          #expect(largestError(found, expected) < 1e-5, "window \(window), causal \(isCausal)")
        }
        guard window == 1 else { continue }
        #expect(largestError(found.out, windowed.v) < 1e-6)  // it sees itself only
      }
    }
  }

  @Test(arguments: AttentionSetting.all)
  func `a window of at least all keys is none`(setting: AttentionSetting) throws {
    for isCausal in [true, false] {
      for (queries, keys) in [(130, 130), (1, 300), (40, 300)] {
        var whole = AttentionTrial(queries: queries, keys: keys)
        (whole.isCausal, whole.offset) = (isCausal, keys - queries)
        let expected = try setting.run(whole)
        for window in [keys, keys + 1, Int(Int32.max), Int.max] {
          whole.window = window
          #expect(try setting.run(whole).hasSameBits(as: expected), "\(whole)")
        }
      }
    }
  }

  @Test func `tiles that a window empties are left out and no others`() throws {
    for queries in [95, 97, 128, 193] {
      for keys in [96, 127, 129, 192] {
        for window in [1, 33, 64, 97] {
          for isCausal in [true, false] {
            var trial = AttentionTrial(
              queries: queries, keys: keys, heads: 2, kvHeads: 1, dimension: 8)
            (trial.window, trial.isCausal, trial.offset) = (window, isCausal, keys - queries)
            try AttentionErrorRule.check(trial)
          }
        }
      }
    }
  }
}
