// RoPE: turns queries and keys by angles that grow with their position, so that their product depends only on how far
// apart they stand.

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

  private let cosines, sines: ConstantTable
  private let interleaved: Bool

  package init(
    _ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder
  ) {
    let base = options.double(
      "base", default: 10000, in: Bounds.above(1, through: 1e12),
      "about how many times slower the last pair turns than the first; larger for longer contexts")
    let layout = options.choice(
      "layout",
      of: [
        Choice("half", "pairs feature i with i + d/2, as Hugging Face and NeoX do"),
        Choice("interleaved", "pairs features 2i and 2i + 1, as the paper and Meta do"),
      ], default: "half", "which features turn together")
    interleaved = layout == "interleaved"
    let d = context.headDimension
    if d % 2 != 0 {
      options.fault(
        because: .rule("rope turns pairs of features: the head dimension must be even, not \(d)"),
        notes: context.headNotes)
    }
    // Angles are computed in double: in float, position 131071 would be off by hundredths of a turn.
    let frequencies = (0..<d / 2).map { pow(base, -2 * Double($0) / Double(d)) }
    cosines = ConstantTable(columns: d / 2) { p in frequencies.map { Float(cos(Double(p) * $0)) } }
    sines = ConstantTable(columns: d / 2) { p in frequencies.map { Float(sin(Double(p) * $0)) } }
  }

  package func rotate(_ x: Tensor, _ pass: Pass) -> Tensor {
    let positions = x.shape[1]
    return pass.rope(
      x,
      RotaryTable(
        cosine: cosines(positions, on: pass.device), sine: sines(positions, on: pass.device),
        interleaved: interleaved))
  }
}
