// KeyValueCache: the keys and values of the tokens so far, for one attention layer, in f32, bf16 or
// Q8.

import CKernels

/// How a cache holds keys and values.
package enum CacheType: String, CaseIterable, Sendable {
  case f32, bf16
  /// Blocks of 32 int8 numbers with one fp16 scale: 34 bytes instead of 128.
  case q8

  var rows: row_type {
    switch self {
    case .f32: .ROWS_F32
    case .bf16: .ROWS_BF16
    case .q8: .ROWS_Q8
    }
  }

  /// Bytes of one row of a head's numbers, scales included.
  package func rowBytes(_ headDimension: Int) -> Int {
    switch self {
    case .f32: 4 * headDimension
    case .bf16: 2 * headDimension
    case .q8: headDimension + 2 * blocks(headDimension)
    }
  }

  /// Scales of one row.
  func blocks(_ headDimension: Int) -> Int {
    self == .q8 ? (headDimension + Int(Q8_BLOCK) - 1) / Int(Q8_BLOCK) : 0
  }
}

/// Keys and values of one layer, [batch, kvHeads, capacity, headDimension] each.
///
/// The token at position p lies in slot p mod capacity: once the cache is full, each new token
/// takes the place of the oldest one. With a sliding window of W, chunks of at most
/// capacity - W + 1 tokens lose nothing that is still seen.
package final class KeyValueCache {
  package let batch, kvHeads, headDimension, capacity: Int
  package let type: CacheType
  /// Tokens appended so far: the position of the next one.
  package private(set) var length = 0
  let keys, values: Storage
  private let scales: (keys: Storage, values: Storage)?

  package init(
    batch: Int, kvHeads: Int, headDimension: Int, capacity: Int, type: CacheType,
    on device: Device
  ) {
    precondition(capacity > 0, "a cache holds at least one token")
    self.batch = batch
    self.kvHeads = kvHeads
    self.headDimension = headDimension
    self.capacity = capacity
    self.type = type
    let rows = batch * kvHeads * capacity
    let blocks = type.blocks(headDimension)
    func storage(_ bytes: Int) -> Storage { Storage(bytes: rows * bytes, kind: .cache, on: device) }
    keys = storage(type.rowBytes(headDimension) - 2 * blocks)
    values = storage(type.rowBytes(headDimension) - 2 * blocks)
    scales = type == .q8 ? (storage(2 * blocks), storage(2 * blocks)) : nil
  }

  /// Tokens that are there to be read.
  package var held: Int { min(length, capacity) }

  /// The position of the oldest token that is held.
  var oldest: Int { length - held }

  /// Bytes set aside for keys and values.
  package var allocatedBytes: Int { 2 * batch * kvHeads * capacity * rowBytes }

  /// Bytes that tokens were written to.
  package var touchedBytes: Int { 2 * batch * kvHeads * held * rowBytes }

  /// Everything that is set aside.
  package var storages: [Storage] { [keys, values] + (scales.map { [$0.keys, $0.values] } ?? []) }

  private var rowBytes: Int { type.rowBytes(headDimension) }

  var keyScales: UnsafePointer<UInt16>? { scales.map { Self.halves($0.keys) } }
  var valueScales: UnsafePointer<UInt16>? { scales.map { Self.halves($0.values) } }

  private static func halves(_ storage: Storage) -> UnsafePointer<UInt16> {
    UnsafePointer(storage.pointer.assumingMemoryBound(to: UInt16.self))
  }

  /// Rows with the token of `position` as key 0.
  func layout(from position: Int) -> row_layout {
    row_layout(
      batch_rows: Int64(kvHeads * capacity), head_rows: Int64(capacity), slot_rows: 1,
      slots: Int64(capacity), first_slot: Int64(position % capacity), type: type.rows)
  }

  /// Adds the keys and values of the next tokens, [batch, tokens, kvHeads, headDimension] each.
  package func append(keys k: Tensor, values v: Tensor) {
    precondition(
      k.shape == v.shape && k.shape.rank == 4 && k.shape[0] == batch && k.shape[2] == kvHeads
        && k.shape[3] == headDimension && k.shape[1] <= capacity,
      "cache of \(capacity) tokens: keys \(k.shape), values \(v.shape)")
    let device = keys.device
    let layout = layout(from: length)
    for (x, rows, scale) in [(k, keys, scales?.keys), (v, values, scales?.values)] {
      device.run(
        device.kernels.cache_append,
        .init(
          rows: rows.pointer, scales: scale?.pointer.assumingMemoryBound(to: UInt16.self),
          x: x.pointer, batch: Int64(batch), tokens: Int64(k.shape[1]), kv_heads: Int64(kvHeads),
          head_dim: Int64(headDimension), layout: layout, type: x.type))
    }
    length += k.shape[1]
  }

  /// Forgets all tokens.
  package func reset() { length = 0 }
}

extension CKernels.cache_append: CallCost {
  package var size: CallSize {
    let rows = batch * tokens * kv_heads
    let row = CacheType.allCases.first { $0.rows == layout.type }?.rowBytes(Int(head_dim)) ?? 0
    return CallSize(
      [batch, tokens, kv_heads, head_dim],
      bytes: type.size(of: rows * head_dim) + rows * Int64(row))
  }
}
