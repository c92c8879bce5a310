// Attention gives the same bits whatever the threads and however often, takes the scale that it is
// told, leaves out weights that are lost in any sum, and reaches rows whose addresses need 64 bits.
// Not its error: see AttentionErrorTests.swift.

import CKernels
import Glibc
import Tensors
import Testing

/// Attentions of every kind: several blocks, groups, all masks at once, few queries over many keys.
private var trialsOfEveryKind: [AttentionTrial] {
  var causal = AttentionTrial(batch: 2, queries: 210, keys: 230, heads: 4, kvHeads: 2)
  (causal.isCausal, causal.offset) = (true, 20)
  var masked = AttentionTrial(queries: 150, keys: 333, heads: 4, kvHeads: 2, dimension: 59)
  (masked.window, masked.softcap, masked.offset) = (100, 20, 50)
  masked.slopes = [0.5, 0.25, 0.125, 0.0625]
  masked.keep = .init(shape: [1, 1, 1, 333], values: (0..<333).map { $0 % 5 != 0 })
  masked.bias = .init(
    shape: [1, 1, 150, 333], values: (0..<150 * 333).map { $0 % 7 == 0 ? -.infinity : 0.25 })
  var spoilt = causal  // hidden values that are not finite take another way
  (spoilt.isCausal, spoilt.keep) = (
    false, .init(shape: [1, 1, 1, 230], values: (0..<230).map { $0 != 100 })
  )
  for index in spoilt.keyRow(100) { spoilt.v[index] = .nan }
  var decode = AttentionTrial(queries: 1, keys: 3000, heads: 8, kvHeads: 2)
  decode.keep = .init(shape: [1, 1, 1, 3000], values: (0..<3000).map { $0 % 3 != 0 })
  let few = AttentionTrial(queries: 3, keys: 1100, heads: 4, kvHeads: 4)
  // More keys than a worker holds, of which each block of rows sees others.
  var long = AttentionTrial(queries: 900, keys: 2300, heads: 1, kvHeads: 1, dimension: 20)
  (long.isCausal, long.offset, long.window) = (true, 1400, 1200)
  long.v[long.keyRow(2200).lowerBound] = .infinity
  return [causal, masked, spoilt, decode, few, long].flatMap { trial in
    var narrow = trial
    narrow.type = .bf16
    return [trial, narrow]
  }
}

@Suite struct AttentionStabilityTests {
  @Test(arguments: AttentionSetting.all)
  func `1, 2 and 3 threads give the same bits`(setting: AttentionSetting) throws {
    for trial in trialsOfEveryKind {
      let alone = try setting.run(trial, threads: 1)
      for threads in [2, 3] {
        #expect(try setting.run(trial, threads: threads).hasSameBits(as: alone), "\(trial)")
      }
    }
  }

  @Test(arguments: AttentionSetting.all)
  func `20 repetitions give the same bits`(setting: AttentionSetting) throws {
    let device = try setting.device(threads: 3)
    for trial in trialsOfEveryKind {
      let first = trial.run(on: device, setting.algorithm)
      for _ in 1..<20 {
        #expect(trial.run(on: device, setting.algorithm).hasSameBits(as: first), "\(trial)")
      }
    }
  }

  /// Small gradients times such a weight would be denormal numbers, which some processors multiply
  /// a hundred times as slowly as others.
  @Test(arguments: AttentionSetting.all)
  func `a key whose weight is below 2^-64 counts for nothing`(setting: AttentionSetting) throws {
    let (light, lightest) = (9, 150)  // about 2^-50 and 2^-94 of a row's sum
    var trial = AttentionTrial(queries: 4, keys: 200)
    trial.bias = .init(
      shape: [1, 1, 1, 200], values: (0..<200).map { [light: -30, lightest: -60][$0] ?? 0 })
    let found = try setting.run(trial)
    #expect(found.dv[trial.keyRow(light)].allSatisfy { $0 != 0 })
    #expect(found.dv[trial.keyRow(lightest)].allSatisfy { $0 == 0 })
    #expect(found.dk[trial.keyRow(lightest)].allSatisfy { $0 == 0 })
  }

  /// A head of 59 is that of 64 with zeros behind it, at the same scale: what kernels pad changes
  /// nothing.
  @Test(arguments: AttentionSetting.all)
  func `the scale is that of the real head dimension`(setting: AttentionSetting) throws {
    let real = AttentionTrial(queries: 40, keys: 50, dimension: 59)
    var padded = AttentionTrial(queries: 40, keys: 50, dimension: 64)
    func widen(_ x: [Float]) -> [Float] {
      (0..<x.count / 59 * 64).map { $0 % 64 < 59 ? x[$0 / 64 * 59 + $0 % 64] : 0 }
    }
    (padded.q, padded.k, padded.v) = (widen(real.q), widen(real.k), widen(real.v))
    (padded.dout, padded.scale) = (widen(real.dout), real.scale)
    for (found, exact) in zip(try setting.run(real).parts, try setting.run(padded).parts) {
      #expect(largestError(widen(found), exact) < 2e-6)
    }
  }

  /// Keys and values lie 2^31 and more elements apart, and the rows of a mask bytes.
  ///
  /// Of their memory only the pages that are written exist. Queries and gradients are contiguous,
  /// and so many of them would fill memory: their offsets are computed in 64 bits in the same way.
  @Test(arguments: AttentionSetting.all)
  func `offsets beyond 2^31 elements reach their rows`(setting: AttentionSetting) throws {
    let (keys, dimension, step) = (5, 64, 1 << 25)  // rows from key to key: 2^31 elements
    for queries in [1, 9] {
      let trial = AttentionTrial(
        queries: queries, keys: keys, heads: 1, kvHeads: 1, dimension: dimension)
      let k = try #require(SparseMemory(bytes: keys * step * dimension * 2))
      let v = try #require(SparseMemory(bytes: keys * step * dimension * 2))
      let keep = try #require(SparseMemory(bytes: queries << 31))
      var near = trial
      near.type = .bf16
      near.differentiates = false
      near.keep = .init(
        shape: [1, 1, queries, keys], values: (0..<queries * keys).map { $0 % 4 != 1 })
      for key in 0..<keys {
        for (rows, from) in [(k, trial.k), (v, trial.v)] {
          for column in 0..<dimension {
            // bf16 is the upper half of an f32; these inputs are cut, not rounded.
            let bits = UInt16(from[key * dimension + column].bitPattern >> 16)
            rows.store(bits, at: key * step * dimension + column)
          }
        }
        for query in 0..<queries {
          keep.store(UInt8((query * keys + key) % 4 != 1 ? 1 : 0), at: (query << 31) + key)
        }
      }
      near.k = near.k.map { Float(bitPattern: $0.bitPattern & 0xffff_0000) }
      near.v = near.v.map { Float(bitPattern: $0.bitPattern & 0xffff_0000) }
      let device = try setting.device()
      var shape = attention()
      (shape.batch, shape.queries, shape.keys) = (1, Int64(queries), Int64(keys))
      (shape.heads, shape.kv_heads, shape.head_dim) = (1, 1, Int64(dimension))
      (shape.scale, shape.type) = (trial.scale, .bf16)
      shape.rows = row_layout(
        batch_rows: 0, head_rows: 0, slot_rows: Int64(step), slots: Int64(keys), first_slot: 0,
        type: .ROWS_BF16)
      (shape.mask.keep, shape.mask.keep_query) = (
        UnsafePointer(keep.start.assumingMemoryBound(to: UInt8.self)), 1 << 31
      )
      let q = Tensor(trial.q, near.queryShape, .bf16, kind: .data, on: device)
      let out = Tensor(near.queryShape, .bf16, kind: .data, on: device)
      let kernels = device.kernels
      let table = try #require(
        [
          .naive: kernels.naive_attention, .flash1: kernels.flash1_attention,
          .flash2: kernels.flash2_attention,
        ][setting.algorithm] ?? nil
      ).pointee
      let saved = Tensor([Int(table.saved_floats(&shape))], kind: .data, on: device)
      let workspace = Tensor(
        [Int(table.workspace(device.context, &shape, false)) / 4], kind: .data, on: device)
      var call = attention_forward(
        out: out.pointer, saved: saved.floats, max_logit: nil, q: q.pointer, k: k.start,
        v: v.start, shape: shape, workspace: workspace.pointer)
      table.forward(device.context, &call)
      let expected = near.run(on: device, setting.algorithm)
      #expect(largestError(out.values(), expected.out) < 1e-2)
    }
  }
}

/// Memory of zeros of which only the pages that are written take room.
private final class SparseMemory {
  let start: UnsafeMutableRawPointer
  private let bytes: Int

  init?(bytes: Int) {
    let start = mmap(
      nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let start, start != MAP_FAILED else { return nil }
    self.start = start
    self.bytes = bytes
  }

  func store<Value>(_ value: Value, at index: Int) {
    start.storeBytes(
      of: value, toByteOffset: index * MemoryLayout<Value>.stride, as: Value.self)
  }

  deinit { munmap(start, bytes) }
}
