// ImageSet: the images of a data set in memory, to train on and to test on.

internal import Config
package import Records

/// Images of one size, of a class each.
package struct ImageSet: Equatable, Sendable {
  /// Some of the images.
  package struct Split: Equatable, Sendable {
    /// [count, height, width, channels], 0 is black and 255 white.
    package internal(set) var pixels: [UInt8] = []
    /// The class of each, counted from 0.
    package internal(set) var labels: [Int32] = []

    package var count: Int { labels.count }

    package init(pixels: [UInt8] = [], labels: [Int32] = []) {
      (self.pixels, self.labels) = (pixels, labels)
    }

    /// The images at some places.
    package subscript(places: Range<Int>) -> Split {
      let size = pixels.count / max(1, count)
      let own = places.lowerBound * size..<places.upperBound * size
      return Split(pixels: Array(pixels[own]), labels: Array(labels[places]))
    }
  }

  package let shape: ImageShape
  /// Their names, by number.
  package let classes: [String]
  package let train, test: Split
  /// SHA-256 of sizes, classes, labels and pixels, 64 lower-case hexadecimal digits: the same
  /// however the files are packed.
  package let sha256: String

  /// The most bytes of pixels: 1 GiB.
  static let largest = 1 << 30

  package init(_ shape: ImageShape, classes: [String], train: Split, test: Split) {
    for split in [train, test] {
      precondition(
        split.pixels.count == split.count * shape.count,
        "ImageSet: \(split.pixels.count) bytes are no \(split.count) images of \(shape)")
      precondition(
        split.labels.allSatisfy { classes.indices.contains(Int($0)) },
        "ImageSet: a label is of no class")
    }
    (self.shape, self.classes, self.train, self.test) = (shape, classes, train, test)
    var hash = SHA256()
    let sizes = [shape.height, shape.width, shape.channels, train.count, test.count]
    let header: JSON = .object([
      .init("sizes", .array(sizes.map { .integer($0) })),
      .init("classes", .array(classes.map { .string($0) })),
    ])
    hash.update(Array(header.line.utf8))
    for split in [train, test] {
      hash.update(split.labels.map { UInt8(truncatingIfNeeded: $0 >> 8) })
      hash.update(split.labels.map { UInt8(truncatingIfNeeded: $0) })
      hash.update(split.pixels)
    }
    sha256 = hash.hex()
  }

  /// The same images, all of them held out: those to train on, and then the others.
  package var allHeldOut: ImageSet {
    let all = Split(pixels: train.pixels + test.pixels, labels: train.labels + test.labels)
    return ImageSet(shape, classes: classes, train: Split(), test: all)
  }

  /// Reads the images in a folder: MNIST's IDX files, or PNG and PGM files by class.
  ///
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package static func read(_ folder: String) throws(ResultsError) -> ImageSet {
    if let files = IDXFolder(folder) { return try files.read() }
    return try ImageFolder(folder).read()
  }
}
