// The safetensors format: what is written can be read, by hand too, and damaged files say what is
// wrong with them.

import Foundation
import MutatedModels
import Records
import TestSupport
import Testing
import Workloads

@Suite("safetensors")
struct SafeTensorsTests {
  private static let sample: [(name: String, shape: [Int], values: [Float])] = [
    ("a.weight", [2, 3], [1, -2, 3.5, 0, -0.0, 1e-30]), ("a.bias", [3], [7, 8, 9]),
    ("scalar", [], [0.5]),
  ]

  private static let metadata = [("format", "pt"), ("note", "a \"quoted\" word")]

  private static let header =
    #"{"__metadata__":{"format":"pt","note":"a \"quoted\" word"},"#
    + #""a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
    + #""a.bias":{"dtype":"F32","shape":[3],"data_offsets":[24,36]},"#
    + #""scalar":{"dtype":"F32","shape":[],"data_offsets":[36,40]}}"#

  private func problem(_ bytes: [UInt8]) -> String {
    WorkloadsTests.problem { _ = try SafeTensors(MappedBytes(bytes)) }
  }

  private func written(
    _ tensors: [(name: String, shape: [Int], values: [Float])],
    metadata: [(key: String, value: String)] = []
  ) throws -> (folder: TemporaryFolder, path: String) {
    let folder = try TemporaryFolder()
    let writer = SafeTensorsWriter(
      tensors.map { tensor in .init(tensor.name, tensor.shape) { tensor.values } },
      metadata: metadata)
    try writer.write(to: folder.file("x.safetensors"))
    return (folder, folder.file("x.safetensors"))
  }

  @Test("what was written is read again, bit for bit")
  func roundTrip() throws {
    let (folder, path) = try written(
      Self.sample, metadata: Self.metadata.map { (key: $0.0, value: $0.1) })
    let read = try SafeTensors(file: path)
    #expect(read.metadata.map { [$0.key, $0.value] } == Self.metadata.map { [$0.0, $0.1] })
    #expect(read.tensors.names == Self.sample.map(\.name))
    for (tensor, expected) in zip(read.tensors.all, Self.sample) {
      #expect(tensor.shape == expected.shape)
      #expect(try tensor.values().map(\.bitPattern) == expected.values.map(\.bitPattern))
    }
    #expect(read.tensors["a.bias"]?.name == "a.bias" && read.tensors["b"] == nil)
    #expect(try folder.names() == ["x.safetensors"])
  }

  @Test("a file is its header, padded to a multiple of eight bytes, and the values as they are")
  func layout() throws {
    let (folder, path) = try written(
      Self.sample, metadata: Self.metadata.map { (key: $0.0, value: $0.1) })
    let padding = (8 - Self.header.utf8.count % 8) % 8
    let values = Self.sample.flatMap { $0.values.flatMap { littleEndian($0.bitPattern) } }
    let expected = safeTensorsFile(Self.header + String(repeating: " ", count: padding), values)
    #expect(try AtomicFile.readBytes(path) == expected)
    withExtendedLifetime(folder) {}
  }

  @Test("an empty file of tensors is one")
  func empty() throws {
    let (folder, path) = try written([])
    #expect(try SafeTensors(file: path).tensors.all.isEmpty)
    withExtendedLifetime(folder) {}
  }

  @Test("F64, F16 and BF16 values are read into f32")
  func types() throws {
    func tensor(_ type: String, _ shape: String, _ values: [UInt8]) throws -> StoredTensor {
      let entry = "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[0,\(values.count)]}"
      let file = try SafeTensors(MappedBytes(safeTensorsFile("{\"x\":\(entry)}", values)))
      return try #require(file.tensors["x"])
    }
    let f64 = try tensor("F64", "[2]", [0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0])
    #expect(try f64.values() == [1.5, -2])
    let bf16 = try tensor("BF16", "[1,3]", [0x80, 0x3f, 0x20, 0xc1, 0x80, 0x7f])
    #expect(try bf16.values() == [1, -10, .infinity])
    #expect(bf16.shape == [1, 3] && bf16.type == .bf16)
    let f16 = try tensor("F16", "[3,1]", [0, 0x3c, 0, 0xc9, 0, 0x7c])
    #expect(try f16.values() == [1, -10, .infinity])
    let none = try tensor("F16", "[3,0]", [])
    #expect(try none.values().isEmpty)
  }

  @Test(
    "a tensor of another type is there, and cannot be read", arguments: ["I8", "U8", "F8_E4M3"])
  func otherTypes(word: String) throws {
    let header = #"{"x":{"dtype":"\#(word)","shape":[4],"data_offsets":[0,4]}}"#
    let file = try SafeTensors(MappedBytes(safeTensorsFile(header, [1, 2, 3, 4])))
    let tensor = try #require(file.tensors["x"])
    let expected = "'x' is stored as \(word), which cannot be read"
    #expect(WorkloadsTests.problem { _ = try tensor.values() }.hasPrefix(expected))
    #expect(WorkloadsTests.problem { try file.tensors.requireReadable() }.hasPrefix(expected))
    var place: [UInt16] = [0, 0, 0, 0]
    let problem = WorkloadsTests.problem {
      try place.withUnsafeMutableBufferPointer { try tensor.read(rows: 0..<1, into: $0) }
    }
    #expect(problem.hasPrefix(expected))
  }

  @Test(
    "a damaged file says what is wrong with it",
    arguments: [
      ([], "it is shorter than its 8-byte prefix"),
      ([1, 2, 3], "it is shorter than its 8-byte prefix"),
      ([9, 0, 0, 0, 0, 0, 0, 0], "its header should have 9 bytes, more than there are"),
      (
        [UInt8](repeating: 255, count: 16),
        "its header should have 18446744073709551615 bytes, more than there are"
      ),
      ([0, 0, 0, 0, 0, 0, 0, 0], "its header does not begin with '{'"),
      (
        Array("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n".utf8),
        "it is what Git LFS has in its place until 'git lfs pull' fetches it"
      ),
      (safeTensorsFile(" {}"), "its header does not begin with '{'"),
      (safeTensorsFile("[]"), "its header does not begin with '{'"),
      ([4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22], "its header is not UTF-8"),
      (safeTensorsFile("{"), "its header is not JSON: expected a key at byte 1"),
      (safeTensorsFile("{} x"), "its header is not JSON: text after the value at byte 3"),
    ] as [([UInt8], String)])
  func damagedPrefix(bytes: [UInt8], problem expected: String) {
    #expect(problem(bytes) == "not a safetensors file: \(expected)")
  }

  @Test("a header of more than 100 MB is refused, whatever is in it")
  func longHeader() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("x.safetensors")
    try Data(littleEndian(UInt64(100_000_001)) + [0x7b]).write(to: URL(filePath: path))
    #expect(truncate(path, 100_000_009) == 0)
    #expect(
      WorkloadsTests.problem { _ = try SafeTensors(file: path) }
        .contains("its header has 100000001 bytes, more than the 100 MB that the format allows"))
  }

  @Test(
    "a wrong header says which tensor is wrong",
    arguments: [
      (
        #"{"x":4}"#,
        "its header is not as expected: a number where an object must be, at byte 5"
      ),
      (
        #"{"x":{"shape":[1],"data_offsets":[0,4]}}"#,
        "'x' lacks its dtype, its shape or its two data_offsets"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[1]}}"#,
        "'x' lacks its dtype, its shape or its two data_offsets"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#,
        "'x' lacks its dtype, its shape or its two data_offsets"
      ),
      (
        #"{"x":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}"#,
        "'x' has 'dtype' twice, or where it has no meaning"
      ),
      (
        #"{"x":{"dtype":"F32","strides":[1],"shape":[1],"data_offsets":[0,4]}}"#,
        "'x' has 'strides' twice, or where it has no meaning"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#,
        "its header is not as expected: a number where a whole number must be, at byte 29"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#,
        "its header is not JSON: not a number at byte 29"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        "its values should have 8 bytes, and there are 4"
      ),
      (#"{}"#, "its values should have 0 bytes, and there are 4"),
      (
        #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
        "the data_offsets [-4, 0] of 'x' are no range"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
        "the data_offsets [4, 0] of 'x' are no range"
      ),
      (
        #"{"x":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}"#,
        "the values of 'x' begin at byte 2, and those before them end at 0"
      ),
      (
        #"{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"#
          + #""y":{"dtype":"F16","shape":[1],"data_offsets":[3,4]}}"#,
        "the values of 'y' begin at byte 3, and those before them end at 2"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
          + #""y":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}"#,
        "the values of 'y' begin at byte 2, and those before them end at 4"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,4]}}"#,
        "the shape [3] of 'x' does not fit its bytes"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}"#,
        "the shape [-1, -1] of 'x' does not fit its bytes"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
        "the shape [4611686018427387904, 4] of 'x' does not fit its bytes"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,4]}}"#,
        "the shape [0, 4611686018427387904, 4] of 'x' does not fit its bytes"
      ),
      (
        #"{"x":{"dtype":"I8","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
        "the shape [4611686018427387904, 4] of 'x' does not fit its bytes"
      ),
      (
        #"{"__metadata__":{"a":1},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        "its header is not as expected: a number where a string must be, at byte 21"
      ),
      (
        #"{"__metadata__":{"a":"b","a":"c"},"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#,
        "'__metadata__' has 'a' twice"
      ),
      (#"{"__metadata__":{},"__metadata__":{}}"#, "'__metadata__' is there twice"),
    ])
  func damagedHeader(header: String, problem expected: String) {
    let bytes = safeTensorsFile(header, [0, 0, 128, 63])
    #expect(problem(bytes) == "not a safetensors file: \(expected)")
  }

  @Test("a name that is there twice is named")
  func twice() {
    let header =
      #"{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"#
      + #""x":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}"#
    #expect(problem(safeTensorsFile(header, [0, 0, 0, 0])) == "'x' is there twice")
  }

  @Test("what a hostile file is quoted with stays on a line, and short")
  func quoted() {
    let name = "a\\n\\u202eb" + String(repeating: "z", count: 100_000)
    let problem = problem(safeTensorsFile("{\"\(name)\":{}}"))
    #expect(problem.hasPrefix(#"not a safetensors file: 'a\n\u{202E}bzzz"#))
    #expect(problem.hasSuffix("zzz' lacks its dtype, its shape or its two data_offsets"))
    #expect(problem.count < 900)
  }

  @Test("no cut of a file is read as a whole one")
  func truncation() throws {
    let whole = safeTensorsFile(Self.header, [UInt8](repeating: 0, count: 40))
    #expect(problem(whole) == "nothing")
    for count in 0..<whole.count {
      #expect(problem(Array(whole.prefix(count))) != "nothing", "\(count) bytes")
    }
    #expect(problem(whole + [0]) != "nothing")
  }

  @Test("the time to find all names of a file grows with their number, not with its square")
  func names() throws {
    func seconds(_ count: Int) throws -> Double {
      let names = (0..<count).map { "layer.\($0).weight" }
      let (folder, path) = try written(names.map { ($0, [], [1]) })
      return try threadSeconds {
        let read = try SafeTensors(file: path).tensors
        #expect(names.allSatisfy { read[$0] != nil })
        withExtendedLifetime(folder) {}
      }
    }
    #expect(try seconds(16_000) < 24 * seconds(2000))
  }
}
