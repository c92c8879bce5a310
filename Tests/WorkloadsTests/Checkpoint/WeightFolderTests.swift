// Folders of weights: one file, several with an index, and what is wrong with others; and files as
// they are mapped.

import Foundation
import MutatedModels
import Records
import TestSupport
import Testing
import Workloads

@Suite("folders of weights")
struct WeightFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes a file of tensors with one value each.
  private func write(_ tensors: [(String, Float)], to name: String) throws {
    try SafeTensorsWriter(tensors.map { tensor in .init(tensor.0, [1]) { [tensor.1] } })
      .write(to: folder.file(name))
  }

  private func writeIndex(_ map: String) throws {
    try folder.write(
      "{\"metadata\": {\"total_size\": 12, \"more\": [1.5, {}, null]}, \"weight_map\": \(map)}",
      to: "model.safetensors.index.json")
  }

  private var problem: String {
    WorkloadsTests.problem { _ = try StoredTensors(at: folder.path) }
  }

  private func indexProblem(_ map: String) throws -> String {
    try writeIndex(map)
    let start = "could not read '\(folder.file("model.safetensors.index.json"))': "
    let text = problem
    return text.hasPrefix(start) ? String(text.dropFirst(start.count)) : text
  }

  @Test("one file is read, even where there is an index beside it")
  func single() throws {
    try write([("a", 1), ("b", 2)], to: "model.safetensors")
    try writeIndex(#"{"c": "other.safetensors"}"#)
    #expect(try StoredTensors(at: folder.path).names == ["a", "b"])
  }

  @Test("the tensors of several files are found, each in its own")
  func shards() throws {
    try write([("a", 1), ("b", 2)], to: "one.safetensors")
    try write([("c", 3), ("unlisted", 4)], to: "two.safetensors")
    try writeIndex(#"{"c": "two.safetensors", "a": "one.safetensors", "b": "one.safetensors"}"#)
    let tensors = try StoredTensors(at: folder.path)
    #expect(tensors.names == ["c", "unlisted", "a", "b"])
    #expect(try tensors.all.map { try $0.values() } == [[3], [4], [1], [2]])
  }

  @Test("a link to a file elsewhere is followed, as a cache of downloads has them")
  func link() throws {
    let cache = try TemporaryFolder()
    try SafeTensorsWriter([.init("a", [1]) { [5] }]).write(to: cache.file("blob"))
    let link = folder.file("one.safetensors")
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: cache.file("blob"))
    try writeIndex(#"{"a": "one.safetensors"}"#)
    #expect(try StoredTensors(at: folder.path)["a"]?.values() == [5])
  }

  @Test(
    "a name that is none of a file of the folder is refused before anything is opened",
    arguments: [
      "../secret.safetensors", "/etc/passwd", "sub/one.safetensors", "a\\\\b", "..", ".", "",
      "one.safetensors\\u0000x", "one\\n.safetensors", String(repeating: "x", count: 256),
    ])
  func names(name: String) throws {
    try write([("a", 1)], to: "one.safetensors")
    #expect(
      try indexProblem("{\"a\": \"\(name)\"}").hasSuffix(
        "', where 'a' should be, is no name of a file"))
  }

  @Test("an index that is wrong says what is")
  func index() throws {
    try write([("a", 1)], to: "one.safetensors")
    try write([("a", 1), ("b", 2)], to: "two.safetensors")
    #expect(
      try indexProblem(#"{"b": "one.safetensors"}"#)
        == "it says that 'b' is in 'one.safetensors', and it is not")
    #expect(
      try indexProblem(#"{"b": "two.safetensors", "a": "one.safetensors"}"#)
        == "'a' is in 'two.safetensors' and in 'one.safetensors'")
    #expect(
      try indexProblem(#"{"a": "one.safetensors", "a": "one.safetensors"}"#)
        == "it has 'a' twice")
    #expect(
      try indexProblem(#"{"a": 4}"#)
        .hasPrefix("it is not as expected: a number where a string must be, at byte "))
    #expect(
      try indexProblem(#"{"a": "three.safetensors"}"#)
        == "could not read '\(folder.file("three.safetensors"))': no such file or directory")
    #expect(
      try indexProblem(#"{}, "weight_map": {}"#) == "it has two 'weight_map'")
    try folder.write("{}", to: "model.safetensors.index.json")
    #expect(problem.hasSuffix("it has no 'weight_map'"))
    try folder.write("[]", to: "model.safetensors.index.json")
    #expect(problem.hasSuffix("it is not as expected: a list where an object must be, at byte 0"))
    try Data([0x7b, 0xff]).write(to: URL(filePath: folder.file("model.safetensors.index.json")))
    #expect(problem.hasSuffix("it is not UTF-8"))
  }

  @Test("a folder without weights says what it lacks")
  func empty() throws {
    let expected =
      "could not read '\(folder.path)': it has neither 'model.safetensors' nor "
      + "'model.safetensors.index.json'"
    #expect(problem == expected)
    try folder.write("pickled", to: "pytorch_model.bin")
    #expect(
      problem == expected + ", and 'pytorch_model.bin' cannot be read: save it as safetensors")
  }

  @Test("what is no file is refused, and a pipe is not waited for")
  func noFile() throws {
    let pipe = folder.file("model.safetensors")
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(problem == "could not read '\(pipe)': it is no regular file")
    let missing = WorkloadsTests.problem { _ = try MappedFile(folder.file("missing")) }
    #expect(missing == "could not read '\(folder.file("missing"))': no such file or directory")
    let itself = WorkloadsTests.problem { _ = try MappedFile(folder.path) }
    #expect(itself == "could not read '\(folder.path)': it is no regular file")
  }

  @Test("an empty file has no bytes")
  func emptyFile() throws {
    try folder.write("", to: "model.safetensors")
    #expect(try MappedFile(folder.file("model.safetensors")).bytes.count == 0)
    #expect(problem.hasSuffix("not a safetensors file: it is shorter than its 8-byte prefix"))
  }

  @Test("a tensor's values are those of the file that it was found in, whatever takes its name")
  func replaced() throws {
    try write([("a", 1)], to: "model.safetensors")
    let tensors = try StoredTensors(at: folder.path)
    try write([("b", 2)], to: "model.safetensors")
    #expect(try tensors["a"]?.values() == [1])
  }

  @Test("what has been read of a large file does not stay in memory")
  func resident() throws {
    let size = 96 << 20
    let path = folder.file("model.safetensors")
    let header =
      #"{"x":{"dtype":"BF16","shape":[\#(size / 8192),4096],"data_offsets":[0,\#(size)]}}"#
    let start = safeTensorsFile(header)
    try Data(start).write(to: URL(filePath: path))
    #expect(truncate(path, off_t(start.count + size)) == 0)
    let tensor = try #require(StoredTensors(at: path)["x"])
    var values = [Float](repeating: 1, count: 64 * 4096)
    var most = 0
    for row in stride(from: 0, to: tensor.rows, by: 64) {
      try values.withUnsafeMutableBufferPointer { try tensor.read(rows: row..<row + 64, into: $0) }
      if row % 1024 == 0 { most = max(most, try residentKilobytes(of: path)) }
    }
    #expect(values.allSatisfy { $0 == 0 })
    #expect(most < 24 << 10, "\(most) kB")
  }

  /// Kilobytes of this process's memory that are pages of a file.
  private func residentKilobytes(of path: String) throws -> Int {
    let lines = try AtomicFile.read("/proc/self/smaps").split(separator: "\n")
    let start = try #require(lines.firstIndex { $0.hasSuffix(path) })
    let line = try #require(lines[start...].first { $0.hasPrefix("Rss:") })
    return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
  }
}
