// AttentionInputs: the numbers that an attention is measured on, drawn at random: the same for
// every algorithm and device.

import Models
import Tensors

/// What one attention computes, and from what.
struct AttentionInputs {
  let shape: AttentionShape
  /// The layer of the model whose slopes are taken.
  private let layer: any Attention
  /// The share of pairs that the explicit mask hides.
  private let hidden: Double
  private let seed: UInt64

  init(_ options: AttentionBenchmarkOptions, _ model: Transformer, seed: Int) {
    shape = options.shape(model)
    layer = options.layer.attention(of: model)
    hidden = options.hidden
    self.seed = UInt64(seed)
  }

  /// A tensor of standard normal numbers; of any, on a device that computes nothing.
  func tensor(
    _ name: String, _ shape: Shape, _ type: ElementType, slot: Int, on device: Device
  ) -> Tensor {
    let tensor = Tensor(shape, type, kind: .activations, on: device, slot: slot)
    if !device.isMeta {
      tensor.copy(from: random("attention", name).normals(shape.count, deviation: 1))
    }
    return tensor
  }

  /// The same attention for some queries of the first sequence over all its keys.
  func shape(of rows: Range<Int>) -> AttentionShape {
    var some = shape
    (some.batch, some.queries) = (1, rows.count)
    some.offset += rows.lowerBound
    some.keep = shape.keep.map { [1, 1, rows.count, $0[3]] }
    some.bias = shape.bias.map { [1, 1, rows.count, $0[3]] }
    return some
  }

  // The masks are alike for all sequences and heads; an element follows from its place alone.

  /// Slopes and masks on a device, of all queries or of some.
  func masks(of rows: Range<Int>? = nil, on device: Device) -> AttentionMasks {
    let rows = rows ?? 0..<shape.queries
    let (keys, scores) = (shape.keys, [1, 1, rows.count, shape.keys] as Shape)
    let places = rows.lowerBound * keys..<rows.upperBound * keys
    var masks = layer.masks(on: device)
    masks.keep = shape.keep.map { _ in keep(places, scores, on: device) }
    masks.bias = shape.bias.map { _ in bias(places, scores, on: device) }
    return masks
  }

  private func keep(_ places: Range<Int>, _ scores: Shape, on device: Device) -> BooleanMask {
    if device.isMeta { return BooleanMask(scores, on: device) }
    let random = random("boolean mask")
    return BooleanMask(places.map { random.uniform($0) >= hidden }, scores, on: device)
  }

  private func bias(_ places: Range<Int>, _ scores: Shape, on device: Device) -> Tensor {
    let tensor = Tensor(scores, kind: .data, on: device)
    if device.isMeta { return tensor }
    let (random, hiding) = (random("additive mask"), random("additive mask", "hidden"))
    tensor.copy(
      from: places.map { place in
        hiding.uniform(place) < hidden ? -Float.infinity : Float(random.normal(place))
      })
    return tensor
  }

  private func random(_ purpose: String, _ name: String = "") -> Random {
    Random(seed: seed, purpose: purpose, name: name)
  }
}
