// Llama3: the scaling of Llama 3.1. By wavelength: long waves are interpolated, short ones stay, a
// ramp lies between.

package import Config

extension RoPE {
  /// Interpolation by wavelength.
  package struct Llama3: Scaling {
    package static let word = "llama3"
    package static let summary =
      "interpolates long waves, leaves short ones, and blends between (Llama 3.1)"
    package static let formula =
      "t_i = p base^(-2i/d) (r + (1 - r) / factor), r rises from 0 to 1 with turns over original_length"
    package static let source = "Grattafiori et al. 2024 (Llama 3), arXiv 2407.21783"

    private let factor, low, high: Double
    private let original: Int

    package init(_ options: Section, _ context: ScalingContext) {
      factor = options.scalingFactor(default: 8)
      original = options.read(
        "original_length", .int(in: 1...1_073_741_824), default: 8192,
        "length of the texts of the original training")
      low = options.read(
        "low_freq_factor", .double(in: Bounds.above(0, through: 1e6)), default: 1,
        "pairs that turn less often over the original length are interpolated wholly")
      high = options.read(
        "high_freq_factor", .double(in: Bounds.above(0, through: 1e6)), default: 4,
        "pairs that turn more often keep their angle")
      if high <= low {
        options.fault(
          "high_freq_factor", because: .rule("high_freq_factor must be above low_freq_factor"),
          seeAlso: ["low_freq_factor"])
      }
    }

    package func frequencies(base: Double, dimension: Int, length: Int) -> [Double] {
      RoPE.plainFrequencies(base: base, dimension: dimension).map { angle in
        let turns = Double(original) * angle / (2 * Double.pi)
        let kept = min(max((turns - low) / (high - low), 0), 1)
        return angle * kept + angle / factor * (1 - kept)
      }
    }
  }
}
