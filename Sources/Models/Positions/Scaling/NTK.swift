// NTK: a larger base. Fast pairs, which tell neighbours apart, keep their angles; the slowest is
// divided by the factor.

package import Config
import Glibc

extension RoPE {
  /// "NTK-aware" scaling of the base.
  package struct NTK: Scaling {
    package static let word = "ntk"
    package static let summary = "raises the base, so that slow pairs stretch and fast ones stay"
    package static let formula = "t_i = p (base factor^(d/(d-2)))^(-2i/d)"
    package static let source = "bloc97 2023, as described in Peng et al. 2023, arXiv 2309.00071"

    private let factor: Double

    package init(_ options: Section, _ context: ScalingContext) {
      factor = options.scalingFactor(default: 4)
    }

    package func frequencies(base: Double, dimension: Int, length: Int) -> [Double] {
      // A head of one pair has the angle 1 under every base.
      guard dimension > 2 else {
        return RoPE.plainFrequencies(base: base, dimension: dimension)
      }
      let d = Double(dimension)
      return RoPE.plainFrequencies(
        base: base * pow(factor, d / (d - 2)), dimension: dimension)
    }
  }
}
