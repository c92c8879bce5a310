// RoPE: turns queries and keys by angles that grow with their position, so that their product
// depends only on how far apart they stand.

package import Config
import Glibc
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
  private let angles: [(cosines: ConstantTable, sines: ConstantTable)]
  private let rotations: [Rotation]

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
    let chosen = options.component(Slots.scaling)
    let scaling = chosen.type.init(chosen.options, length: context.length)
    let d = context.headDimension
    if d % 2 != 0 {
      options.fault(
        because: .rule("rope turns pairs of features: the head dimension must be even, not \(d)"),
        notes: context.headNotes)
    }
    rotations = bases.map { base in
      Rotation(
        frequencies: scaling.frequencies(base: base, dimension: d),
        unscaled: Self.plainFrequencies(base: base, dimension: d), amplitude: scaling.amplitude,
        interleaved: layout == "interleaved")
    }
    angles = rotations.map { rotation in
      // Angles are computed in double: in float, a cosine at position 131071 would be off by up to
      // 0.007.
      let table = { (wave: @escaping (Double) -> Double) in
        ConstantTable(columns: d / 2) { position in
          rotation.frequencies.map { Float(rotation.amplitude * wave(Double(position) * $0)) }
        }
      }
      return (table { cos($0) }, table { sin($0) })
    }
  }

  package func rotate(_ x: Tensor, _ pass: Pass, layer: Int, from position: Int) -> Tensor {
    let end = position + x.shape[1]
    let (cosines, sines) = angles[layer % angles.count]
    let table = RotaryTable(
      cosine: cosines(end, on: pass.device), sine: sines(end, on: pass.device),
      interleaved: rotations[0].interleaved)
    return pass.rope(x, table, from: position)
  }

  package func rotation(layer: Int) -> Rotation? { rotations[layer % rotations.count] }
}
