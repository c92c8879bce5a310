// From a declaration to a text without a network: lookup, files, fallbacks, wording.
// Downloads have a file of their own, DataDownloadTests.

import Glibc
import Records
import Testing
import Workloads

@Suite struct DataLoaderTests {
  private let folder: DataTestFolder
  private let body = Array("To lantern, or not to lantern.\n".utf8)

  init() throws { folder = try DataTestFolder() }

  private var remote: RemoteText {
    var text = RemoteText.tinyShakespeare
    text.bytes = body.count
    text.sha256 = SHA256.hex(body)
    return text
  }

  private func loader(
    dataDirectory: String? = nil, _ environment: [String: String] = [:]
  ) -> DatasetLoader {
    let locations = DataLocations(
      dataDirectory: dataDirectory, offline: true, environment: environment,
      baseDirectory: folder.path)
    return DatasetLoader(
      locations: locations, download: Download(environment: [:]), tinyShakespeare: remote)
  }

  @Test(arguments: [
    "tinyshakespeare/input.txt", "tiny-shakespeare/input.txt", "tiny-shakespeare.txt", "input.txt",
  ])
  func `a data folder may hold the file under any of its names`(file: String) throws {
    let path = try folder.write(body, to: file)
    let text = try loader(dataDirectory: folder.path).load(DatasetDeclaration(.tinyShakespeare))
    #expect(text.source == .file(path: path))
    #expect(text.path == path && text.bytes == body && text.sha256 == SHA256.hex(body))
    #expect(text.name == "tiny-shakespeare" && text.requested == text.name)
    #expect(!text.isFallback && text.warnings.isEmpty)
  }

  @Test func `the option comes before the variable, and the variable before the cache`() throws {
    let option = try folder.write(body, to: "option/input.txt")
    let variable = try folder.write(body, to: "variable/input.txt")
    let cache = try folder.write(body, to: "xdg/runexp/tiny-shakespeare/input.txt")
    let environment = ["RUNEXP_DATA": "variable", "XDG_CACHE_HOME": folder.path + "/xdg"]
    let loader = loader(dataDirectory: "option", environment)
    for expected in [option, variable, cache] {
      let text = try loader.load(DatasetDeclaration(.tinyShakespeare))
      #expect(text.path == expected)
      unlink(expected)
    }
  }

  @Test func `the cache is below the home folder where XDG says nothing absolute`() {
    func cache(_ environment: [String: String]) -> String? {
      DataLocations(environment: environment, baseDirectory: "/base").cache
    }
    #expect(cache(["HOME": "/home/u"]) == "/home/u/.cache/runexp")
    #expect(cache(["HOME": "/home/u", "XDG_CACHE_HOME": ""]) == "/home/u/.cache/runexp")
    #expect(cache(["HOME": "/home/u", "XDG_CACHE_HOME": "here"]) == "/home/u/.cache/runexp")
    #expect(cache(["HOME": "/home/u", "XDG_CACHE_HOME": "/c"]) == "/c/runexp")
    #expect(cache([:]) == nil)
  }

  @Test(arguments: [("1", true), ("yes", true), ("", false), ("0", false), ("False", false)])
  func `the variable switches the network off`(value: String, offline: Bool) {
    let locations = DataLocations(environment: ["RUNEXP_OFFLINE": value], baseDirectory: "/")
    #expect(locations.offline == offline)
  }

  @Test func `a file with a wrong checksum is named and passed over`() throws {
    let wrong = try folder.write(Array("short".utf8), to: "a/tinyshakespeare/input.txt")
    let right = try folder.write(body, to: "b/input.txt")
    let text = try loader(dataDirectory: "a", ["RUNEXP_DATA": "b"])
      .load(DatasetDeclaration(.tinyShakespeare))
    #expect(text.path == right)
    #expect(
      text.warnings == [
        "'\(wrong)' (--data-dir) is passed over: it is not 'tiny-shakespeare', having 5 bytes with "
          + "sha256 f9b0078b5df596d2ea19010c001bbd009e651de2c57e8fb7e355f31eb9d3f739, not "
          + "\(body.count) with \(remote.sha256)"
      ])
  }

  @Test func `where there is no other file, the error says what is wrong with that one`() throws {
    let wrong = try folder.write(Array("short".utf8), to: "a/tinyshakespeare/input.txt")
    let loader = loader(dataDirectory: "a")
    let error = #expect(throws: DataError.self) {
      try loader.load(DatasetDeclaration(.tinyShakespeare))
    }
    #expect(
      error?.description.contains(
        "\nnote: '\(wrong)' (--data-dir) is passed over: it is not 'tiny-shakespeare', having 5 ")
        == true)
  }

  @Test func `a folder in the file's place is named and passed over`() throws {
    try folder.write(body, to: "data/input.txt/x")
    let text = try loader(dataDirectory: "data").load(
      DatasetDeclaration(.tinyShakespeare, fallback: .syntheticPlays(.init(characters: 50))))
    #expect(
      text.warnings
        == ["'\(folder.path)/data/input.txt' (--data-dir) is passed over: it is a folder"])
  }

  @Test func `without the text the fallback is used and the reason recorded`() throws {
    let text = try loader().load(
      DatasetDeclaration(.tinyShakespeare, fallback: .syntheticPlays()))
    #expect(text.name == "synthetic-plays" && text.requested == "tiny-shakespeare")
    #expect(text.source == .builtIn && text.path == nil && text.isFallback)
    #expect(
      text.note == "using the fallback 'synthetic-plays': 'tiny-shakespeare' was not found on this "
        + "machine and not downloaded: downloading is switched off (--offline or RUNEXP_OFFLINE); "
        + "its losses do not compare with those on 'tiny-shakespeare'")
  }

  @Test func `without the text and a fallback the error says what was tried and what helps`() {
    let loader = loader(dataDirectory: "/data", ["HOME": "/home/u"])
    let error = #expect(throws: DataError.self) {
      try loader.load(DatasetDeclaration(.tinyShakespeare))
    }
    #expect(
      error?.description == """
        data set 'tiny-shakespeare' is not available: it was not found and downloading is switched \
        off (--offline or RUNEXP_OFFLINE)
        note: looked in '/data' (--data-dir) for tinyshakespeare/input.txt, \
        tiny-shakespeare/input.txt, tiny-shakespeare.txt, input.txt
        note: looked in '/home/u/.cache/runexp' (cache) for tinyshakespeare/input.txt, \
        tiny-shakespeare/input.txt, tiny-shakespeare.txt, input.txt
        help: put the file at '/home/u/.cache/runexp/tiny-shakespeare/input.txt', or set \
        RUNEXP_DATA to a folder that holds tiny-shakespeare/input.txt, or declare a fallback: \
        dataset: {name: tiny-shakespeare, fallback: synthetic-plays}
        """)
  }

  @Test func `any text file can be read, relative to the base or to the home folder`() throws {
    let path = try folder.write(Array("naïve €".utf8), to: "texts/my.txt")
    for name in ["texts/my.txt", "~/texts/my.txt", path] {
      let text = try loader(["HOME": folder.path]).load(DatasetDeclaration(.file(name)))
      #expect(text.name == "my.txt" && text.text == "naïve €" && text.path == path)
    }
    // A name that readers of tables would take for nothing.
    _ = try folder.write(Array("naïve €".utf8), to: "texts/NA")
    #expect(try loader([:]).load(DatasetDeclaration(.file("texts/NA"))).name == "./NA")
  }

  @Test(arguments: [
    ([0x61, 0x62, 0xff, 0x63], 2), ([0xc3], 0), ([0x61, 0xe2, 0x82], 1), ([0xc0, 0x80], 0),
    ([0x20, 0xed, 0xa0, 0x80], 1), ([0xf4, 0x90, 0x80, 0x80], 0),
  ])
  func `a file that is not UTF-8 is refused with the place`(bytes: [UInt8], offset: Int) throws {
    let path = try folder.write(bytes, to: "bad.txt")
    let declaration = DatasetDeclaration(.file("bad.txt"), fallback: .syntheticPlays())
    let error = #expect(throws: DataError.self) { try loader().load(declaration) }
    #expect(
      error?.description
        == "'\(path)' is not a UTF-8 text: byte \(offset) is invalid (counted from 0)")
  }

  @Test func `an empty file is refused even with a fallback`() throws {
    let path = try folder.write([], to: "empty.txt")
    #expect(throws: DataError.empty(path: path)) {
      try loader().load(DatasetDeclaration(.file("empty.txt"), fallback: .syntheticPlays()))
    }
    #expect(
      DataError.empty(path: "/a/empty.txt").description == "the text file '/a/empty.txt' is empty")
  }

  @Test func `a file that cannot be read is an error, or makes room for the fallback`() throws {
    let path = folder.path + "/none.txt"
    let error = #expect(throws: DataError.self) {
      try loader().load(DatasetDeclaration(.file("none.txt")))
    }
    #expect(
      error?.description == "there is no text file '\(path)'. A relative path starts at the folder "
        + "of the experiment file that it is written in, one of the command line at the current folder"
    )
    let text = try loader().load(
      DatasetDeclaration(.file("none.txt"), fallback: .syntheticPlays(.init(characters: 9))))
    #expect(text.bytes.count == 9 && text.requested == "none.txt")
    #expect(
      text.note == "using the fallback 'synthetic-plays': there is no text file '\(path)'; its "
        + "losses do not compare with those on 'none.txt'")
  }

  @Test(arguments: [("/", "it is a folder"), ("/dev/zero", "it is no regular file")])
  func `what is no regular file is refused`(path: String, reason: String) {
    #expect(throws: DataError.unreadable(path: path, reason: reason)) {
      try loader().load(DatasetDeclaration(.file(path)))
    }
  }

  @Test func `a pipe is refused without waiting for it`() throws {
    let path = folder.path + "/pipe"
    try #require(mkfifo(path, 0o600) == 0)
    #expect(throws: DataError.unreadable(path: path, reason: "it is no regular file")) {
      try loader().load(DatasetDeclaration(.file(path)))
    }
  }

  @Test func `a text that a run had is read from where it lay, whatever the folders are now`()
    throws
  {
    let path = try folder.write(body, to: "elsewhere/kept.txt")
    let declaration = DatasetDeclaration(.tinyShakespeare)
    var loader = loader()
    let sha256 = SHA256.hex(body)
    loader.planned = [.init(name: "tiny-shakespeare", sha256: sha256, bytes: 0, path: path)]
    for isPinned in [false, true] {
      loader.isPinned = isPinned
      let text = try loader.load(declaration)
      #expect(text.path == path && text.name == "tiny-shakespeare" && !text.isFallback)
    }
    // Where it has changed the usual places count.
    _ = try folder.write(Array("another".utf8), to: "elsewhere/kept.txt")
    #expect(throws: DataError.self) { try loader.load(declaration) }
    let found = try folder.write(body, to: "places/input.txt")
    loader.locations = self.loader(dataDirectory: "\(folder.path)/places").locations
    #expect(try loader.load(declaration).path == found)
    // A pinned text is that one or none.
    loader.planned[0].sha256 = SHA256.hex(Array("before".utf8))
    #expect(throws: DataError.changed(name: path)) { try loader.load(declaration) }
    loader.isPinned = false
    #expect(try loader.load(declaration).sha256 == sha256)
  }

  @Test func `a run that began with the fallback goes on with it`() throws {
    let kept = try folder.write(Array("the fallback".utf8), to: "fallback.txt")
    var loader = loader(dataDirectory: folder.path)
    let declaration = DatasetDeclaration(.tinyShakespeare, fallback: .file(kept))
    let before = try loader.load(declaration)
    #expect(before.isFallback && before.path == kept)
    // The text that was missing has come.
    let path = try folder.write(body, to: "input.txt")
    loader.planned = [
      .init(
        name: before.name, sha256: before.sha256, bytes: 0, insteadOf: "tiny-shakespeare",
        path: kept)
    ]
    let after = try loader.load(declaration)
    #expect(after.isFallback && after.path == kept && after.requested == "tiny-shakespeare")
    let other = DatasetDeclaration(.tinyShakespeare, fallback: .syntheticPlays())
    #expect(try loader.load(other).path == path)
    #expect(try loader.load(DatasetDeclaration(.tinyShakespeare)).path == path)
  }

  @Test func `a word is a data set, a path, or neither`() {
    #expect(Dataset("tiny-shakespeare") == .tinyShakespeare)
    #expect(Dataset("synthetic-plays") == .syntheticPlays())
    #expect(Dataset("my.txt") == .file("my.txt") && Dataset("a/b") == .file("a/b"))
    #expect(Dataset("tiny-shakespear") == nil && Dataset("") == nil)
    for name in Dataset.names { #expect(Dataset(name)?.description == name) }
  }
}
