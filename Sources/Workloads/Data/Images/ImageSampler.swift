// Which images make up the batch of a step, and as what a model reads them: every image once an
// epoch in an order of its own, shifted and flipped at random, normalised, in patches. Without
// history.

package import Images
package import Models

/// Batches of images.
///
/// Everything follows from (seed, step), so that a resumed run sees what an uninterrupted one
/// would have seen. Row `b` of step `s` is image `i mod count` of epoch `i / count` in that epoch's
/// order, `i = s * batch + b`. With `mix` the finalizer of SplitMix64 and element `j` of a key
/// `mix(key + (j + 1) * 0x9e3779b97f4a7c15)`, the shift down is `element(3 i)` of `key = mix(seed ^
/// 0x6175676d656e745f)` scaled to `-shift ... shift`, that to the right `element(3 i + 1)`, and an
/// image is mirrored where the highest bit of `element(3 i + 2)` is set.
package struct ImageSampler: Sendable {
  private static let orderPurpose: UInt64 = 0x696d_6167_655f_6f72  // "image_or"
  private static let augmentationPurpose: UInt64 = 0x6175_676d_656e_745f  // "augment_"

  package let batch: Int
  private let images: ImageSet
  private let order: PatchOrder
  private let scale: PixelScale
  private let augmentation: Augmentation
  private let orderKey, augmentationKey: UInt64

  /// - Parameter grid: of the model that reads them.
  package init(
    _ images: ImageSet, _ grid: PatchGrid, scale: PixelScale, batch: Int,
    augmentation: Augmentation = Augmentation(), seed: UInt64
  ) {
    self.images = images
    self.scale = scale
    self.batch = batch
    self.augmentation = augmentation
    order = PatchOrder(images.shape.size, grid)
    orderKey = SplitMix64.mix(seed ^ Self.orderPurpose)
    augmentationKey = SplitMix64.mix(seed ^ Self.augmentationPurpose)
  }

  /// The image in a row of a step's batch.
  package func image(step: Int, row: Int) -> Int {
    let (epoch, place) = (step * batch + row).quotientAndRemainder(
      dividingBy: images.train.count)
    let key = SplitMix64.element(UInt64(epoch), of: orderKey)
    return Permutation(count: images.train.count, key: key)[place]
  }

  /// Writes the batch of a step.
  ///
  /// - Parameters:
  ///   - patches: [batch, patches, channels, side, side].
  ///   - classes: [batch].
  package func fill(step: Int, patches: inout [Float], classes: inout [Int32]) {
    let size = images.shape.count
    precondition(
      patches.count == batch * size && classes.count == batch,
      "ImageSampler: the buffers hold \(patches.count) values and \(classes.count) classes")
    for row in 0..<batch {
      let image = image(step: step, row: row)
      classes[row] = images.train.labels[image]
      write(
        images.train, image, motion(UInt64(step * batch + row)), to: &patches, at: row * size)
    }
  }

  /// Images of the test split, as they are.
  ///
  /// - Returns: patches as `fill` writes them, and the classes.
  package func test(_ chosen: some Collection<Int>) -> (patches: [Float], classes: [Int32]) {
    var patches = [Float](repeating: 0, count: chosen.count * images.shape.count)
    for (row, image) in chosen.enumerated() {
      write(images.test, image, Motion(), to: &patches, at: row * images.shape.count)
    }
    return (patches, chosen.map { images.test.labels[$0] })
  }

  /// How an image is moved.
  private struct Motion {
    var down = 0
    var right = 0
    var isMirrored = false
  }

  private func motion(_ window: UInt64) -> Motion {
    func bits(_ draw: UInt64) -> UInt64 {
      SplitMix64.element(3 &* window &+ draw, of: augmentationKey)
    }
    func shift(_ draw: UInt64) -> Int {
      SplitMix64.scale(bits(draw), below: 2 * augmentation.shift + 1) - augmentation.shift
    }
    return Motion(
      down: shift(0), right: shift(1), isMirrored: augmentation.flips && bits(2) >> 63 == 1)
  }

  private func write(
    _ split: ImageSet.Split, _ image: Int, _ motion: Motion, to patches: inout [Float],
    at place: Int
  ) {
    let shape = images.shape
    let start = image * shape.count
    for (index, source) in order.sources.enumerated() {
      let (pixel, channel) = source.quotientAndRemainder(dividingBy: shape.channels)
      let row = pixel / shape.width - motion.down
      let column = pixel % shape.width - motion.right
      var value: Float = 0
      if (0..<shape.height).contains(row), (0..<shape.width).contains(column) {
        let from = motion.isMirrored ? shape.width - 1 - column : column
        value = Float(split.pixels[start + (row * shape.width + from) * shape.channels + channel])
      }
      patches[place + index] = (value - scale.means[channel]) / scale.deviations[channel]
    }
  }
}

extension ImageShape {
  /// The same as models have it.
  package var size: ImageSize { ImageSize(height: height, width: width, channels: channels) }
}
