// RoPE: turns queries and keys by angles that grow with their position, so that their product
// depends only on how far apart they stand.

package import Config
package import Tensors

/// Rotary position embedding.
package struct RoPE: Position {
  package static let word = "rope"
  package static let summary =
    "rotates queries and keys by their position; scores see distance only"
  package static let formula =
    "(a, b) -> (a cos t - b sin t, a sin t + b cos t), t = p base^(-2i/d)"
  package static let source = "Su et al. 2021, arXiv 2104.09864"

  /// One a base; the layers take them in turn.
  private let angles: [RotaryAngles]
  private let scaling: any Scaling

  package init(
    _ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder
  ) {
    let bases = options.read(
      "base", .list(of: .double(in: Bounds.above(1, through: 1e12))), default: [10000],
      "about how many times slower the last pair turns than the first; larger for longer contexts; "
        + "a list repeats over the layers")
    let layout = options.read(
      "layout",
      .choice(of: [
        Choice("half", "pairs feature i with i + d/2, as Hugging Face and NeoX do"),
        Choice("interleaved", "pairs features 2i and 2i + 1, as the paper and Meta do"),
      ]), default: "half", "which features turn together")
    let partial = options.read(
      "partial", .double(in: Bounds.above(0, through: 1)), default: 1,
      "share of each head's features that turn, the first ones; the rest knows no position "
        + "(GPT-NeoX, Phi; d is their number)")
    let d = Int(Double(context.headDimension) * partial)
    let chosen = options.component(Slots.scaling)
    let scaling = chosen.type.init(
      chosen.options, ScalingContext(length: context.length, dimension: d))
    if context.hasHeadDimension, d % 2 != 0 || d == 0 {
      options.fault(
        because: .rule(
          "rope turns pairs of features: "
            + (partial == 1
              ? "the head dimension must be even, not \(d)"
              : "partial leaves \(d) of a head's \(context.headDimension) features, which must be "
                + "even and above 0")),
        notes: context.headNotes)
    }
    self.scaling = scaling
    let isInterleaved = layout == "interleaved"
    angles = bases.map {
      RotaryAngles(
        base: $0, dimension: d, scaling, interleaved: isInterleaved, length: context.length)
    }
  }

  package func rotate(_ x: Tensor, _ pass: Pass, layer: Int, from position: Int) -> Tensor {
    let (table, first) = angles[layer % angles.count].table(
      from: position, to: position + x.shape[1], on: pass.device)
    return pass.rope(x, table, from: first)
  }

  package func hasFixedFrequencies(upTo length: Int) -> Bool {
    scaling.hasFixedFrequencies(upTo: length)
  }
  package var recomputesCache: Bool { scaling.recomputesCache }

  package func rotation(layer: Int) -> Rotation? { angles[layer % angles.count].rotation }
}
