// Damaged files of weights: whatever is in them, they are read or refused in one sentence, and no
// byte outside of them is looked at. A build of these tests with AddressSanitizer sees such a read,
// since the bytes lie in blocks of their size; `make sanitize` builds the operations' cases alone.

import Foundation
import TestSupport
import Testing
import Workloads

@Suite("damaged files of weights")
struct WeightFileMutationTests {
  /// `RUNEXP_FUZZ` tries more.
  private static let count =
    ProcessInfo.processInfo.environment["RUNEXP_FUZZ"].flatMap { Int($0) } ?? 3000

  private static let header =
    #"{"__metadata__":{"format":"pt","step":"4"},"#
    + #""model.a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
    + #""model.b":{"dtype":"F16","shape":[4],"data_offsets":[24,32]},"#
    + #""model.c":{"dtype":"BF16","shape":[],"data_offsets":[32,34]},"#
    + #""model.d":{"dtype":"F64","shape":[1,0,2],"data_offsets":[34,34]},"#
    + #""model.e":{"dtype":"U8","shape":[6],"data_offsets":[34,40]}}"#

  /// Reads all that a file says that it has.
  private func readAll(_ tensors: StoredTensors, of size: Int) throws {
    for tensor in tensors.all where tensor.type.isReadable {
      // Of 32 values at least 18 bytes are in the file.
      #expect(tensor.count <= 2 * size)
      #expect(try tensor.values().count == tensor.count)
      var narrow = [UInt16](repeating: 0, count: tensor.rows * tensor.rowCount)
      try narrow.withUnsafeMutableBufferPointer {
        try tensor.read(rows: 0..<tensor.rows, into: $0)
      }
    }
  }

  private func readAll(_ value: GGUFValue) {
    if let elements = value.elements {
      for element in elements { readAll(element) }
    } else {
      #expect(value.text != nil || value.number != nil || value.bool != nil)
    }
  }

  /// Tries mutations of a file; some must be read, and most be refused.
  private func check(
    _ file: [UInt8], header: Int, seed: Int, count: Int, _ read: ([UInt8]) throws -> Void
  ) {
    var mutator = WeightMutator(seed: seed)
    var refused = 0
    for _ in 0..<count {
      let bytes = mutator.next(file, header: header)
      let text = problem { try read(bytes) }
      if text == "nothing" { continue }
      refused += 1
      #expect(text.count < 2000 && !text.contains(where: \.isNewline), "\(text)")
    }
    #expect(refused > count / 2 && refused < count)
  }

  @Test("safetensors")
  func safeTensors() {
    let file = safeTensorsFile(Self.header, (0..<40).map { UInt8($0) })
    check(file, header: 8 + Self.header.utf8.count, seed: 1, count: Self.count) { bytes in
      try readAll(SafeTensors(MappedBytes(bytes)).tensors, of: bytes.count)
    }
  }

  @Test("GGUF")
  func gguf() {
    let file = GGUFTests.sample.bytes
    check(file, header: file.count - 32 * 10, seed: 2, count: Self.count) { bytes in
      let gguf = try GGUF(MappedBytes(bytes))
      try readAll(gguf.tensors, of: bytes.count)
      for value in gguf.metadata.values { readAll(value) }
    }
  }

  @Test("an index, which never leads out of its folder")
  func index() throws {
    let outside = try TemporaryFolder()
    try SafeTensorsWriter([.init("secret", [1]) { [1] }])
      .write(to: outside.file("model.safetensors"))
    try FileManager.default.createDirectory(
      atPath: outside.file("model"), withIntermediateDirectories: false)
    for (name, tensors) in [("one", ["a", "b"]), ("two", ["c"])] {
      try SafeTensorsWriter(tensors.map { .init($0, [1]) { [1] } })
        .write(to: outside.file("model/\(name).safetensors"))
    }
    let text = """
      {"metadata":{"total_size":12},
       "weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}}
      """
    let path = outside.file("model/model.safetensors.index.json")
    check(Array(text.utf8), header: text.utf8.count, seed: 3, count: Self.count) { bytes in
      try Data(bytes).write(to: URL(filePath: path))
      let tensors = try StoredTensors(at: outside.file("model"))
      #expect(tensors["secret"] == nil)
      try readAll(tensors, of: 1000)
    }
  }
}
