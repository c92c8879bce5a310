// LongRoPE: a divisor for each pair, found by search, in two sets: for texts within the original
// length, and for longer ones.

package import Config
import Glibc

extension RoPE {
  /// Divisors that were searched for each pair.
  package struct LongRoPE: Scaling {
    package static let word = "longrope"
    package static let summary =
      "divides each pair's angle by its own factor, of one list up to the original length, of "
      + "another beyond"
    package static let formula =
      "t_i = p base^(-2i/d) / factor_i, cosines and sines times sqrt(1 + ln(factor) / ln(L))"
    package static let source = "Ding et al. 2024, arXiv 2402.13753"

    package let amplitude: Double
    private let short, long: [Double]
    private let original: Int

    package init(_ options: Section, _ context: ScalingContext) {
      original = options.originalLength(context)
      let factors = { (key: String, what: String) -> [Double] in
        let list = options.read(
          key, .list(of: .double(in: Bounds.above(0, through: 1e6)), repeats: false), default: [1],
          "divisors of the pairs' angles \(what), one a pair, or one for all")
        if list.count != 1 && list.count != context.dimension / 2 {
          options.fault(
            key,
            because: .rule(
              "\(key) has \(list.count) numbers for the \(context.dimension / 2) pairs that turn"))
          return [1]
        }
        return list
      }
      short = factors("short_factor", "in texts up to original_length")
      long = factors("long_factor", "in longer texts")
      let factor = options.read(
        "factor", .double(in: 1...1e6),
        derived: max(1, Double(context.length) / Double(original)),
        rule: "(\(PositionContext.lengthRule)) / original_length",
        "how many times longer texts become than those of the original training")
      amplitude = options.read(
        "attention_factor", .double(in: 0...1000),
        derived: factor <= 1 || original == 1
          ? 1 : (1 + log(factor) / log(Double(original))).squareRoot(),
        rule: "sqrt(1 + ln(factor) / ln(original_length))",
        "factor on cosines and sines; scores grow with its square")
    }

    /// As Phi-3's own generation does it.
    package var recomputesCache: Bool { true }

    package func hasFixedFrequencies(upTo length: Int) -> Bool { length <= original }

    package func frequencies(base: Double, dimension: Int, length: Int) -> [Double] {
      let factors = hasFixedFrequencies(upTo: length) ? short : long
      return RoPE.plainFrequencies(base: base, dimension: dimension).enumerated().map {
        $1 / factors[$0 % factors.count]
      }
    }
  }
}
