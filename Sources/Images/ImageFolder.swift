// ImageFolder: a data set of PNG and PGM files, in a folder for each class.

internal import Foundation
package import Records

/// A folder with folders of images, whose names are the classes.
package struct ImageFolder: Sendable {
  private let path: String
  /// What a folder of images to test on may be called, beside one called `train`.
  private static let testNames = ["test", "validation", "val"]

  package init(_ path: String) { self.path = path }

  /// Reads all images.
  ///
  /// Where there are folders `train` and `test`, each with folders of classes, they are the splits.
  /// Else the last tenth of each class is tested on, in the order of the files' names.
  ///
  /// - Throws: `ResultsError.unreadable`, which names the file and what is wrong with it.
  package func read() throws(ResultsError) -> ImageSet {
    let folders = try Self.classes(in: path)
    guard !folders.isEmpty else {
      throw .unreadable(
        path: path,
        problem: "there are neither MNIST's IDX files nor folders of images in it, one a class")
    }
    if let test = try Self.test(beside: folders, in: path) {
      return try read(train: "\(path)/train", test: "\(path)/\(test)")
    }
    var reader = Reader()
    var splits = (train: ImageSet.Split(), test: ImageSet.Split())
    var counts = (train: 0, test: 0)
    for name in folders {
      let count = try Self.names(in: "\(path)/\(name)").count
      let tested = Self.tested(of: count)
      counts = (counts.train + count - tested, counts.test + tested)
    }
    for (label, name) in folders.enumerated() {
      let files = try Self.files(in: "\(path)/\(name)")
      guard files.count > 1 else {
        throw .unreadable(
          path: "\(path)/\(name)",
          problem: "a class needs an image to train on and one to test on, and there is one in it")
      }
      let cut = files.count - Self.tested(of: files.count)
      try reader.append(files[..<cut], label, to: &splits.train, of: counts.train)
      try reader.append(files[cut...], label, to: &splits.test, of: counts.test)
    }
    return try set(reader, folders, splits.train, splits.test)
  }

  /// How many of a class's images are tested on where there are no splits.
  private static func tested(of count: Int) -> Int { max(1, count / 10) }

  /// The folder with the images to test on, of those beside `train`; nil where the folders are
  /// classes.
  ///
  /// - Throws: where there is one of the two splits without the other.
  private static func test(
    beside folders: [String], in path: String
  ) throws(ResultsError) -> String? {
    let splits = folders.filter((["train"] + testNames).contains)
    var classes: [String] = []
    for name in splits { classes += try Self.classes(in: "\(path)/\(name)") }
    if classes.isEmpty { return nil }
    let test = testNames.first(where: splits.contains)
    guard splits.contains("train"), let test else {
      let (there, missing) =
        test.map { ($0, "'train' to train on") }
        ?? ("train", "'test', 'validation' or 'val' to test on")
      throw .unreadable(
        path: path,
        problem: "there is a folder '\(there)' of classes in it, and beside it none called "
          + missing)
    }
    if let other = folders.first(where: { !splits.contains($0) }) {
      throw .unreadable(
        path: "\(path)/\(other)",
        problem: "beside the folders 'train' and '\(test)' it would be a class")
    }
    return test
  }

  /// The folders in a folder, in the order in which classes are numbered.
  private static func classes(in folder: String) throws(ResultsError) -> [String] {
    try names(in: folder).filter { AtomicFile.isFolder("\(folder)/\($0)") }
      .sorted(by: NaturalOrder.precedes)
  }

  private func read(train: String, test: String) throws(ResultsError) -> ImageSet {
    let classes = try Self.classes(in: train)
    let tested = try Self.classes(in: test)
    for (folder, others, own, use) in [
      (train, tested, classes, "train"), (test, classes, tested, "test"),
    ] {
      if let name = others.first(where: { !own.contains($0) }) {
        throw .unreadable(
          path: folder == train ? "\(test)/\(name)" : test,
          problem: "there is no class '\(name)' to \(use) on")
      }
    }
    var reader = Reader()
    var splits = [ImageSet.Split(), ImageSet.Split()]
    for (index, folder) in [train, test].enumerated() {
      var count = 0
      for name in classes { count += try Self.names(in: "\(folder)/\(name)").count }
      for (label, name) in classes.enumerated() {
        try reader.append(
          Self.files(in: "\(folder)/\(name)")[...], label, to: &splits[index], of: count)
      }
    }
    return try set(reader, classes, splits[0], splits[1])
  }

  private func set(
    _ reader: Reader, _ classes: [String], _ train: ImageSet.Split, _ test: ImageSet.Split
  ) throws(ResultsError) -> ImageSet {
    guard let shape = reader.first?.shape, classes.count > 1 else {
      throw .unreadable(
        path: path, problem: "there is one class in it, which leaves nothing to tell apart")
    }
    return ImageSet(shape, classes: classes, train: train, test: test)
  }

  /// The images of a class, in the order of their names.
  private static func files(in folder: String) throws(ResultsError) -> [String] {
    let files = try names(in: folder).map { "\(folder)/\($0)" }
    guard !files.isEmpty else {
      throw .unreadable(path: folder, problem: "there are no images in it")
    }
    if let inner = files.first(where: AtomicFile.isFolder) {
      throw .unreadable(
        path: inner, problem: "it is a folder in the folder of a class, which has images alone")
    }
    return files
  }

  /// What is in a folder and not hidden, in an order that is the same everywhere.
  private static func names(in folder: String) throws(ResultsError) -> [String] {
    // What the system says of it is more than Foundation's error tells.
    guard let opened = opendir(folder) else { throw .lastOfReading(folder) }
    closedir(opened)
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw .unreadable(path: folder, problem: "it is no folder that can be listed")
    }
    let shown = names.filter { !$0.hasPrefix(".") }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    // One that is no UTF-8 is listed by another name, under which nothing is there: it would be
    // passed over in silence.
    for name in shown where name.unicodeScalars.contains("\u{FFFD}") {
      guard AtomicFile.exists("\(folder)/\(name)") else {
        throw .unreadable(path: "\(folder)/\(name)", problem: "its name is no UTF-8")
      }
    }
    return shown
  }
}

/// Reads images that must all have the size of the first one.
private struct Reader {
  private(set) var first: (path: String, shape: ImageShape)?
  private var bytes = 0

  /// - Parameter count: the images of the whole split. There is room for them from the first one
  ///   on: a list that grows takes its memory twice.
  mutating func append(
    _ files: ArraySlice<String>, _ label: Int, to split: inout ImageSet.Split, of count: Int
  ) throws(ResultsError) {
    for path in files {
      let image = try Image.read(path)
      let first = self.first ?? (path, image.shape)
      self.first = first
      guard image.shape == first.shape else {
        throw .unreadable(
          path: path, problem: "it has \(image.shape), and '\(first.path)' \(first.shape)")
      }
      bytes += image.pixels.count
      guard bytes <= ImageSet.largest else {
        throw .unreadable(
          path: path,
          problem: "with it the images have more than \(ImageSet.largest) bytes of pixels, the "
            + "most there may be")
      }
      if split.pixels.isEmpty {
        let (room, overflows) = count.multipliedReportingOverflow(by: image.pixels.count)
        split.pixels.reserveCapacity(overflows ? ImageSet.largest : min(room, ImageSet.largest))
      }
      split.pixels += image.pixels
      split.labels.append(Int32(label))
    }
  }
}
