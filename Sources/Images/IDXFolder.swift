// IDXFolder: a data set in the four files of MNIST, packed or not, on the disk or in memory.

package import Records

/// The files of a data set in the form of MNIST.
package struct IDXFolder: Sendable {
  /// What the files hold.
  package enum Part: String, CaseIterable, Sendable {
    case trainImages = "train-images"
    case trainLabels = "train-labels"
    case testImages = "t10k-images"
    case testLabels = "t10k-labels"

    var dimensions: Int { self == .trainImages || self == .testImages ? 3 : 1 }

    /// What such a file is called where it is published.
    package var packedName: String { names[1] }

    /// What such a file is called: as MNIST's are, or as they once were.
    package var names: [String] {
      ["-", "."].flatMap { mark in
        ["", ".gz"].map { "\(rawValue)\(mark)idx\(dimensions)-ubyte\($0)" }
      }
    }
  }

  package let path: String
  private let files: [Part: String]
  /// Their bytes, of those that are in memory.
  private var contents: [Part: [UInt8]] = [:]

  /// The files in a folder; nil where there are no images to train on among them.
  package init?(_ folder: String) {
    path = folder
    var files: [Part: String] = [:]
    for part in Part.allCases {
      files[part] = part.names.map { "\(folder)/\($0)" }.first(where: AtomicFile.exists)
    }
    guard files[.trainImages] != nil else { return nil }
    self.files = files
  }

  /// Files in memory.
  ///
  /// - Parameter origin: where they come from, for errors.
  package init(_ contents: [Part: [UInt8]], from origin: String) {
    path = origin
    files = contents.keys.reduce(into: [:]) { $0[$1] = "\(origin)/\($1.packedName)" }
    self.contents = contents
  }

  /// Reads all four.
  ///
  /// - Parameters:
  ///   - classes: their names; nil: their numbers.
  ///   - hashes: SHA-256 of the unpacked files, where they are known.
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package func read(
    classes: [String]? = nil, hashes: [Part: String] = [:]
  ) throws(ResultsError) -> ImageSet {
    let train = try split(.trainImages, .trainLabels, hashes, room: ImageSet.largest)
    let test = try split(
      .testImages, .testLabels, hashes, room: ImageSet.largest - train.split.pixels.count)
    guard train.shape == test.shape else {
      throw unreadable(
        .testImages, "its images have \(test.shape), those to train on \(train.shape)")
    }
    guard Set(train.split.labels).count > 1 else {
      throw unreadable(
        .trainLabels, "there is one class in it, which leaves nothing to tell apart")
    }
    let names = classes ?? (0...Int(train.split.labels.max() ?? 0)).map(String.init)
    for (part, split) in [(Part.trainLabels, train.split), (.testLabels, test.split)] {
      if let label = split.labels.first(where: { $0 >= names.count }) {
        throw unreadable(part, "it has the label \(label), and there are \(names.count) classes")
      }
    }
    return ImageSet(train.shape, classes: names, train: train.split, test: test.split)
  }

  /// Images and their labels.
  ///
  /// - Parameter room: the most bytes of pixels.
  private func split(
    _ images: Part, _ labels: Part, _ hashes: [Part: String], room: Int
  ) throws(ResultsError) -> (shape: ImageShape, split: ImageSet.Split) {
    // Nothing is unpacked before both headers were read, and fit together.
    let (pixels, classes) = try (file(images), file(labels))
    let sizes = pixels.header.sizes
    let shape = try naming(images) { () throws(ImageError) in
      guard sizes[0] > 0 else { throw ImageError("there are no images in it") }
      guard pixels.header.count <= room else {
        throw ImageError(
          pixels.shortfall ?? "its header says \(pixels.header) bytes, and \(room) are left of the "
            + "\(ImageSet.largest) that a data set may have")
      }
      return try ImageShape(header: sizes[1], sizes[2], channels: 1)
    }
    guard classes.header.count == sizes[0] else {
      throw unreadable(
        labels,
        classes.shortfall ?? "it has \(classes.header) labels for \(sizes[0]) images")
    }
    let values = try naming(images) { () throws(ImageError) in try pixels.contents(hashes[images]) }
    let numbers = try naming(labels) { () throws(ImageError) in
      try classes.contents(hashes[labels])
    }
    return (shape, ImageSet.Split(pixels: values.values, labels: numbers.values.map(Int32.init)))
  }

  /// A file, of which the header was read.
  private func file(_ part: Part) throws(ResultsError) -> IDXFile {
    guard let file = files[part] else {
      throw .unreadable(
        path: path, problem: "there is a \(Part.trainImages.names[0]), and no \(part.names[0])")
    }
    return try reading(file, contents[part]) { (bytes) throws(ImageError) in
      try IDXFile(bytes, dimensions: part.dimensions)
    }
  }

  /// What `body` makes of a file, whose errors name it.
  private func naming<Contents>(
    _ part: Part, _ body: () throws(ImageError) -> Contents
  ) throws(ResultsError) -> Contents {
    do throws(ImageError) {
      return try body()
    } catch {
      throw unreadable(part, error.description)
    }
  }

  private func unreadable(_ part: Part, _ problem: String) -> ResultsError {
    .unreadable(path: files[part] ?? path, problem: problem)
  }
}
