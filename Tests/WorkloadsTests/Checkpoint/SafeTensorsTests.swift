// The safetensors format: what is written can be read, by hand too, and damaged files say what is
// wrong with them.

import Records
import TestSupport
import Testing
import Workloads

@Suite("safetensors")
struct SafeTensorsTests {
  private static let sample = SafeTensors(
    [
      .init(name: "a.weight", shape: [2, 3], values: [1, -2, 3.5, 0, -0.0, 1e-30]),
      .init(name: "a.bias", shape: [3], values: [7, 8, 9]),
      .init(name: "scalar", shape: [], values: [0.5]),
    ], metadata: [("format", "pt"), ("note", "a \"quoted\" word")])

  /// A file with this header and these values.
  private func file(_ header: String, _ values: [UInt8] = []) -> [UInt8] {
    let length = UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
      + Array(header.utf8) + values
  }

  private func problem(_ bytes: [UInt8]) -> String {
    do throws(SafeTensorsError) {
      _ = try SafeTensors(decoding: bytes)
      return "nothing"
    } catch {
      return error.description
    }
  }

  @Test("what was written is read again, bit for bit")
  func roundTrip() throws {
    let read = try SafeTensors(decoding: Self.sample.encoded())
    #expect(read == Self.sample)
    let bits = read["a.weight"]?.values.map(\.bitPattern)
    #expect(bits == Self.sample["a.weight"]?.values.map(\.bitPattern))
    #expect(read["b"] == nil)
  }

  @Test("values begin at a multiple of eight bytes, in the order written")
  func layout() throws {
    let bytes = Self.sample.encoded()
    let length = Int(bytes[0]) + Int(bytes[1]) << 8
    #expect(bytes[2...7].allSatisfy { $0 == 0 })
    #expect((8 + length) % 8 == 0)
    #expect(bytes.count == 8 + length + 10 * 4)
    #expect(Array(bytes[(8 + length)..<(12 + length)]) == [0, 0, 0x80, 0x3f])
    let header = String(decoding: bytes[8..<(8 + length)], as: UTF8.self)
    #expect(
      header.contains("\"a.bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[24,36]}"))
  }

  @Test("an empty file of tensors is one")
  func empty() throws {
    #expect(try SafeTensors(decoding: SafeTensors([]).encoded()).entries.isEmpty)
  }

  @Test("F64 and BF16 values are read into f32")
  func types() throws {
    let f64 = file(
      #"{"x":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}"#,
      [0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0])
    #expect(try SafeTensors(decoding: f64)["x"]?.values == [1.5, -2])
    let bf16 = file(
      #"{"x":{"dtype":"BF16","shape":[1,3],"data_offsets":[0,6]}}"#,
      [0x80, 0x3f, 0x20, 0xc1, 0x80, 0x7f])
    #expect(try SafeTensors(decoding: bf16)["x"]?.values == [1, -10, .infinity])
    #expect(try SafeTensors(decoding: bf16)["x"]?.shape == [1, 3])
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
    ] as [([UInt8], String)])
  func damagedPrefix(bytes: [UInt8], problem expected: String) {
    #expect(problem(bytes) == "not a safetensors file: \(expected)")
  }

  @Test(
    "a wrong header says which tensor is wrong",
    arguments: [
      (
        #"{"x":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}}"#,
        "'x' has a dtype other than F32, F64 and BF16"
      ),
      (
        #"{"x":{"shape":[4],"data_offsets":[0,4]}}"#, "'x' has a dtype other than F32, F64 and BF16"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        "the values of 'x' lie outside the file"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
        "the values of 'x' lie outside the file"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
        "the values of 'x' lie outside the file"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[1]}}"#, "the values of 'x' lie outside the file"
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
        #"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#,
        "the shape [4611686018427387904, 4] of 'x' does not fit its bytes"
      ),
      (
        #"{"x":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}"#,
        "the shape [4611686018427387904] of 'x' does not fit its bytes"
      ),
    ])
  func damagedHeader(header: String, problem expected: String) {
    #expect(problem(file(header, [0, 0, 128, 63])) == "not a safetensors file: \(expected)")
  }

  @Test(
    "a header that is no JSON object is an error", arguments: ["{", "\u{0}\u{1}", "nonsense", ""])
  func noJSON(header: String) {
    #expect(problem(file(header)).hasPrefix("not a safetensors file: its header is "))
  }

  @Test("no cut of a file is read as a whole one")
  func truncation() {
    let bytes = Self.sample.encoded()
    for count in stride(from: 0, to: bytes.count, by: 3) {
      #expect(problem(Array(bytes.prefix(count))) != "nothing", "\(count) bytes")
    }
  }

  @Test("the time to find all names of a file grows with their number, not with its square")
  func names() throws {
    func seconds(_ count: Int) throws -> Double {
      let names = (0..<count).map { "layer.\($0).weight" }
      let bytes = SafeTensors(names.map { .init(name: $0, shape: [], values: [1]) }).encoded()
      return try threadSeconds {
        let read = try SafeTensors(decoding: bytes)
        #expect(names.allSatisfy { read[$0] != nil })
      }
    }
    #expect(try seconds(16_000) < 24 * seconds(2000))
  }
}
