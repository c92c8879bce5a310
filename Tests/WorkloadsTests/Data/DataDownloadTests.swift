// Downloads against a server on this machine: what can go wrong, how it is worded, what is left on
// the disk. Nothing here needs a network beyond 127.0.0.1.

import Foundation
import Records
import Synchronization
import TestSupport
import Testing
import Workloads

@Suite(.timeLimit(.minutes(30))) struct DataDownloadTests {
  private let folder: DataTestFolder
  private let body = (0..<200_000).map { UInt8(truncatingIfNeeded: 32 + $0 % 90) }

  init() throws { folder = try DataTestFolder() }

  private func remote(_ address: String) -> RemoteText {
    RemoteText(
      name: "sample", address: address, bytes: body.count, sha256: SHA256.hex(body),
      files: ["sample/input.txt"])
  }

  private func download() -> Download {
    var environment = ProcessInfo.processInfo.environment
    environment["no_proxy"] = "127.0.0.1"
    var download = Download(environment: environment)
    download.retries = 0
    download.retryDelay = 0.01
    // A server in this process answers when the machine gives it time to.
    (download.connectTimeout, download.stallTimeout, download.totalTimeout) = (1000, 1000, 1000)
    return download
  }

  private func loader(
    _ address: String, cache: String? = nil, download: Download? = nil
  ) -> DatasetLoader {
    let locations = DataLocations(
      environment: ["XDG_CACHE_HOME": cache ?? folder.path], baseDirectory: folder.path)
    return DatasetLoader(
      locations: locations, download: download ?? self.download(),
      tinyShakespeare: remote(address))
  }

  /// The failure of a download from `address`; nothing may be left on the disk.
  private func failure(_ address: String, _ download: Download? = nil) throws -> DownloadFailure {
    let loader = loader(address, download: download)
    let error = #expect(throws: DataError.self) {
      try loader.load(DatasetDeclaration(.tinyShakespeare))
    }
    #expect(try folder.files() == [])
    guard case .unavailable(_, _, let failure, let putAt) = error else {
      throw try #require(error)
    }
    #expect(putAt == folder.path + "/runexp/sample/input.txt")
    return failure
  }

  @Test func `a download that is interrupted ends at once, and no fallback stands in for it`()
    throws
  {
    let server = try DataTestServer(["/input.txt": .hang])
    defer { server.stop() }
    var download = download()
    let asked = Mutex(0)
    download.isInterrupted = {
      asked.withLock {
        $0 += 1; return $0 > 2
      }
    }
    let loader = loader(server.address("/input.txt"), download: download)
    let error = #expect(throws: DataError.self) {
      try loader.load(
        DatasetDeclaration(.tinyShakespeare, fallback: .syntheticPlays(SyntheticPlays())))
    }
    #expect(error?.description.contains("the download was interrupted") == true)
    #expect(try folder.files() == [])
  }

  @Test func `a download is verified, kept in the cache and found there the next time`() throws {
    let server = try DataTestServer(["/input.txt": .body(body)])
    defer { server.stop() }
    let address = server.address("/input.txt")
    let kept = folder.path + "/runexp/sample/input.txt"
    let seen = Mutex<[Int]>([])
    let first = try loader(address).load(DatasetDeclaration(.tinyShakespeare)) { received, total in
      #expect(total == body.count)
      seen.withLock { $0.append(received) }
    }
    #expect(first.source == .downloaded(address: address, path: kept))
    #expect(first.bytes == body && first.path == kept && first.warnings.isEmpty)
    let progress = seen.withLock { $0 }
    #expect(progress == progress.sorted() && progress.last == body.count)
    #expect(try folder.files() == ["runexp/sample/input.txt"])

    let second = try loader(address).load(DatasetDeclaration(.tinyShakespeare))
    #expect(second.source == .file(path: kept) && second.bytes == body)
    #expect(server.requests == 1)
  }

  @Test func `a damaged file in the cache is replaced`() throws {
    let server = try DataTestServer(["/input.txt": .body(body)])
    defer { server.stop() }
    try folder.write(Array(body[..<77]), to: "runexp/sample/input.txt")
    let text = try loader(server.address("/input.txt")).load(DatasetDeclaration(.tinyShakespeare))
    #expect(text.bytes == body && text.warnings.count == 1)
    let kept = try Data(contentsOf: URL(fileURLWithPath: try #require(text.path)))
    #expect(Array(kept) == body)
    #expect(try folder.files() == ["runexp/sample/input.txt"])
  }

  @Test func `a redirect is followed`() throws {
    let server = try DataTestServer(["/old": .redirect("/new"), "/new": .body(body)])
    defer { server.stop() }
    let text = try loader(server.address("/old")).load(DatasetDeclaration(.tinyShakespeare))
    #expect(text.bytes == body)
  }

  @Test func `a missing page is reported with its status`() throws {
    let server = try DataTestServer([:])
    defer { server.stop() }
    let address = server.address("/input.txt")
    let failure = try failure(address)
    #expect(failure == .status(404, address: address))
    #expect("\(failure)" == "the server answered with status 404 for \(address)")
  }

  @Test func `a file with a wrong checksum is refused`() throws {
    var other = body
    other[100] ^= 1
    let server = try DataTestServer(["/input.txt": .body(other)])
    defer { server.stop() }
    let address = server.address("/input.txt")
    #expect(
      "\(try failure(address))" == "what lies at \(address) is not the file expected: it has "
        + "200000 bytes with sha256 \(SHA256.hex(other)), not 200000 with \(SHA256.hex(body))")
  }

  @Test func `a complete answer of the wrong length is refused`() throws {
    let server = try DataTestServer(["/input.txt": .body(Array("a login page".utf8))])
    defer { server.stop() }
    let address = server.address("/input.txt")
    let page = SHA256.hex(Array("a login page".utf8))
    #expect(
      try failure(address)
        == .wrongContent(address: address, bytes: 12, sha256: page, expected: remote(address).file))
  }

  @Test func `a connection that ends early is reported with both sizes`() throws {
    let short = Array(body[..<150_000])
    let server = try DataTestServer(["/input.txt": .truncated(short, declared: body.count)])
    defer { server.stop() }
    let address = server.address("/input.txt")
    #expect(
      "\(try failure(address))"
        == "the connection ended after 150000 of 200000 bytes of \(address)")
  }

  @Test func `a closed port is reported as no connection`() throws {
    let port = try ClosedPort()
    let address = "http://127.0.0.1:\(port.number)/input.txt"
    let failure = try failure(address)
    #expect("\(failure)".hasPrefix("there is no connection to \(address) ("), "\(failure)")
  }

  @Test func `a server that says nothing is given up`() throws {
    let server = try DataTestServer(["/input.txt": .hang])
    defer { server.stop() }
    var download = download()
    download.totalTimeout = 1
    let address = server.address("/input.txt")
    let failure = try failure(address, download)
    #expect("\(failure)" == "\(address) did not answer in time (0 bytes received)")
  }

  @Test func `a file without end is given up`() throws {
    let server = try DataTestServer(["/input.txt": .body(body + body + [0])])
    defer { server.stop() }
    let address = server.address("/input.txt")
    #expect(try failure(address) == .tooLarge(address: address, limit: 400_000))
  }

  @Test func `a failure that may pass is tried again, one that will not is not`() throws {
    let server = try DataTestServer([
      "/recovers": .recovers(failures: 2, body), "/broken": .status(503),
    ])
    defer { server.stop() }
    var download = download()
    download.retries = 2
    #expect(try download.fetch(remote(server.address("/recovers")).file) == body)
    #expect(server.requests == 3)
    #expect(throws: DownloadFailure.status(503, address: server.address("/broken"))) {
      try download.fetch(remote(server.address("/broken")).file)
    }
    #expect(server.requests == 6)
    #expect(throws: DownloadFailure.status(404, address: server.address("/none"))) {
      try download.fetch(remote(server.address("/none")).file)
    }
    #expect(server.requests == 7)
  }

  @Test func `a cache that cannot be written leaves the download usable`() throws {
    let server = try DataTestServer(["/input.txt": .body(body)])
    defer { server.stop() }
    let address = server.address("/input.txt")
    let text = try loader(address, cache: "/dev/null/cache")
      .load(DatasetDeclaration(.tinyShakespeare))
    #expect(text.bytes == body && text.source == .downloaded(address: address, path: nil))
    #expect(
      text.warnings == [
        "the download is not kept, and each cell of a run downloads anew: "
          + "'/dev/null/cache/runexp/sample/input.txt' could not be written: not a directory"
      ])
  }

  @Test func `a write that fails at its last step leaves nothing half-written`() throws {
    let server = try DataTestServer(["/input.txt": .body(body)])
    defer { server.stop() }
    let other = "runexp/sample/input.txt/other"
    try folder.write([1], to: other)
    let text = try loader(server.address("/input.txt")).load(DatasetDeclaration(.tinyShakespeare))
    #expect(text.bytes == body && text.path == nil && text.warnings.count == 2)
    #expect(text.warnings.last?.hasSuffix("could not be written: is a directory") == true)
    #expect(try folder.files() == [other])
  }

  @Test func `without a home there is no cache and the download is usable`() throws {
    let server = try DataTestServer(["/input.txt": .body(body)])
    defer { server.stop() }
    let loader = DatasetLoader(
      locations: DataLocations(environment: [:], baseDirectory: "/"), download: download(),
      tinyShakespeare: remote(server.address("/input.txt")))
    let text = try loader.load(DatasetDeclaration(.tinyShakespeare))
    #expect(text.bytes == body && text.path == nil)
    #expect(
      text.warnings.first?.hasSuffix(
        "neither XDG_CACHE_HOME nor HOME says where a cache "
          + "could be") == true)
  }

  @Test(arguments: ["no-such-curl", "/nowhere/curl", "/dev/null"])
  func `without curl the sentence says how to get it`(curl: String) throws {
    var download = download()
    download.curl = curl
    #expect(
      "\(try failure("http://127.0.0.1/input.txt", download))"
        == "there is no program '\(curl)' to download with (apt install curl)")
  }

  /// A program to run in curl's place.
  private func standIn(_ script: String) throws -> Download {
    let path = try folder.write(Array("#!/bin/sh\n\(script)\n".utf8), to: "bin/curl")
    try makeExecutable(path)
    var download = download()
    download.curl = path
    return download
  }

  @Test(arguments: [
    (
      "6) Could not resolve host: x",
      "there is no connection to http://x (Could not resolve host: x)"
    ),
    (
      "60) SSL certificate problem",
      "the certificate of http://x could not be verified (is "
        + "ca-certificates installed?) (SSL certificate problem)"
    ),
    ("28) Connection timed out", "http://x did not answer in time (0 bytes received)"),
    ("52) Empty reply", "curl failed with status 52 for http://x (Empty reply)"),
    ("22) Unknown", "curl failed with status 22 for http://x (Unknown)"),
  ])
  func `what curl says is put into a sentence`(message: String, sentence: String) throws {
    let status = try #require(message.split(separator: ")").first)
    let download = try standIn(
      "echo 'Warning: x' >&2; echo 'curl: (\(message)' >&2; exit \(status)")
    let failure = #expect(throws: DownloadFailure.self) {
      try download.fetch(remote("http://x").file)
    }
    #expect(failure.map { "\($0)" } == sentence)
  }

  @Test func `a curl that a signal ends is not taken for one that gave up`() throws {
    let download = try standIn("kill -9 $$")
    #expect(throws: DownloadFailure.other(address: "http://x", status: 137, detail: "")) {
      try download.fetch(remote("http://x").file)
    }
  }

  @Test func `a file that cannot be run is reported`() throws {
    let path = try folder.write([0, 1, 2], to: "bin/curl")
    try makeExecutable(path)
    var download = download()
    download.curl = path
    let failure = #expect(throws: DownloadFailure.self) {
      try download.fetch(remote("http://x").file)
    }
    #expect(failure.map { "\($0)".contains("'\(path)' could not be started: ") } == true)
  }

  @Test func `a program that hangs instead of curl is killed`() throws {
    var download = try standIn("exec sleep 600")
    download.totalTimeout = -4  // the deadline is five seconds later
    #expect(throws: DownloadFailure.timedOut(address: "http://x", received: 0)) {
      try download.fetch(remote("http://x").file)
    }
  }

  @Test func `a failed download falls back where a fallback is declared`() throws {
    let server = try DataTestServer([:])
    defer { server.stop() }
    let address = server.address("/input.txt")
    let text = try loader(address).load(
      DatasetDeclaration(.tinyShakespeare, fallback: .syntheticPlays(.init(characters: 99))))
    #expect(text.bytes.count == 99)
    #expect(text.note?.contains("the server answered with status 404 for \(address)") == true)
  }
}
