// Which images an experiment asks for, and which ones it accepts instead.
// Not where they lie: ImageLoader brings that together.

package import Config
package import Images
package import Models

/// Images that an experiment file can name.
package enum ImageDataset: Sendable, Equatable, CustomStringConvertible {
  /// `fashion-mnist`: looked up, else downloaded, its checksums verified.
  case fashionMNIST
  /// `synthetic-shapes`: built in.
  case syntheticShapes(SyntheticShapes = SyntheticShapes())
  /// The path of a folder with MNIST's IDX files, or with PNG and PGM files by class.
  case folder(String)

  /// The words that are not paths.
  package static let names = ["fashion-mnist", "synthetic-shapes"]

  /// The images that `word` names: one of `names`, or a path when there is a slash or a dot in it;
  /// nil for any other word, which is more likely misspelt than a folder.
  package init?(_ word: String) {
    switch word {
    case "fashion-mnist": self = .fashionMNIST
    case "synthetic-shapes": self = .syntheticShapes()
    case _ where ReadType.path(or: Self.names, allowsBare: false).isPath(word):
      self = .folder(word)
    default: return nil
    }
  }

  /// The word or path as it is written in an experiment file.
  package var description: String {
    switch self {
    case .fashionMNIST: "fashion-mnist"
    case .syntheticShapes: "synthetic-shapes"
    case .folder(let path): path
    }
  }
}

/// What an experiment declares: images, and which to use where they cannot be had.
package struct ImageDeclaration: Sendable, Equatable {
  package var dataset: ImageDataset
  /// nil: it is an error when the images cannot be had.
  package var fallback: ImageDataset?
  /// Where they are written, for faults.
  private(set) var mark: Mark?

  package init(_ dataset: ImageDataset, fallback: ImageDataset? = nil) {
    (self.dataset, self.fallback) = (dataset, fallback)
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.dataset == right.dataset && left.fallback == right.fallback
  }
}

extension ImageDeclaration {
  /// Reads the section `dataset`; a word that names nothing is a fault.
  init(_ options: Section) {
    let section = options.section("dataset", bareKey: "name", "the images to read")
    let name = section.read(
      "name", .path(or: ImageDataset.names, allowsBare: false), default: "fashion-mnist",
      "fashion-mnist, synthetic-shapes, or a folder's path: with MNIST's IDX files, or with PNG "
        + "and PGM files in a folder for each class")
    let fallback = section.read(
      "fallback", .path(or: ImageDataset.names, allowsBare: false), absent: "an error",
      "what to use where those cannot be had")
    // Of what cannot be read nothing is known, as of a folder.
    let dataset =
      section.hasFault("name") || section.isMuted ? nil : Self.dataset(name, "name", section)
    self.init(
      dataset ?? .folder(name),
      fallback: fallback.flatMap { Self.dataset($0, "fallback", section) })
    mark = section.mark(of: "name") ?? section.mark
  }

  private static func dataset(_ word: String, _ key: String, _ section: Section) -> ImageDataset? {
    if let dataset = ImageDataset(word) { return dataset }
    if Dataset.names.contains(word) {
      section.fault(
        key, because: .rule("'\(word)' is a text, which the workload '\(Train.word)' reads"))
      return nil
    }
    section.fault(
      key,
      because: .unknownWord(
        word, path: section.path(of: key),
        choices: [
          Choice("fashion-mnist", "70,000 pictures of clothes, in ten classes"),
          Choice("synthetic-shapes", "built-in pictures of ten shapes"),
          Choice("./FOLDER", "MNIST's IDX files, or PNG and PGM files in a folder for each class"),
        ]))
    return nil
  }

  /// Reports images that are not there, or none; but for those that a run may download.
  package func check(_ error: DataError) throws(Faults) {
    // A run may download them.
    guard let mark, error.notDownloaded == nil else { return }
    throw Faults([Fault(.rule(error.summary), at: mark)])
  }
}

/// What is known of images once they are read: what a model must be built for.
package struct ImageFacts: Equatable, Sendable {
  package let size: ImageSize
  package let classes: Int
  /// Images to train on and to test on.
  package let train, test: Int

  package init(size: ImageSize, classes: Int, train: Int = 0, test: Int = 0) {
    (self.size, self.classes, self.train, self.test) = (size, classes, train, test)
  }

  package init(_ images: ImageSet) {
    self.init(
      size: images.shape.size, classes: images.classes.count, train: images.train.count,
      test: images.test.count)
  }

  /// What is assumed of images that cannot be had.
  package static let usual = ImageFacts(
    size: ImageSize(height: 28, width: 28, channels: 1), classes: 10)
  /// How many of them are assumed to be held out, as of MNIST; checks of what is there take none.
  package static let usualHeldOut = 10_000
}

extension ImageDataset {
  /// What is known of the images before they are read; nil of a folder.
  var facts: ImageFacts? {
    if case .folder = self { nil } else { .usual }
  }
}

/// Published images in the form of MNIST, and what proves that files are they.
package struct KnownImages: Sendable, Equatable {
  /// The word in an experiment file, and the folder below a data folder.
  package var name: String
  /// The package of Debian that has them, and the folder that it puts folders like `name` into.
  package var package: String
  package var packageFolder: String
  /// The folder on the web that they are published in.
  package var address: String
  /// Their names, by label.
  package var classes: [String]
  /// What is published, and what proves that files are it.
  package var files: [IDXFolder.Part: File]

  /// One of the four files.
  package struct File: Sendable, Equatable {
    /// Its size as it is published, packed.
    package let bytes: Int
    package let unpackedBytes: Int
    /// SHA-256 of the unpacked file: distributions pack them anew.
    package let sha256: String

    package init(bytes: Int, unpackedBytes: Int, sha256: String) {
      (self.bytes, self.unpackedBytes, self.sha256) = (bytes, unpackedBytes, sha256)
    }
  }

  var hashes: [IDXFolder.Part: String] { files.mapValues(\.sha256) }

  /// Bytes of a download of all of them.
  package var bytes: Int { files.values.reduce(0) { $0 + $1.bytes } }

  /// Where one of them is found, and what proves that it is the right one.
  func remoteFile(_ part: IDXFolder.Part, _ file: File) -> RemoteFile {
    RemoteFile(
      address: "\(address)/\(part.packedName)", bytes: file.bytes, sha256: file.sha256,
      unpackedBytes: file.unpackedBytes)
  }

  /// Fashion-MNIST: 60,000 and 10,000 grey images of 28 x 28 pixels in ten classes (Xiao, Rasul &
  /// Vollgraf 2017, arXiv 1708.07747).
  package static let fashionMNIST = KnownImages(
    name: "fashion-mnist", package: "dataset-fashion-mnist", packageFolder: "/usr/share/datasets",
    address: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    classes: [
      "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
      "Ankle boot",
    ],
    files: [
      .trainImages: File(
        bytes: 26_421_880, unpackedBytes: 47_040_016,
        sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
      .trainLabels: File(
        bytes: 29_515, unpackedBytes: 60_008,
        sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
      .testImages: File(
        bytes: 4_422_102, unpackedBytes: 7_840_016,
        sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
      .testLabels: File(
        bytes: 5148, unpackedBytes: 10_008,
        sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ])
}
