// Data sets of images: MNIST's four files, and folders of images by class.

import Foundation
import Images
import MutatedImages
import TestSupport
import Testing

@Suite struct ImageSetTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ files: [(name: String, bytes: [UInt8])]) throws {
    for (name, bytes) in files { try folder.write(bytes, to: name) }
  }

  private func fault() -> String {
    problem { _ = try ImageSet.read(folder.path) }
      .replacing(folder.path, with: "F")
  }

  private func image(_ value: UInt8) -> [UInt8] {
    PNGSample.grey(width: 2, height: 1, [value, 0])
  }

  @Test func `the four files of MNIST are a data set, packed or not`() throws {
    try write(IDXSample.folder)
    let plain = try ImageSet.read(folder.path)
    #expect(plain.shape == ImageShape(height: 2, width: 3, channels: 1))
    #expect(plain.classes == ["0", "1", "2"])
    #expect(plain.train.labels == [1, 0, 2] && plain.train.pixels == Array(0..<18))
    #expect(plain.test.labels == [2, 2] && plain.test.pixels == Array(100..<112))

    let packed = try TemporaryFolder()
    for (name, bytes) in IDXSample.folder {
      let old = name.replacing("-idx", with: ".idx")
      try packed.write(GzipSample.bytes(bytes), to: old + ".gz")
    }
    #expect(try ImageSet.read(packed.path) == plain)
    let named = try #require(IDXFolder(packed.path)).read(classes: ["a", "b", "c"])
    #expect(named.classes == ["a", "b", "c"] && named.sha256 != plain.sha256)
  }

  @Test func `files with other bytes than are known are refused`() throws {
    try write(IDXSample.folder)
    let files = try #require(IDXFolder(folder.path))
    let text = problem { _ = try files.read(hashes: [.testLabels: "0ff"]) }
    let file = "\(folder.path)/t10k-labels-idx1-ubyte"
    #expect(text.hasPrefix("could not read '\(file)': its 10 unpacked"))
    #expect(text.hasSuffix("not 0ff"))
  }

  private static let misfits: [(String, [UInt8], String)] = [
    ("train-labels-idx1-ubyte", IDXSample.bytes([2], [1, 0]), "it has 2 labels for 3 images"),
    (
      "t10k-images-idx3-ubyte", IDXSample.bytes([2, 3, 2], Array(0..<12)),
      "its images have 3 x 2 grey pixels, those to train on 2 x 3 grey pixels"
    ),
    (
      "t10k-labels-idx1-ubyte", IDXSample.bytes([2], [2, 3]),
      "it has the label 3, and there are 3 classes"
    ),
    (
      "train-labels-idx1-ubyte", IDXSample.bytes([3], [2, 2, 2]),
      "there is one class in it, which leaves nothing to tell apart"
    ),
    ("train-images-idx3-ubyte", IDXSample.bytes([0, 2, 3], []), "there are no images in it"),
    (
      "train-images-idx3-ubyte", IDXSample.bytes([1, 5000, 1], Array(repeating: 0, count: 5000)),
      "its header says 5000 x 1 pixels; each side must have 1 to 4096"
    ),
    // Of a header that says anything it is said what follows, however much it asks for.
    (
      "train-images-idx3-ubyte", IDXSample.bytes([4_000_000_000, 28, 28], [1, 2]),
      "its header says 4000000000 x 28 x 28 bytes, and 2 follow"
    ),
    (
      "train-labels-idx1-ubyte", IDXSample.bytes([4_000_000_000], [1, 0, 2]),
      "its header says 4000000000 bytes, and 3 follow"
    ),
  ]

  @Test(arguments: misfits)
  func `files that do not fit together say so`(name: String, bytes: [UInt8], expected: String)
    throws
  {
    try write(IDXSample.folder)
    try folder.write(bytes, to: name)
    #expect(fault() == "could not read 'F/\(name)': \(expected)")
  }

  @Test func `what is packed is held to its header before it is unpacked`() throws {
    let zeros = GzipSample.bytes([UInt8](repeating: 0, count: 60_000))
    let images = IDXSample.bytes([3, 2, 3], Array(0..<18))
    let labels = IDXSample.bytes([3], [1, 0, 2])
    let cases: [(name: String, bytes: [UInt8], expected: String)] = [
      // More follows, however much that is.
      (
        "train-images-idx3-ubyte.gz", GzipSample.bytes(images) + zeros + zeros,
        "more than 34 bytes come out of it, as many as its header says"
      ),
      (
        "train-labels-idx1-ubyte.gz", GzipSample.bytes(labels) + zeros,
        "more than 11 bytes come out of it, as many as its header says"
      ),
      // So much cannot follow, or is not read.
      (
        "train-images-idx3-ubyte.gz", GzipSample.bytes(IDXSample.bytes([60_000, 28, 28], [1])),
        "its header says 60000 x 28 x 28 bytes, which 40 packed ones cannot hold"
      ),
      (
        "train-labels-idx1-ubyte.gz", GzipSample.bytes(IDXSample.bytes([60_000], [1])),
        "its header says 60000 bytes, which 32 packed ones cannot hold"
      ),
      (
        "train-images-idx3-ubyte.gz",
        GzipSample.bytes(IDXSample.bytes([60_000, 100_000, 100_000], [1])),
        "its header says 60000 x 100000 x 100000 bytes, and 1073741824 are read at most"
      ),
      (
        "train-images-idx3-ubyte.gz", zeros,
        "it is no IDX file of bytes in 3 dimensions: it begins with 00 00 00 00, not 00 00 08 03"
      ),
      (
        "train-images-idx3-ubyte.gz", GzipSample.bytes([0, 0, 8, 3, 0]), "it ends within its header"
      ),
      (
        "train-images-idx3-ubyte.gz", Array(GzipSample.bytes(images).dropLast(3)),
        "its compressed data end early"
      ),
      ("train-images-idx3-ubyte.gz", [0x1F, 0x8B], "its compressed data end early"),
    ]
    for (name, bytes, expected) in cases {
      try write(IDXSample.folder)
      try FileManager.default.removeItem(atPath: folder.file(String(name.dropLast(3))))
      try folder.write(bytes, to: name)
      #expect(fault() == "could not read 'F/\(name)': \(expected)")
      try FileManager.default.removeItem(atPath: folder.file(name))
    }
    // All images of a data set together are held to the most that it may have.
    try write(IDXSample.folder)
    let test = "t10k-images-idx3-ubyte"
    try FileManager.default.removeItem(atPath: folder.file(test))
    let most = GzipSample.bytes(IDXSample.bytes([1 << 20, 32, 32], [1]))
    try folder.write(most + [UInt8](repeating: 0, count: 1_100_000), to: test + ".gz")
    #expect(
      fault() == "could not read 'F/\(test).gz': its header says 1048576 x 32 x 32 bytes, and "
        + "1073741806 are left of the 1073741824 that a data set may have")
    try FileManager.default.removeItem(atPath: folder.file(test + ".gz"))
    // Labels of other images are told of before these are unpacked, damaged as they are.
    try write(IDXSample.folder)
    try FileManager.default.removeItem(atPath: folder.file("train-images-idx3-ubyte"))
    let four = IDXSample.bytes([4, 2, 3], Array(0..<24))
    try folder.write(Array(GzipSample.bytes(four).dropLast(3)), to: "train-images-idx3-ubyte.gz")
    #expect(
      fault() == "could not read 'F/train-labels-idx1-ubyte': it has 3 labels for 4 images")
  }

  @Test func `a file that is missing is named`() throws {
    try write(Array(IDXSample.folder[..<3]))
    #expect(
      fault() == "could not read 'F': there is a train-images-idx3-ubyte, and no "
        + "t10k-labels-idx1-ubyte")
  }

  @Test func `folders are classes, and the last tenth of each is tested on`() throws {
    for index in 0..<20 { try folder.write(image(UInt8(index)), to: "cat/\(10 + index).png") }
    try write([("ant/b", image(200)), ("ant/a.pgm", Array("P5 2 1 255\n".utf8) + [100, 0])])
    try write([(".hidden/x", [1]), ("ant/.x", [1]), ("list.txt", [1])])
    let set = try ImageSet.read(folder.path)
    #expect(set.shape == ImageShape(height: 1, width: 2, channels: 1))
    #expect(set.classes == ["ant", "cat"])
    #expect(set.train.labels == [0] + [Int32](repeating: 1, count: 18))
    #expect(set.test.labels == [0, 1, 1])
    #expect(set.test.pixels == [200, 0, 18, 0, 19, 0])
  }

  @Test func `classes are numbered by the numbers in their names, as their bytes else are`() throws
  {
    let long = String(repeating: "9", count: 40)
    let names = [
      "0", "1", "2", "09", "9", "10", "11", long, "1" + long, "B", "a", "a-b", "a2", "a2b", "a02c",
      "a10", "a10b2", "a10b11", "ab",
    ]
    for name in names.shuffled() {
      try write([("whole/\(name)/1", image(1)), ("whole/\(name)/2", image(2))])
      try write([("split/train/\(name)/1", image(1)), ("split/test/\(name)/1", image(2))])
    }
    for folder in ["whole", "split"] {
      #expect(try ImageSet.read(self.folder.file(folder)).classes == names)
    }
  }

  @Test func `images take their memory once, not that of a list that grows`() throws {
    let pixels = [UInt8](repeating: 1, count: 64 * 64)
    let image = PNGSample.grey(width: 64, height: 64, pixels)
    for name in ["a", "b"] {
      for index in 10..<30 { try folder.write(image, to: "\(name)/\(index).png") }
    }
    let whole = try ImageSet.read(folder.path)
    for index in 10..<30 {
      for name in ["a", "b"] { try folder.write(image, to: "c/train/\(name)/\(index).png") }
    }
    for name in ["a", "b"] { try folder.write(image, to: "c/test/\(name)/1.png") }
    let split = try ImageSet.read(folder.file("c"))
    for (images, count) in [(whole.train, 36), (whole.test, 4), (split.train, 40), (split.test, 2)]
    {
      #expect(images.count == count)
      // The allocator rounds to pages.
      #expect(images.pixels.capacity < images.pixels.count + 8192)
    }
  }

  @Test func `a folder that cannot be listed has the system's word for it`() throws {
    let path = folder.file("loop")
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
    let text = problem { _ = try ImageSet.read(path) }
    #expect(text == "could not read '\(path)': too many levels of symbolic links")
  }

  @Test(.enabled(if: geteuid() != 0)) func `nor can a class without permission`() throws {
    try write([("a/1", image(1)), ("a/2", image(1)), ("b/1", image(1)), ("b/2", image(1))])
    try #require(chmod(folder.file("b"), 0) == 0)
    defer { chmod(folder.file("b"), 0o700) }
    #expect(fault() == "could not read 'F/b': permission denied")
  }

  @Test func `a name that is no UTF-8 is refused, and its class not passed over`() throws {
    for name in ["a/1", "a/2", "b/1", "b/2"] { try folder.write(image(1), to: name) }
    let name =
      folder.file("c").utf8.map { CChar(truncatingIfNeeded: $0) }
      + [CChar(truncatingIfNeeded: 0xFF), 0]
    try #require(mkdir(name, 0o700) == 0)
    defer { rmdir(name) }
    #expect(fault() == "could not read 'F/c\u{FFFD}': its name is no UTF-8")
  }

  @Test func `folders called train and test are the splits`() throws {
    try write([
      ("train/a/1", image(1)), ("train/b/1", image(2)), ("train/b/2", image(3)),
      ("val/b/1", image(4)), ("val/a/1", image(5)),
    ])
    let set = try ImageSet.read(folder.path)
    #expect(set.classes == ["a", "b"] && set.train.labels == [0, 1, 1])
    #expect(set.test.labels == [0, 1] && set.test.pixels == [5, 0, 4, 0])
    try write([("test/a/1", image(6)), ("test/b/1", image(7))])
    #expect(try ImageSet.read(folder.path).test.pixels == [6, 0, 7, 0])
  }

  @Test func `a split that lacks a class, or has one more, is refused with its name`() throws {
    try write([
      ("train/a/1", image(1)), ("train/b/1", image(2)), ("test/b/1", image(4)),
    ])
    #expect(fault() == "could not read 'F/test': there is no class 'a' to test on")
    try write([("test/a/1", image(5)), ("test/c/1", image(5))])
    #expect(fault() == "could not read 'F/test/c': there is no class 'c' to train on")
    try folder.write(image(5), to: "train/c/1")
    #expect(try ImageSet.read(folder.path).classes == ["a", "b", "c"])
    try folder.write(image(5), to: "d/1")
    #expect(
      fault()
        == "could not read 'F/d': beside the folders 'train' and 'test' it would be a class")
  }

  @Test func `one split without the other is refused`() throws {
    try write([("train/a/1", image(1)), ("train/b/1", image(2))])
    #expect(
      fault() == "could not read 'F': there is a folder 'train' of classes in it, and beside it "
        + "none called 'test', 'validation' or 'val' to test on")
    // One without classes lacks all of them.
    try folder.write(image(1), to: "test/1.png")
    #expect(fault() == "could not read 'F/test': there is no class 'a' to test on")
    try FileManager.default.removeItem(atPath: folder.file("train"))
    try write([("test/a/1", image(1))])
    #expect(
      fault() == "could not read 'F': there is a folder 'test' of classes in it, and beside it "
        + "none called 'train' to train on")
  }

  @Test func `a folder that is no data set says why`() throws {
    #expect(
      fault() == "could not read 'F': there are neither MNIST's IDX files nor folders of images in "
        + "it, one a class")
    try folder.write(image(1), to: "a/1.png")
    #expect(
      fault() == "could not read 'F/a': a class needs an image to train on and one to test on, and "
        + "there is one in it")
    try folder.write(image(1), to: "a/2.png")
    #expect(
      fault() == "could not read 'F': there is one class in it, which leaves nothing to tell apart")
    try folder.write(image(1), to: "a/b/1.png")
    #expect(
      fault() == "could not read 'F/a/b': it is a folder in the folder of a class, which has "
        + "images alone")
    try FileManager.default.removeItem(atPath: folder.file("a/b"))
    try folder.write(image(1), to: "b/1.png")
    try folder.write(PNGSample.grey(width: 1, height: 1, [0]), to: "b/2.png")
    #expect(
      fault() == "could not read 'F/b/2.png': it has 1 x 1 grey pixels, and 'F/a/1.png' 1 x 2 grey "
        + "pixels")
    try folder.write(Array("notes".utf8), to: "b/2.png")
    #expect(
      fault() == "could not read 'F/b/2.png': it is neither a PNG nor a PGM: it begins with "
        + "6e 6f 74 65 73")
  }
}
