// Downloads of images against a server on this machine: four packed files, all of them verified
// before any is kept.

import Foundation
import Images
import Records
import Synchronization
import Testing
import Workloads

@Suite(.timeLimit(.minutes(30))) struct ImageDownloadTests {
  typealias Part = IDXFolder.Part
  private static let kept = "xdg/runexp/fashion-mnist"
  private let folder: DataTestFolder
  /// Two images of a pixel to train on and one to test on, with the CRC-32 of their bytes.
  private static let contents: [(part: Part, bytes: [UInt8], checksum: UInt32)] = [
    (.trainImages, [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 8], 0xBB36_FCCC),
    (.trainLabels, [0, 0, 8, 1, 0, 0, 0, 2, 1, 0], 0x8C87_9D58),
    (.testImages, [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9], 0x3E5E_299F),
    (.testLabels, [0, 0, 8, 1, 0, 0, 0, 1, 1], 0x70A6_88BB),
  ]

  init() throws { folder = try DataTestFolder() }

  /// A gzip file of one block that is stored as it is.
  private static func packed(_ part: Part) throws -> [UInt8] {
    let (_, bytes, checksum) = try #require(contents.first { $0.part == part })
    func little(_ value: UInt32, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    }
    let size = UInt32(bytes.count)
    return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 1] + little(size, 2) + little(~size, 2) + bytes
      + little(checksum, 4) + little(size, 4)
  }

  /// What a server has, but for one file.
  private func behaviours(
    _ changed: Part? = nil, _ behaviour: DataTestServer.Behaviour = .status(404)
  ) throws -> [String: DataTestServer.Behaviour] {
    try Dictionary(
      uniqueKeysWithValues: Part.allCases.map { part in
        ("/\(part.packedName)", part == changed ? behaviour : .body(try Self.packed(part)))
      })
  }

  private func loader(
    _ server: DataTestServer, cache: String = "xdg", offline: Bool = false
  ) -> ImageLoader {
    var known = KnownImages.fashionMNIST
    known.packageFolder = folder.path + "/package"
    known.address = server.address("")
    known.classes = ["left", "right"]
    known.files = Dictionary(
      uniqueKeysWithValues: Self.contents.map { part, bytes, _ in
        let size = bytes.count
        return (part, .init(bytes: size + 23, unpackedBytes: size, sha256: SHA256.hex(bytes)))
      })
    var environment = ProcessInfo.processInfo.environment
    environment["no_proxy"] = "127.0.0.1"
    var download = Download(environment: environment)
    download.retries = 0
    // A server in this process answers when the machine gives it time to.
    (download.connectTimeout, download.stallTimeout, download.totalTimeout) = (1000, 1000, 1000)
    return ImageLoader(
      locations: DataLocations(
        offline: offline,
        environment: ["XDG_CACHE_HOME": cache.hasPrefix("/") ? cache : "\(folder.path)/\(cache)"],
        baseDirectory: folder.path),
      download: download, fashionMNIST: known)
  }

  private let declaration = ImageDeclaration(.fashionMNIST)

  private func failure(_ server: DataTestServer) throws -> String {
    let loader = loader(server)
    let error = #expect(throws: DataError.self) { try loader.load(declaration) }
    // Nothing is kept of files that are not all there.
    #expect(try folder.files() == [])
    let failure = try #require(error?.notDownloaded?.failure)
    return "\(failure)".replacing(server.address(""), with: "A")
  }

  @Test func `images are verified, kept in the cache and found there the next time`() throws {
    let server = try DataTestServer(behaviours())
    defer { server.stop() }
    let seen = Mutex<[Int]>([])
    let sizes = try Part.allCases.map { try Self.packed($0).count }
    let total = sizes.reduce(0, +)
    let first = try loader(server).load(declaration) { received, expected in
      #expect(expected == total)
      seen.withLock { $0.append(received) }
    }
    let kept = "\(folder.path)/\(Self.kept)"
    #expect(first.source == .downloaded(address: server.address(""), path: kept))
    #expect(first.images.train.labels == [1, 0] && first.images.test.pixels == [9])
    #expect(first.images.classes == ["left", "right"] && first.warnings.isEmpty)
    let progress = seen.withLock { $0 }
    #expect(progress == progress.sorted() && progress.last == total)
    #expect(
      try folder.files() == Part.allCases.map { "\(Self.kept)/\($0.packedName)" }.sorted())

    let second = try loader(server).load(declaration)
    #expect(second.source == .file(path: kept) && second.images == first.images)
    #expect(server.requests == 4)
  }

  @Test func `a damaged file in the cache is replaced`() throws {
    let server = try DataTestServer(behaviours())
    defer { server.stop() }
    for part in Part.allCases {
      try folder.write(
        Self.packed(part).dropLast(part == .testImages ? 3 : 0),
        to: "\(Self.kept)/\(part.packedName)")
    }
    let found = try loader(server).load(declaration)
    #expect(found.images.test.pixels == [9] && found.warnings.count == 1)
    #expect(found.warnings[0].contains("t10k-images-idx3-ubyte.gz': its compressed data end early"))
    #expect(try loader(server).load(declaration).warnings.isEmpty)
    #expect(server.requests == 4)
  }

  @Test func `a damaged file that is not packed is replaced as well`() throws {
    let server = try DataTestServer(behaviours())
    defer { server.stop() }
    for part in Part.allCases {
      try folder.write([1, 2, 3], to: "\(Self.kept)/\(part.names[0])")
    }
    #expect(try loader(server).load(declaration).warnings.count == 1)
    #expect(try loader(server).load(declaration).warnings.isEmpty)
    #expect(server.requests == 4)
  }

  @Test(arguments: [Part.trainImages, .testLabels])
  func `a file that is missing is named, and nothing is kept`(part: Part) throws {
    let server = try DataTestServer(behaviours(part))
    defer { server.stop() }
    #expect(
      try failure(server) == "the server answered with status 404 for A/\(part.packedName)")
  }

  @Test func `a file of other contents is refused`() throws {
    var other = try Self.packed(.trainLabels)
    other[11 + 4 + 9] = 1
    other.replaceSubrange(other.count - 8..<other.count - 4, with: [0xCE, 0xAD, 0x80, 0xFB])
    let server = try DataTestServer(behaviours(.trainLabels, .body(other)))
    defer { server.stop() }
    let contents: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 1, 1]
    #expect(
      try failure(server)
        == "what lies at A/train-labels-idx1-ubyte.gz is not the file expected: it has 10 "
        + "unpacked bytes with sha256 \(SHA256.hex(contents)), not 10 with "
        + SHA256.hex(Self.contents[1].bytes))
  }

  @Test func `a file that cannot be unpacked, or unpacks to more, is refused`() throws {
    for (bytes, problem) in [
      (try Self.packed(.testLabels).dropLast(4), "its compressed data end early"),
      (
        try Self.packed(.testImages), "more than 9 bytes come out of it, the most that are read"
      ),
    ] {
      let server = try DataTestServer(behaviours(.testLabels, .body(Array(bytes))))
      defer { server.stop() }
      #expect(
        try failure(server) == "what lies at A/t10k-labels-idx1-ubyte.gz is not the file "
          + "expected: \(problem)")
    }
  }

  @Test func `a page instead of a file is refused by its size and hash`() throws {
    let page = Array("a login page".utf8)
    let server = try DataTestServer(behaviours(.trainImages, .body(page)))
    defer { server.stop() }
    #expect(
      try failure(server).hasPrefix(
        "what lies at A/train-images-idx3-ubyte.gz is not the file expected: it has 12 unpacked "
          + "bytes with sha256 \(SHA256.hex(page)), not 18 with "))
  }

  @Test func `a cache that cannot be written leaves the images usable`() throws {
    let server = try DataTestServer(behaviours())
    defer { server.stop() }
    let found = try loader(server, cache: "/dev/null/cache").load(declaration)
    #expect(found.source == .downloaded(address: server.address(""), path: nil))
    #expect(found.images.train.count == 2 && found.path == nil)
    #expect(
      found.warnings == [
        "the download is not kept, and each cell of a run downloads anew: "
          + "'/dev/null/cache/runexp/fashion-mnist/t10k-labels-idx1-ubyte.gz' could not be "
          + "written: not a directory"
      ])
  }

  @Test func `a cache that is full leaves no folder that would be taken for the images`() throws {
    let server = try DataTestServer(behaviours())
    defer { server.stop() }
    // A folder in the place of the file that is written last.
    try folder.write([1], to: "\(Self.kept)/train-images-idx3-ubyte.gz/other")
    let found = try loader(server).load(declaration)
    #expect(found.images.train.count == 2 && found.path == nil)
    #expect(found.warnings.last?.hasSuffix("could not be written: is a directory") == true)
    #expect(try folder.files().allSatisfy { !$0.contains(".partial") })
  }

  @Test func `where downloading is off, or fails, the fallback stands in and says why`() throws {
    let server = try DataTestServer([:])
    defer { server.stop() }
    let shapes = SyntheticShapes(train: 10, test: 10)
    let declaration = ImageDeclaration(.fashionMNIST, fallback: .syntheticShapes(shapes))
    let off = try loader(server, offline: true).load(declaration)
    #expect(off.note?.contains("not downloaded: downloading is switched off") == true)
    #expect(server.requests == 0)
    let failed = try loader(server).load(declaration)
    #expect(failed.images == shapes.images() && failed.source == .builtIn)
    #expect(failed.note?.contains("the server answered with status 404 for ") == true)
  }

  @Test func `a download that is interrupted ends at once, and no fallback stands in for it`()
    throws
  {
    let server = try DataTestServer(behaviours(.trainLabels, .hang))
    defer { server.stop() }
    var loader = loader(server)
    let asked = Mutex(0)
    loader.download.isInterrupted = {
      asked.withLock {
        $0 += 1; return $0 > 6
      }
    }
    let error = #expect(throws: DataError.self) {
      try loader.load(ImageDeclaration(.fashionMNIST, fallback: .syntheticShapes()))
    }
    #expect(error?.notDownloaded?.failure == .interrupted)
    #expect(try folder.files() == [])
  }

  @Test func `the published files are those of 60,000 and 10,000 images`() {
    let known = KnownImages.fashionMNIST
    #expect(known.files.count == 4 && known.bytes == 30_878_645)
    #expect(known.files.allSatisfy { $1.sha256.count == 64 && $1.bytes < $1.unpackedBytes })
    #expect(known.files[.trainImages]?.unpackedBytes == 16 + 60_000 * 28 * 28)
    #expect(known.files[.testLabels]?.unpackedBytes == 8 + 10_000)
  }
}
