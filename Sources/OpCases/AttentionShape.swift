// AttentionShape: the sizes and masks of an attention case.

import Tensors

/// The sizes of an attention, and what it computes beside its inputs.
struct AttentionShape: Sendable {
  let batch, queries, keys, heads, kvHeads, dimension: Int
  /// nil: not causal, and aligned at the start.
  let causalOffset: Int?
  let detail: String
  var offset: Int
  var window: Int?
  var softcap: Float = 0
  var hasSlopes = false
  var keep: Mask<Bool>?
  var bias: Mask<Float>?

  /// An explicit mask: its shape, and elements to be repeated in memory order.
  struct Mask<Element: Sendable>: Sendable {
    let shape: Shape
    let pattern: [Element]

    var values: [Element] { (0..<shape.count).map { pattern[$0 % pattern.count] } }
  }

  init(
    batch: Int = 1, queries: Int, keys: Int, heads: Int = 1, kvHeads: Int = 1, dimension: Int,
    offset: Int? = 0, _ detail: String = "causal",
    _ masks: (inout AttentionShape) -> Void = { _ in }
  ) {
    self.batch = batch
    self.queries = queries
    self.keys = keys
    self.heads = heads
    self.kvHeads = kvHeads
    self.dimension = dimension
    self.causalOffset = offset
    self.offset = offset ?? 0
    self.detail = detail
    masks(&self)
  }

  /// q, k and v, and what else lies on the device: slopes, then bias.
  func inputs(deviation: Double) -> [CaseInput] {
    var inputs: [CaseInput] = [
      .activation("q", [batch, queries, heads, dimension], .normal(deviation)),
      .activation("k", [batch, keys, kvHeads, dimension], .normal(deviation)),
      .activation("v", [batch, keys, kvHeads, dimension]),
    ]
    if hasSlopes { inputs.append(.constant("slopes", [heads], .repeating([0.25, 0.0625, 0.5]))) }
    if let bias { inputs.append(.constant("bias", bias.shape, .repeating(bias.pattern))) }
    return inputs
  }

  /// - Parameter tensors: the `inputs` on `device`.
  func options(_ tensors: [Tensor], on device: Device) -> AttentionOptions {
    AttentionOptions(
      scale: 1 / Float(dimension).squareRoot(), softcap: softcap, isCausal: causalOffset != nil,
      offset: offset, window: window, slopes: hasSlopes ? tensors[3] : nil,
      keep: keep.map { BooleanMask($0.values, $0.shape, on: device) },
      bias: bias == nil ? nil : tensors.last)
  }

  /// Pairs of a query and a key that causal mask and window let it see, in one head.
  var pairs: Double {
    (0..<queries).reduce(0.0) { sum, query in
      let position = query + offset
      let first = window.map { max(position - $0 + 1, 0) } ?? 0
      var end = causalOffset == nil ? keys : min(position + 1, keys)
      if let window { end = min(end, position + window) }
      return sum + Double(max(end - first, 0))
    }
  }
}
