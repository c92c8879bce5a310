// Scaling: the slot of RoPE that stretches its angles, so that a model reads longer texts than it
// was trained on.

package import Config
import Glibc

extension RoPE {
  /// A way to choose the angles that each pair of features turns by from one position to the next.
  package protocol Scaling: Component {
    /// - Parameter length: the longest sequence the model is built for.
    init(_ options: Section, length: Int)
    /// The angle of each of the dimension / 2 pairs, in radians a position.
    func frequencies(base: Double, dimension: Int) -> [Double]
    /// Factor on cosines and sines, so that a score grows with its square.
    var amplitude: Double { get }
  }

  /// The angles of the paper: base^(-2i/d) for pair i.
  static func plainFrequencies(base: Double, dimension: Int) -> [Double] {
    (0..<dimension / 2).map { pow(base, -2 * Double($0) / Double(dimension)) }
  }
}

extension RoPE.Scaling {
  package var amplitude: Double { 1 }
}

extension Section {
  /// The `factor` that every scaling has.
  func scalingFactor(default fallback: Double) -> Double {
    read(
      "factor", .double(in: 1...1e6), default: fallback,
      "how many times longer texts become than those of the original training")
  }
}
