// AttentionProblem: the sizes, masks and inputs of one attention, the same for every algorithm and device.

import Models
import Tensors

/// One attention to compute.
struct AttentionProblem {
  let options: AttentionBenchmarkOptions
  let heads: HeadCounts
  let headDimension: Int
  /// The layer of the model whose window, softcap and slopes are taken.
  private let layer: AttentionLayer

  init(_ options: AttentionBenchmarkOptions, _ model: Transformer) {
    self.options = options
    layer = model.blocks[options.layer.index].attention
    heads = layer.plan.heads
    headDimension = layer.plan.headDimension
  }

  var queryShape: Shape { [options.batch, options.queries, heads.queries, headDimension] }
  var keyShape: Shape { [options.batch, options.keys, heads.keyValues, headDimension] }

  /// What `auto` chooses by, on any device; no mask is drawn for it.
  var work: AttentionWork {
    AttentionWork(
      queries: options.queries, keys: options.keys,
      attentionOptions(seed: 0, on: .dry(threads: 1)))
  }

  /// Pairs of a query and a key that it sees by position, over all heads and sequences.
  ///
  /// What an explicit mask hides is counted: no kernel here skips it.
  var pairs: Double {
    let positions = AttentionOptions(
      scale: 1, isCausal: options.isCausal, offset: options.offset, window: layer.window)
    return positions.seenPairs(queries: options.queries, keys: options.keys)
      * Double(options.batch * heads.queries)
  }

  /// Two products forward, five backward, of 2 d FLOPs a pair each.
  var forwardFLOPs: Double { 4 * pairs * Double(headDimension) }
  var backwardFLOPs: Double { 2.5 * forwardFLOPs }

  /// Scale, masks and positions on a device, of all queries or of some.
  func attentionOptions(
    seed: Int, rows: Range<Int>? = nil, on device: Device
  ) -> AttentionOptions {
    let rows = rows ?? 0..<options.queries
    let hasKeep = options.mask == .boolean || options.mask == .both
    let hasBias = options.mask == .additive || options.mask == .both
    var attention = layer.options(on: device)
    attention.isCausal = options.isCausal
    attention.offset = options.offset + rows.lowerBound
    attention.keep = hasKeep ? keep(seed, rows, on: device) : nil
    attention.bias = hasBias ? bias(seed, rows, on: device) : nil
    return attention
  }

  // The masks are alike for all sequences and heads; an element follows from its place alone.

  private func keep(_ seed: Int, _ rows: Range<Int>, on device: Device) -> BooleanMask {
    let shape: Shape = [1, 1, rows.count, options.keys]
    if device.isDry { return BooleanMask(shape, on: device) }
    let random = Random(seed: UInt64(seed), purpose: "boolean mask")
    let values = places(rows).map { random.uniform($0) >= options.hidden }
    return BooleanMask(values, shape, on: device)
  }

  private func bias(_ seed: Int, _ rows: Range<Int>, on device: Device) -> Tensor {
    let tensor = Tensor([1, 1, rows.count, options.keys], kind: .data, on: device)
    if device.isDry { return tensor }
    let random = Random(seed: UInt64(seed), purpose: "additive mask")
    let hiding = Random(seed: UInt64(seed), purpose: "additive mask", name: "hidden")
    let values = places(rows).map { place in
      hiding.uniform(place) < options.hidden ? -Float.infinity : Float(random.normal(place))
    }
    tensor.copy(from: values)
    return tensor
  }

  private func places(_ rows: Range<Int>) -> Range<Int> {
    rows.lowerBound * options.keys..<rows.upperBound * options.keys
  }

  /// Standard normal numbers.
  func values(_ name: String, _ shape: Shape, seed: Int) -> [Float] {
    Random(seed: UInt64(seed), purpose: "attention", name: name)
      .normals(shape.count, deviation: 1)
  }
}
