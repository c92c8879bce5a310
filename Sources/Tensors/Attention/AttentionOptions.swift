// AttentionOptions: what an attention computes beside its inputs: scale, masks, positions.

import CKernels

/// What an attention computes beside its inputs.
///
/// Query i stands at the position of key i + offset. Its logit for key j is
/// softcap(scale q·k) - slope |i + offset - j| + bias, and what is hidden takes no part.
package struct AttentionOptions {
  /// Factor on the scores; 1 / sqrt(headDimension) by convention.
  package var scale: Float
  /// Scores become c tanh(score / c); 0: they stay as they are (Gemma 2, arXiv 2408.00118).
  package var softcap: Float
  /// Whether later keys than the query's own position are hidden.
  package var isCausal: Bool
  /// 0 aligns queries and keys at the start (top-left), keys - queries at the end (bottom-right).
  package var offset: Int
  /// Positions further away than this are hidden; it counts the query itself (Mistral, arXiv 2310.06825).
  package var window: Int?
  /// The slopes of ALiBi (Press, Smith & Lewis 2021, arXiv 2108.12409), [heads], f32.
  package var slopes: Tensor?
  /// True where a key takes part.
  package var keep: BooleanMask?
  /// Added to the logits, f32, [batch or 1, heads or 1, queries or 1, keys]; -inf hides a key.
  package var bias: Tensor?

  package init(
    scale: Float, softcap: Float = 0, isCausal: Bool = true, offset: Int = 0, window: Int? = nil,
    slopes: Tensor? = nil, keep: BooleanMask? = nil, bias: Tensor? = nil
  ) {
    self.scale = scale
    self.softcap = softcap
    self.isCausal = isCausal
    self.offset = offset
    self.window = window
    self.slopes = slopes
    self.keep = keep
    self.bias = bias
  }

  /// Pairs of a query and a key in one head that causal mask and window leave; explicit masks are not looked at.
  package func seenPairs(queries: Int, keys: Int) -> Double {
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

  /// Whether a boolean or additive mask must be read.
  package var hasExplicitMask: Bool { keep != nil || bias != nil }
}

/// A boolean mask on a device, [batch or 1, heads or 1, queries or 1, keys].
package struct BooleanMask {
  package let storage: Storage
  package let shape: Shape

  /// - Parameter values: true where a key takes part, in memory order.
  package init(_ values: [Bool], _ shape: Shape, on device: Device) {
    precondition(
      values.count == shape.count && shape.rank == 4, "\(values.count) values for \(shape)")
    storage = Storage(bytes: values.count, kind: .data, on: device)
    self.shape = shape
    values.map { $0 ? UInt8(1) : 0 }.withUnsafeBytes { storage.upload($0) }
  }

  /// A mask without values, for a device that computes nothing.
  package init(_ shape: Shape, on device: Device) {
    precondition(device.isMeta && shape.rank == 4, "a mask without values is for a dry run")
    storage = Storage(bytes: shape.count, kind: .data, on: device)
    self.shape = shape
  }

  var pointer: UnsafePointer<UInt8> {
    UnsafePointer(storage.pointer.assumingMemoryBound(to: UInt8.self))
  }
}

/// One call of an attention kernel: its description, with the tensors that it points to kept alive.
struct AttentionCall {
  private let options: AttentionOptions
  private let cache: KeyValueCache?
  let shape: CKernels.attention

  init(q: Shape, k: Shape, _ options: AttentionOptions, _ type: ElementType) {
    self.init(
      q: q, keys: k[1], kvHeads: k[2], rows: .tensor(keys: k[1], kvHeads: k[2], type), options,
      type, cache: nil)
  }

  init(q: Shape, cache: KeyValueCache, _ options: AttentionOptions, _ type: ElementType) {
    self.init(
      q: q, keys: cache.held, kvHeads: cache.kvHeads, rows: cache.layout(from: cache.oldest),
      options, type, cache: cache)
  }

  private init(
    q: Shape, keys: Int, kvHeads: Int, rows: row_layout, _ options: AttentionOptions,
    _ type: ElementType, cache: KeyValueCache?
  ) {
    let slopes = options.slopes?.count ?? q[2]
    precondition(slopes == q[2], "\(slopes) slopes for \(q[2]) heads")
    self.options = options
    self.cache = cache
    let scores: Shape = [q[0], q[2], q[1], keys]
    shape = CKernels.attention(
      batch: Int64(q[0]), queries: Int64(q[1]), keys: Int64(keys), heads: Int64(q[2]),
      kv_heads: Int64(kvHeads), head_dim: Int64(q[3]), scale: options.scale,
      softcap: options.softcap, causal: options.isCausal, offset: Int64(options.offset),
      window: Int64(options.window ?? 0), slopes: options.slopes.map { UnsafePointer($0.floats) },
      mask: attention_mask(options, scores: scores), rows: rows,
      k_scales: cache?.keyScales, v_scales: cache?.valueScales, type: type)
  }

  var hasSoftcap: Bool { shape.softcap > 0 }

  /// Pairs of a query and a key in one head that causal mask and window leave.
  var seenPairs: Double {
    options.seenPairs(queries: Int(shape.queries), keys: Int(shape.keys))
  }

  /// Calls `body` with the description; the tensors in it live as long.
  func withShape<Result>(_ body: (UnsafePointer<CKernels.attention>) -> Result) -> Result {
    withExtendedLifetime((options, cache)) { withUnsafePointer(to: shape, body) }
  }
}

extension attention_mask {
  /// - Parameter scores: [batch, heads, queries, keys].
  fileprivate init(_ options: AttentionOptions, scores: Shape) {
    let keep = options.keep.map { Self.strides($0.shape, over: scores) }
    let bias = options.bias.map { Self.strides($0.shape, over: scores) }
    self.init(
      keep: options.keep?.pointer, bias: options.bias.map { UnsafePointer($0.floats) },
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

extension row_layout {
  /// Rows of a tensor [batch, keys, kvHeads, headDimension].
  fileprivate static func tensor(keys: Int, kvHeads: Int, _ type: ElementType) -> row_layout {
    row_layout(
      batch_rows: Int64(keys * kvHeads), head_rows: 1, slot_rows: Int64(kvHeads),
      slots: Int64(max(keys, 1)), first_slot: 0, type: type == .bf16 ? .ROWS_BF16 : .ROWS_F32)
  }
}
