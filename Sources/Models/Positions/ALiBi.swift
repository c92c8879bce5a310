// ALiBi: no position is added or turned; a score just loses in proportion to the distance between
// query and key.

package import Config
import Glibc
import Tensors

/// Attention with linear biases.
package struct ALiBi: Position {
  package static let word = "alibi"
  package static let summary = "scores lose in proportion to the distance, at each head's own slope"
  package static let formula =
    "score(i, j) - slope_h |i - j|, slope_h = 2^(-8h/n), h = 1..n, then 2^(-4(2h-1)/n), "
    + "h = 1..heads-n, n = 2^floor(log2 heads)"
  package static let source = "Press, Smith & Lewis 2021, arXiv 2108.12409"

  package init(
    _ options: Section, _ context: PositionContext, _ parameters: ParameterBuilder
  ) {}

  /// A geometric sequence from 2^(-8/n) to 2^-8 where n, the number of heads, is a power of two.
  ///
  /// Otherwise as the authors' code: the slopes of the next lower power of two, and then every
  /// other one of the next higher.
  package func slopes(heads: Int) -> [Float]? {
    let power = 1 << (Int.bitWidth - 1 - heads.leadingZeroBitCount)
    let more = Self.geometric(2 * power).enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    return Self.geometric(power) + more.prefix(heads - power)
  }

  private static func geometric(_ count: Int) -> [Float] {
    (1...count).map { Float(exp2(-8 * Double($0) / Double(count))) }
  }
}
