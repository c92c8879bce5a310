// Dynamic: NTK-aware scaling that begins where the original length ends and grows with the text.

package import Config
import Glibc

extension RoPE {
  /// A base that follows the text's length.
  package struct Dynamic: Scaling {
    package static let word = "dynamic"
    package static let summary =
      "raises the base with the text's length n, from the original length L on"
    package static let formula =
      "t_i = p b^(-2i/d), b = base (factor max(n, L) / L - factor + 1)^(d/(d-2))"
    package static let source = "emozilla 2023, as described in Peng et al. 2023, arXiv 2309.00071"

    private let factor: Double
    private let original: Int

    package init(_ options: Section, _ context: ScalingContext) {
      factor = options.scalingFactor(default: 4)
      original = options.originalLength(context)
    }

    package func hasFixedFrequencies(upTo length: Int) -> Bool { length <= original }

    package func frequencies(base: Double, dimension: Int, length: Int) -> [Double] {
      // A head of one pair has the angle 1 under every base.
      guard dimension > 2, length > original else {
        return RoPE.plainFrequencies(base: base, dimension: dimension)
      }
      let d = Double(dimension)
      let growth = factor * Double(length) / Double(original) - (factor - 1)
      return RoPE.plainFrequencies(base: base * pow(growth, d / (d - 2)), dimension: dimension)
    }
  }
}
