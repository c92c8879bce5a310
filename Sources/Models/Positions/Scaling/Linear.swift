// Linear: position interpolation. Longer texts are squeezed into the range of positions that
// training has seen.

package import Config

extension RoPE {
  /// All angles divided by the factor.
  package struct Linear: Scaling {
    package static let word = "linear"
    package static let summary = "divides all angles by the factor (position interpolation)"
    package static let formula = "t_i = p base^(-2i/d) / factor"
    package static let source = "Chen et al. 2023, arXiv 2306.15595"

    private let factor: Double

    package init(_ options: Section, _ context: ScalingContext) {
      factor = options.scalingFactor(default: 4)
    }

    package func frequencies(base: Double, dimension: Int, length: Int) -> [Double] {
      RoPE.plainFrequencies(base: base, dimension: dimension).map { $0 / factor }
    }
  }
}
