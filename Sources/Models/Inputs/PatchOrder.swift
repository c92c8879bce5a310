// PatchOrder: how the pixels of an image are ordered in the patches that a model reads.

/// Where the values of an image's patches come from.
package struct PatchOrder: Sendable {
  /// For each value of the patches, [patches, channels, side, side], the place of its pixel in the
  /// image, [height, width, channels].
  package let sources: [Int]

  /// - Parameter grid: of patches, which must divide the image.
  package init(_ image: ImageSize, _ grid: PatchGrid) {
    let (height, width) = (image.height / grid.rows, image.width / grid.columns)
    precondition(
      height * grid.rows == image.height && width * grid.columns == image.width,
      "\(grid.columns) x \(grid.rows) patches do not divide \(image)")
    var sources: [Int] = []
    sources.reserveCapacity(image.height * image.width * image.channels)
    for patch in 0..<grid.patches {
      let (top, left) = (patch / grid.columns * height, patch % grid.columns * width)
      for channel in 0..<image.channels {
        for row in top..<top + height {
          for column in left..<left + width {
            sources.append((row * image.width + column) * image.channels + channel)
          }
        }
      }
    }
    self.sources = sources
  }

  /// The values of an image's patches.
  ///
  /// - Parameter pixels: [height, width, channels].
  package func patches(_ pixels: [Float]) -> [Float] { sources.map { pixels[$0] } }
}
