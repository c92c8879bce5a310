// NoScaling: the angles of the paper, whatever the length.

package import Config

extension RoPE {
  /// Plain rotary positions.
  package struct NoScaling: Scaling {
    package static let word = "none"
    package static let summary = "turns each pair by the angles of the paper"
    package static let formula = "t_i = p base^(-2i/d)"
    package static let source = "Su et al. 2021, arXiv 2104.09864"

    package init(_ options: Section, _ context: ScalingContext) {}

    package func frequencies(base: Double, dimension: Int, length: Int) -> [Double] {
      RoPE.plainFrequencies(base: base, dimension: dimension)
    }
  }
}
