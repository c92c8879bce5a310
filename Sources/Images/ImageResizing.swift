// ImageResizing: the same images at another size, computed in whole numbers, so that every machine
// has the same pixels.

/// Bilinear interpolation from one size to another.
///
/// A pixel is where its centre is: place o of n new ones lies at (o + 1/2) old / n - 1/2 of the old
/// ones, and beyond the outermost centres the edge goes on. What is coarser is sampled, not
/// averaged.
package struct ImageResizing: Equatable, Sendable {
  package let from, to: ImageShape

  package init(from: ImageShape, to: ImageShape) {
    precondition(from.channels == to.channels, "channels are not interpolated")
    (self.from, self.to) = (from, to)
  }

  /// The images of a split at the new size, rounded to the nearest brightness, halves up.
  package func callAsFunction(_ split: ImageSet.Split) -> ImageSet.Split {
    let (down, across) = (Self.taps(from.height, to.height), Self.taps(from.width, to.width))
    let whole = 4 * to.height * to.width
    var pixels: [UInt8] = []
    pixels.reserveCapacity(split.count * to.count)
    for image in 0..<split.count {
      let start = image * from.count
      for row in down {
        for column in across {
          for channel in 0..<from.channels {
            func pixel(_ r: Int, _ c: Int) -> Int {
              Int(split.pixels[start + (r * from.width + c) * from.channels + channel])
            }
            let above =
              pixel(row.first, column.first) * column.weights.0
              + pixel(row.first, column.second) * column.weights.1
            let below =
              pixel(row.second, column.first) * column.weights.0
              + pixel(row.second, column.second) * column.weights.1
            let sum = above * row.weights.0 + below * row.weights.1
            pixels.append(UInt8((sum + whole / 2) / whole))
          }
        }
      }
    }
    return ImageSet.Split(pixels: pixels, labels: split.labels)
  }

  private typealias Taps = (first: Int, second: Int, weights: (Int, Int))

  /// The two old places that each new one lies between, and their weights in parts of 2 `new`.
  private static func taps(_ old: Int, _ new: Int) -> [Taps] {
    (0..<new).map { place in
      // The place, in parts of 2 `new`.
      let position = min(max((2 * place + 1) * old - new, 0), 2 * new * (old - 1))
      let (first, rest) = position.quotientAndRemainder(dividingBy: 2 * new)
      return (first, min(first + 1, old - 1), (2 * new - rest, rest))
    }
  }
}
