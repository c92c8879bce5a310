// `synthetic-shapes`: small grey pictures of ten shapes, made by the program, for where no real
// images can be had. Not a stand-in for them: accuracies compare only with themselves.

package import Images

/// Images of shapes: each somewhere else, of another size, turned a little, in noise.
///
/// Image `i` of a split has class `i mod 10` and depends on seed, split and `i` alone: a larger set
/// begins with a smaller one. Only arithmetic that IEEE 754 rounds the same everywhere is used, so
/// every machine makes the same bytes.
package struct SyntheticShapes: Sendable, Equatable {
  /// Images to train on, and to test on.
  package var train, test: Int
  package var seed: UInt64

  package static let shape = ImageShape(height: 28, width: 28, channels: 1)
  package static let classes = [
    "disc", "ring", "square", "frame", "diamond", "triangle", "plus", "cross", "row", "column",
  ]
  private static let purpose: UInt64 = 0x7368_6170_6573_5f31  // "shapes_1"
  /// Numbers that are drawn of an image, before those of its noise.
  private static let draws: UInt64 = 8

  package init(train: Int = 10_000, test: Int = 2_000, seed: UInt64 = 1) {
    precondition(train > 0 && test > 0, "SyntheticShapes: a split has no images")
    (self.train, self.test, self.seed) = (train, test, seed)
  }

  package func images() -> ImageSet {
    ImageSet(Self.shape, classes: Self.classes, train: split(train, 0), test: split(test, 1))
  }

  private func split(_ count: Int, _ number: UInt64) -> ImageSet.Split {
    let key = SplitMix64.mix(SplitMix64.mix(seed ^ Self.purpose) ^ number)
    let labels = (0..<count).map { Int32($0 % Self.classes.count) }
    let pixels = [UInt8](unsafeUninitializedCapacity: count * Self.shape.count) { buffer, filled in
      for index in 0..<count {
        let first = index * Self.shape.count
        Self.draw(Figure(class: Int(labels[index]), index: UInt64(index), key), into: buffer, first)
      }
      filled = count * Self.shape.count
    }
    return ImageSet.Split(pixels: pixels, labels: labels)
  }

  private static func draw(
    _ figure: Figure, into pixels: UnsafeMutableBufferPointer<UInt8>, _ first: Int
  ) {
    for row in 0..<shape.height {
      for column in 0..<shape.width {
        let place = row * shape.width + column
        // A pixel that the edge passes through is covered in part.
        let covered = min(max(0.5 - figure.distance(Double(column), Double(row)), 0), 1)
        let bits = SplitMix64.mix(figure.noiseKey &+ UInt64(place) &* 0x9e37_79b9_7f4a_7c15)
        let noise = (Double(bits >> 11) * 0x1p-52 - 1) * figure.noise
        pixels[first + place] = UInt8(min(max(figure.brightness * covered + noise, 0), 255))
      }
    }
  }

  /// One shape and where it is; lengths are in pixels.
  private struct Figure {
    let kind: Int
    let centre: (x: Double, y: Double)
    /// From the centre to the tips, and half of the width of strokes.
    let radius, stroke: Double
    /// Cosine and sine of the angle that it is turned by.
    let turn: (cosine: Double, sine: Double)
    let brightness, noise: Double
    let noiseKey: UInt64

    init(class kind: Int, index: UInt64, _ key: UInt64) {
      func uniform(_ draw: UInt64, _ low: Double, _ high: Double) -> Double {
        let bits = SplitMix64.element(index &* SyntheticShapes.draws &+ draw, of: key)
        return low + (high - low) * (Double(bits >> 11) * 0x1p-53)
      }
      self.kind = kind
      centre = (uniform(0, 10, 17), uniform(1, 10, 17))
      radius = uniform(2, 6, 10)
      stroke = uniform(3, 0.8, 1.8)
      // The tangent of half the angle, which is 0.3 at most.
      let tangent = uniform(4, -0.15, 0.15)
      let square = tangent * tangent
      turn = ((1 - square) / (1 + square), 2 * tangent / (1 + square))
      brightness = uniform(5, 110, 255)
      noise = uniform(6, 10, 70)
      noiseKey = SplitMix64.element(index &* SyntheticShapes.draws &+ 7, of: key)
    }

    /// How far a point is outside of the shape; below 0 inside.
    func distance(_ column: Double, _ row: Double) -> Double {
      let (dx, dy) = (column - centre.x, row - centre.y)
      let x = turn.cosine * dx + turn.sine * dy
      let y = turn.cosine * dy - turn.sine * dx
      // A root of a half: what is slanted is turned by an eighth.
      let half = 0.5.squareRoot()
      switch kind {
      case 0: return (x * x + y * y).squareRoot() - radius
      case 1: return abs((x * x + y * y).squareRoot() - radius + stroke) - stroke
      case 2: return max(abs(x), abs(y)) - half * radius
      case 3: return abs(max(abs(x), abs(y)) - half * radius + stroke) - stroke
      case 4: return half * (abs(x) + abs(y) - radius)
      case 5: return max(y, 0.75.squareRoot() * abs(x) - 0.5 * y) - 0.5 * radius
      case 6: return Self.plus(x, y, radius, stroke)
      case 7: return Self.plus(half * (x + y), half * (x - y), radius, stroke)
      case 8: return max(abs(x) - radius, abs(y) - stroke)
      default: return max(abs(y) - radius, abs(x) - stroke)
      }
    }

    private static func plus(
      _ x: Double, _ y: Double, _ radius: Double, _ stroke: Double
    ) -> Double {
      min(
        max(abs(x) - radius, abs(y) - stroke), max(abs(y) - radius, abs(x) - stroke))
    }
  }
}
