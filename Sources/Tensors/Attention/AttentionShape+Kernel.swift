// The shape as a kernel reads it: the same numbers, with pointers to masks and scales, and strides.

import CKernels

extension AttentionShape {
  /// What `calls.h` calls `struct attention`.
  ///
  /// It points into the masks and the cache, which must outlive the call that it is given to.
  func kernelShape(
    _ type: ElementType, _ masks: AttentionMasks = AttentionMasks(),
    over cache: KeyValueCache? = nil
  ) -> CKernels.attention {
    CKernels.attention(
      slopes: masks.slopes.map { UnsafePointer($0.floats) },
      mask: attention_mask(masks, scores: [batch, heads, queries, keys]),
      k_scales: cache?.keyScales, v_scales: cache?.valueScales, batch: Int64(batch),
      queries: Int64(queries), keys: Int64(keys), heads: Int64(heads), kv_heads: Int64(kvHeads),
      head_dim: Int64(headDimension), offset: Int64(offset), window: Int64(window ?? 0),
      rows: cache.map { $0.layout(from: $0.oldest) } ?? tensorRows(type),
      scale: scale, softcap: softcap, causal: isCausal, type: type)
  }

  /// The same for a device that is asked whether it computes this: pointers say what there is and
  /// lead nowhere.
  func kernelQuestion(_ type: ElementType) -> CKernels.attention {
    var asked = kernelShape(type)
    if hasSlopes { asked.slopes = UnsafePointer(bitPattern: 1) }
    if keep != nil { asked.mask.keep = UnsafePointer(bitPattern: 1) }
    if bias != nil { asked.mask.bias = UnsafePointer(bitPattern: 1) }
    guard let cache else { return asked }
    asked.rows = row_layout(
      batch_rows: Int64(kvHeads * keys), head_rows: Int64(keys), slot_rows: 1,
      slots: Int64(max(keys, 1)), first_slot: 0, type: cache.rows)
    if cache == .q8 {
      asked.k_scales = UnsafePointer(bitPattern: 1)
      asked.v_scales = UnsafePointer(bitPattern: 1)
    }
    return asked
  }

  /// Rows of a tensor [batch, keys, kvHeads, headDimension].
  private func tensorRows(_ type: ElementType) -> row_layout {
    row_layout(
      batch_rows: Int64(keys * kvHeads), head_rows: 1, slot_rows: Int64(kvHeads),
      slots: Int64(max(keys, 1)), first_slot: 0, type: type == .bf16 ? .ROWS_BF16 : .ROWS_F32)
  }
}

extension attention_mask {
  /// - Parameter scores: [batch, heads, queries, keys].
  fileprivate init(_ masks: AttentionMasks, scores: Shape) {
    let keep = masks.keep.map { Self.strides($0.shape, over: scores) }
    let bias = masks.bias.map { Self.strides($0.shape, over: scores) }
    self.init(
      keep: masks.keep?.pointer, bias: masks.bias.map { UnsafePointer($0.floats) },
      keep_batch: keep?[0] ?? 0, keep_head: keep?[1] ?? 0, keep_query: keep?[2] ?? 0,
      bias_batch: bias?[0] ?? 0, bias_head: bias?[1] ?? 0, bias_query: bias?[2] ?? 0)
  }

  /// The strides of a mask, 0 where it is broadcast.
  private static func strides(_ mask: Shape, over scores: Shape) -> [Int64] {
    let fits = (0..<4).allSatisfy { mask[$0] == scores[$0] || ($0 < 3 && mask[$0] == 1) }
    precondition(mask.rank == 4 && fits, "a mask of \(mask) does not fit scores of \(scores)")
    let steps = [mask[1] * mask[2] * mask[3], mask[2] * mask[3], mask[3]]
    return (0..<3).map { mask[$0] == 1 ? 0 : Int64(steps[$0]) }
  }
}
