// From a declaration to images: lookup, checksums, fallbacks, wording.

import Foundation
import Images
import Records
import TestSupport
import Testing
import Workloads

@Suite struct ImageLoaderTests {
  private let folder: TemporaryFolder
  /// Two images of a pixel to train on and one to test on, in the form of MNIST.
  private static let files: [(part: IDXFolder.Part, dimensions: Int, bytes: [UInt8])] = [
    (.trainImages, 3, [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 8]),
    (.trainLabels, 1, [0, 0, 8, 1, 0, 0, 0, 2, 1, 0]),
    (.testImages, 3, [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9]),
    (.testLabels, 1, [0, 0, 8, 1, 0, 0, 0, 1, 1]),
  ]

  init() throws { folder = try TemporaryFolder() }

  private func write(to name: String, changing changed: IDXFolder.Part? = nil) throws {
    let target = folder.file(name)
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    for (part, dimensions, bytes) in Self.files {
      let file = "\(target)/\(part.rawValue)-idx\(dimensions)-ubyte"
      let changes: [UInt8] = part == changed ? [0] : []
      try Data(bytes.dropLast(changes.count) + changes).write(to: URL(filePath: file))
    }
  }

  /// Looks in the test's folder alone.
  private func loader(
    dataDirectory: String? = nil, _ environment: [String: String] = [:]
  ) -> ImageLoader {
    var known = KnownImages.fashionMNIST
    known.packageFolder = folder.file("package")
    known.classes = ["left", "right"]
    known.files = Dictionary(
      uniqueKeysWithValues: Self.files.map { part, _, bytes in
        let size = bytes.count
        return (part, .init(bytes: size, unpackedBytes: size, sha256: SHA256.hex(bytes)))
      })
    return ImageLoader(
      locations: DataLocations(
        dataDirectory: dataDirectory, offline: true, environment: environment,
        baseDirectory: folder.path),
      download: Download(environment: [:]), fashionMNIST: known)
  }

  private func fault(_ loader: ImageLoader, _ declaration: ImageDeclaration) -> String {
    do {
      _ = try loader.load(declaration)
      return "nothing"
    } catch {
      return "\(error)".replacing(folder.path, with: "F")
    }
  }

  @Test func `the option comes first, then the variable, the package and the cache`() throws {
    let places =
      ["option/fashion-mnist", "option", "variable", "package/fashion-mnist"]
      + ["xdg/runexp/fashion-mnist"]
    for place in places { try write(to: place) }
    let loader = loader(
      dataDirectory: "option",
      ["RUNEXP_DATA": "variable", "XDG_CACHE_HOME": folder.file("xdg")])
    for place in places {
      let found = try loader.load(ImageDeclaration(.fashionMNIST))
      #expect(found.path == folder.file(place))
      #expect(found.name == "fashion-mnist" && found.requested == found.name)
      #expect(found.images.classes == ["left", "right"] && found.images.train.labels == [1, 0])
      #expect(found.note == nil && found.warnings.isEmpty)
      for (part, dimensions, _) in Self.files {
        try FileManager.default.removeItem(
          atPath: "\(folder.file(place))/\(part.rawValue)-idx\(dimensions)-ubyte")
      }
    }
    #expect(
      fault(loader, ImageDeclaration(.fashionMNIST)) == """
        data set 'fashion-mnist' is not available: it was not found and downloading is switched off \
        (--offline or RUNEXP_OFFLINE)
        note: looked in 'F/option' (--data-dir) for fashion-mnist/train-images-idx3-ubyte.gz
        note: looked in 'F/variable' (RUNEXP_DATA) for fashion-mnist/train-images-idx3-ubyte.gz
        note: looked in 'F/package' (dataset-fashion-mnist) for \
        fashion-mnist/train-images-idx3-ubyte.gz
        note: looked in 'F/xdg/runexp' (cache) for fashion-mnist/train-images-idx3-ubyte.gz
        help: apt-get install dataset-fashion-mnist, or put its four IDX files into \
        'F/xdg/runexp/fashion-mnist', or set RUNEXP_DATA to a folder that holds \
        fashion-mnist with its four IDX files, or declare a fallback: dataset: \
        {name: fashion-mnist, fallback: synthetic-shapes}
        """)
  }

  @Test func `files that are others are passed over with a warning`() throws {
    try write(to: "option", changing: .testImages)
    try write(to: "package")
    let found = try loader(dataDirectory: "option").load(ImageDeclaration(.fashionMNIST))
    #expect(found.path == folder.file("package"))
    let warning = try #require(found.warnings.first).replacing(folder.path, with: "F")
    #expect(
      warning.hasPrefix(
        "'F/option' (--data-dir) is passed over: could not read "
          + "'F/option/t10k-images-idx3-ubyte': its 17 unpacked bytes have sha256 "))
  }

  @Test func `where there are no others, the error says what is wrong with those`() throws {
    try write(to: "option", changing: .testImages)
    let fault = fault(loader(dataDirectory: "option"), ImageDeclaration(.fashionMNIST))
    #expect(
      fault.contains(
        "\nnote: 'F/option' (--data-dir) is passed over: could not read "
          + "'F/option/t10k-images-idx3-ubyte': its 17 unpacked bytes have sha256 "))
  }

  @Test func `a fallback stands in for what is missing, and says so`() throws {
    let shapes = SyntheticShapes(train: 10, test: 10)
    let found = try loader().load(
      ImageDeclaration(.fashionMNIST, fallback: .syntheticShapes(shapes)))
    #expect(found.name == "synthetic-shapes" && found.requested == "fashion-mnist")
    #expect(found.images == shapes.images() && found.path == nil)
    #expect(
      found.note == "using the fallback 'synthetic-shapes': 'fashion-mnist' was not found on this "
        + "machine and not downloaded: downloading is switched off (--offline or RUNEXP_OFFLINE); its accuracies do not compare with those on 'fashion-mnist'"
    )
    let missing = try loader().load(
      ImageDeclaration(.folder("./none"), fallback: .syntheticShapes(shapes)))
    #expect(missing.note?.contains("there is no folder '\(folder.path)/none'") == true)
  }

  @Test func `a fallback does not stand in for what is wrong`() throws {
    try write(to: "mine")
    let declaration = ImageDeclaration(.folder("./mine"), fallback: .syntheticShapes())
    let found = try loader().load(declaration)
    #expect(found.name == "mine" && found.images.classes == ["0", "1"])
    try Data([1]).write(to: URL(filePath: folder.file("mine/train-images-idx3-ubyte")))
    #expect(
      fault(loader(), declaration)
        == "could not read 'F/mine/train-images-idx3-ubyte': it is no IDX file of bytes in 3 "
        + "dimensions: it begins with 01, not 00 00 08 03")
    #expect(
      fault(loader(), ImageDeclaration(.folder("./none")))
        == "there is no folder 'F/none'. A relative path starts at the folder of the experiment "
        + "file that it is written in, one of the command line at the current folder")
  }

  /// Loads images for a run that was begun with these, and refuses others.
  private func pinned(to planned: [LoadedImages]) -> ImageLoader {
    var data = DatasetLoader(
      locations: DataLocations(environment: [:], baseDirectory: folder.path),
      download: Download(environment: [:]))
    data.planned = planned.map(\.record)
    data.isPinned = true
    var images = data.images
    images.fashionMNIST = loader().fashionMNIST
    return images
  }

  @Test func `each declaration keeps the fallback that its run was begun with`() throws {
    try write(to: "pictures")
    let shapes = SyntheticShapes(train: 10, test: 10)
    let declarations = [
      ImageDeclaration(.fashionMNIST, fallback: .syntheticShapes(shapes)),
      ImageDeclaration(.fashionMNIST, fallback: .folder("./pictures")),
    ]
    let begun = try declarations.map { try loader().load($0) }
    let again = try declarations.map { try pinned(to: begun).load($0) }
    #expect(again.map(\.name) == ["synthetic-shapes", "pictures"])
    #expect(again.map(\.images) == begun.map(\.images))
    #expect(pinned(to: begun).known(ImageDeclaration(.fashionMNIST)) == nil)
  }

  @Test func `a folder is known by its path, whatever its name`() throws {
    try write(to: "mine/fashion-mnist")
    try write(to: "package/fashion-mnist")
    let (own, published) = (
      ImageDeclaration(.folder("./mine/fashion-mnist")), ImageDeclaration(.fashionMNIST)
    )
    let begun = try loader().load(own)
    #expect(begun.name == "./fashion-mnist")
    #expect(pinned(to: [begun]).known(published) == nil)
    #expect(pinned(to: [begun]).known(own) == begun.record)
    let other = try pinned(to: [begun, loader().load(published)]).load(published)
    #expect(other.path == folder.file("package/fashion-mnist"))
  }

  @Test func `a folder with a name that readers of tables take for more is a path`() throws {
    for (name, expected) in [("NA", "./NA"), ("007", "./007"), ("digits", "digits")] {
      try write(to: name)
      #expect(try loader().load(ImageDeclaration(.folder("./\(name)"))).name == expected)
    }
  }

  @Test func `words and paths are told apart`() {
    #expect(ImageDataset("fashion-mnist") == .fashionMNIST)
    #expect(ImageDataset("synthetic-shapes") == .syntheticShapes())
    #expect(ImageDataset("./digits") == .folder("./digits"))
    #expect(ImageDataset("fashion_mnist") == nil)
  }

  /// Where Debian's package is installed, or the data folder has its files.
  @Test func `the real images are 60,000 and 10,000`() throws {
    let loader = ImageLoader(
      locations: DataLocations(
        offline: true, environment: ProcessInfo.processInfo.environment,
        baseDirectory: folder.path),
      download: Download(environment: [:]))
    guard let found = try? loader.load(ImageDeclaration(.fashionMNIST)) else { return }
    #expect(found.images.train.count == 60_000 && found.images.test.count == 10_000)
    #expect(found.images.shape == ImageShape(height: 28, width: 28, channels: 1))
    for label in Int32(0)..<10 {
      #expect(found.images.train.labels.count { $0 == label } == 6000)
    }
  }
}
