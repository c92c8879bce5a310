// RotationAngles: how exact a rotation's cosines and sines are, and which angles training never shows.

import Foundation
import Models

/// The angles of a rotary encoding.
struct RotationAngles {
  private let rotation: Rotation

  init(_ rotation: Rotation) { self.rotation = rotation }

  /// The largest error of a cosine or sine as the encoding applies it, against float64, over positions up to `last`.
  func error(of probe: PositionProbe, last: Int) -> Double {
    let pairs = rotation.frequencies.count
    var probeVector = [Float](repeating: 0, count: 2 * pairs)
    for pair in 0..<pairs { probeVector[first(pair)] = 1 }
    return positions(to: last).reduce(0) { worst, position in
      // (1, 0) turned by t is (cos t, sin t).
      let turned = probe.placed(probeVector, at: position)
      return (0..<pairs).reduce(worst) { worst, pair in
        let angle = Double(position) * rotation.frequencies[pair]
        let cosine = abs(Double(turned[first(pair)]) - rotation.amplitude * cos(angle))
        let sine = abs(Double(turned[second(pair)]) - rotation.amplitude * sin(angle))
        return max(worst, cosine, sine)
      }
    }
  }

  /// The same had the angles been computed in float32, as many programs do.
  func singlePrecisionError(last: Int) -> Double {
    positions(to: last).reduce(0) { worst, position in
      rotation.frequencies.reduce(worst) { worst, frequency in
        let exact = Double(position) * frequency
        let rough = Double(Float(position) * Float(frequency))
        return max(worst, abs(cos(rough) - cos(exact)), abs(sin(rough) - sin(exact)))
      }
    }
  }

  /// Pairs that at 4 x length reach an angle beyond all that training at `length` without scaling shows, in per cent.
  ///
  /// A pair that goes through a whole turn within `length` has seen every angle.
  func unseenPercent(length: Int) -> Double {
    let count = zip(rotation.frequencies, rotation.unscaled).count { scaled, plain in
      let seen = plain * Double(length)
      return seen < 2 * Double.pi && scaled * Double(4 * length) > seen * (1 + 1e-9)
    }
    return 100 * Double(count) / Double(rotation.frequencies.count)
  }

  private func positions(to last: Int) -> [Int] {
    var positions = [0, last]
    var position = 1
    while position < last {
      positions += [position, last - position]
      position *= 2
    }
    return positions
  }

  private func first(_ pair: Int) -> Int { rotation.interleaved ? 2 * pair : pair }

  private func second(_ pair: Int) -> Int {
    rotation.interleaved ? 2 * pair + 1 : pair + rotation.frequencies.count
  }
}
