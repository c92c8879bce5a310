// What is done to pixels before a model reads them: they are normalised and, to train on, moved.

package import Images
package import Models

/// What pixels are divided by and have subtracted, for each channel.
package struct PixelScale: Equatable, Sendable {
  /// Of pixels from 0 to 255.
  package let means, deviations: [Float]

  /// So that the images to train on have a mean of 0 and a deviation of 1 in each channel.
  package init(_ images: ImageSet) {
    let channels = images.shape.channels
    var sums = [Int](repeating: 0, count: channels)
    var squares = sums
    for (place, pixel) in images.train.pixels.enumerated() {
      sums[place % channels] += Int(pixel)
      squares[place % channels] += Int(pixel) * Int(pixel)
    }
    // Sums are whole numbers, so the order of the images is no matter.
    let count = Double(images.train.pixels.count / channels)
    means = sums.map { Float(Double($0) / count) }
    deviations = zip(sums, squares).map { sum, square in
      let mean = Double(sum) / count
      let variance = Double(square) / count - mean * mean
      // Of a single colour, there is nothing to divide by.
      return variance > 0 ? Float(variance.squareRoot()) : 1
    }
  }
}

extension PixelScale {
  /// What a model's files say; nil where they do not.
  package init?(_ conventions: ImageConventions) {
    if conventions.means.isEmpty { return nil }
    // What was divided by 255 as a Double is the same Float again: a checkpoint's scale is exactly
    // that of its training.
    means = conventions.means.map { Float(255 * $0) }
    deviations = conventions.deviations.map { Float(255 * $0) }
  }

  /// The same as a model's files have it, of brightnesses from 0 to 1.
  package func conventions(classes: [String]) -> ImageConventions {
    ImageConventions(
      means: means.map { Double($0) / 255 }, deviations: deviations.map { Double($0) / 255 },
      classes: classes)
  }
}

/// What is done to images at random, so that a model does not learn them by heart.
package struct Augmentation: Equatable, Sendable {
  /// The most pixels that an image is shifted in each direction; what comes in is black.
  package var shift: Int
  /// Whether an image is mirrored with a chance of one half.
  package var flips: Bool

  package init(shift: Int = 0, flips: Bool = false) { (self.shift, self.flips) = (shift, flips) }
}
