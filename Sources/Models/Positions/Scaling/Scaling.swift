// Scaling: the slot of RoPE that stretches its angles, so that a model reads longer texts than it
// was trained on.

package import Config
import Glibc

extension RoPE {
  /// A way to choose the angles that each pair of features turns by from one position to the next.
  package protocol Scaling: Component {
    init(_ options: Section, _ context: ScalingContext)
    /// The angle of each of the dimension / 2 pairs, in radians a position.
    ///
    /// - Parameter length: tokens of the text so far.
    func frequencies(base: Double, dimension: Int, length: Int) -> [Double]
    /// Whether a text of this length has the angles of a text of one token.
    func hasFixedFrequencies(upTo length: Int) -> Bool
    /// Whether a text that grows out of the usual angles is read again from its beginning, so that
    /// all of it has the new ones.
    var recomputesCache: Bool { get }
    /// Factor on cosines and sines, so that a score grows with its square.
    var amplitude: Double { get }
  }

  /// The angles of the paper: base^(-2i/d) for pair i.
  package static func plainFrequencies(base: Double, dimension: Int) -> [Double] {
    (0..<dimension / 2).map { pow(base, -2 * Double($0) / Double(dimension)) }
  }
}

/// What a scaling must know of the model around it.
package struct ScalingContext {
  /// The longest sequence the model is built for.
  package let length: Int
  /// The features of a head that turn.
  package let dimension: Int

  package init(length: Int, dimension: Int) {
    self.length = length
    self.dimension = dimension
  }
}

extension RoPE.Scaling {
  package func hasFixedFrequencies(upTo length: Int) -> Bool { true }
  package var recomputesCache: Bool { false }
  package var amplitude: Double { 1 }
}

extension Section {
  /// The `factor` that most scalings have.
  func scalingFactor(default fallback: Double) -> Double {
    read(
      "factor", .double(in: 1...1e6), default: fallback,
      "how many times longer texts become than those of the original training")
  }

  /// The `original_length` of the scalings that know it.
  func originalLength(_ context: ScalingContext) -> Int {
    read(
      "original_length", .int(in: 1...1_073_741_824), derived: context.length,
      rule: PositionContext.lengthRule, "length of the texts of the original training")
  }
}
