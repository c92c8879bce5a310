// YaRN: fast pairs keep their angles, slow ones are interpolated, a ramp lies between; and scores
// grow a little.

package import Config
import Glibc

extension RoPE {
  /// "Yet another RoPE extension": interpolation by parts.
  package struct YaRN: Scaling {
    package static let word = "yarn"
    package static let summary =
      "interpolates slow pairs, leaves fast ones, blends between, and sharpens the scores"
    package static let formula =
      "t_i = p base^(-2i/d) (r + (1 - r) / factor), r falls from 1 to 0 over the pairs"
    package static let source = "Peng et al. 2023, arXiv 2309.00071"

    package let amplitude: Double
    private let factor, fast, slow: Double
    private let original: Int
    private let isWhole: Bool

    package init(_ options: Section, _ context: ScalingContext) {
      factor = options.scalingFactor(default: 4)
      original = options.originalLength(context)
      fast = options.read(
        "beta_fast", .double(in: Bounds.above(0, through: 1e6)), default: 32,
        "pairs that turn this often over the original length keep their angle")
      slow = options.read(
        "beta_slow", .double(in: Bounds.above(0, through: 1e6)), default: 1,
        "pairs that turn this seldom are interpolated wholly")
      if slow > fast {
        options.fault(
          "beta_slow",
          because: .above(
            key: "beta_slow", value: slow.text, other: "beta_fast", otherValue: fast.text),
          seeAlso: ["beta_fast"])
      }
      isWhole = options.read(
        "truncate", .bool, default: true,
        "whether the ramp begins and ends at whole pairs; false in gpt-oss")
      let mscale = options.read(
        "mscale", .double(in: 0...1000), default: 1,
        "how much the scores are sharpened for the factor (DeepSeek)")
      let all = options.read(
        "mscale_all_dim", .double(in: 0...1000), default: 0,
        "the same, undone: what DeepSeek has in its score scale instead")
      let growth = 0.1 * log(factor)
      amplitude = options.read(
        "attention_factor", .double(in: 0...1000),
        derived: (mscale * growth + 1) / (all * growth + 1),
        rule: "(0.1 mscale ln(factor) + 1) / (0.1 mscale_all_dim ln(factor) + 1)",
        "factor on cosines and sines; scores grow with its square")
    }

    package func frequencies(base: Double, dimension: Int, length: Int) -> [Double] {
      let (first, last) = (
        pair(turning: fast, base, dimension), pair(turning: slow, base, dimension)
      )
      let low = max(isWhole ? first.rounded(.down) : first, 0)
      let high = min(isWhole ? last.rounded(.up) : last, Double(dimension - 1))
      // A ramp of no length would divide by zero.
      let length = max(high - low, 0.001)
      return RoPE.plainFrequencies(base: base, dimension: dimension).enumerated().map {
        pair, angle in
        let stretched = min(max((Double(pair) - low) / length, 0), 1)
        return angle * (1 - stretched) + angle / factor * stretched
      }
    }

    /// The (fractional) pair that turns `count` times over the original length.
    private func pair(turning count: Double, _ base: Double, _ dimension: Int) -> Double {
      Double(dimension) * log(Double(original) / (2 * Double.pi * count)) / (2 * log(base))
    }
  }
}
