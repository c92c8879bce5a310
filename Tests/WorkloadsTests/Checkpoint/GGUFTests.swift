// The GGUF format: keys of all types, shapes, places; and what is wrong with damaged files.

import Foundation
import MutatedModels
import TestSupport
import Testing
import Workloads

@Suite("GGUF")
struct GGUFTests {
  private static let sample = GGUFFile.sample

  private func read(_ file: GGUFFile) throws -> GGUF { try GGUF(MappedBytes(file.bytes)) }

  private func problem(_ file: GGUFFile) -> String {
    WorkloadsTests.problem { _ = try read(file) }
  }

  @Test("every type of value is read, in versions 2 and 3", arguments: [2, 3] as [UInt32])
  func values(version: UInt32) throws {
    var file = Self.sample
    file.version = version
    let read = try read(file)
    #expect(read.version == Int(version))
    #expect(read.metadata.count == 17)
    func value(_ key: String) throws -> GGUFValue { try #require(read.metadata[key]) }
    let wholes = ["u8", "i8", "u16", "i16", "u32", "i32", "i64"].map { read.metadata[$0]?.whole }
    #expect(wholes == [200, -56, 60_000, -5, 4_000_000_000, -7, Int.min])
    #expect(try value("u64").whole == nil && value("u64").number == 0x1p64)
    #expect(try value("f32").number == Double(Float(0.1)) && value("f32").whole == nil)
    #expect(try value("f64").number == 0.1)
    #expect(try value("bool").bool == true && value("bool").number == nil)
    #expect(try value("text").text == "häuser" && value("u8").text == nil)
    #expect(try #require(value("numbers").elements).map(\.whole) == [-1, 0, 1])
    #expect(try #require(value("flags").elements).map(\.bool) == [true, false])
    #expect(try #require(value("texts").elements).map(\.text) == ["a", "", "▁b"])
    #expect(try #require(value("none").elements).isEmpty)
    let arrays = try #require(value("arrays").elements).compactMap(\.elements)
    #expect(arrays.map(\.count) == [2, 1])
    #expect(arrays.first?.last?.whole == 2 && arrays.last?.first?.text == "x")
  }

  @Test("tensors have row-major shapes, and their values")
  func tensors() throws {
    let tensors = try read(Self.sample).tensors
    #expect(tensors.names == ["f32", "f16", "bf16", "f64", "q8", "q4", "q4_1", "q6_k"])
    func tensor(_ name: String) throws -> StoredTensor { try #require(tensors[name]) }
    #expect(try tensor("f32").shape == [2, 3] && tensor("f32").values() == [0, 1, 2, 3, 4, 5])
    #expect(try tensor("f16").shape == [3] && tensor("f16").values() == [1, 2, 3])
    #expect(try tensor("bf16").shape == [1, 1, 2, 1] && tensor("bf16").values() == [1, 2])
    #expect(try tensor("f64").shape == [] && tensor("f64").values() == [2.5])
    #expect(try tensor("q4").shape == [1, 64] && tensor("q4_1").shape == [2, 32])
    #expect(try tensor("q6_k").shape == [1, 256])
  }

  @Test("the file says to what its tensors are aligned", arguments: [8, 32, 64, 4096])
  func alignment(bytes: Int) throws {
    var file = Self.sample
    file.keys.append(
      ("general.alignment", littleEndian(UInt32(4)) + littleEndian(UInt32(bytes))))
    file.alignment = bytes
    #expect(try #require(read(file).tensors["bf16"]).values() == [1, 2])
  }

  @Test("a tensor of another type is there, and cannot be read")
  func otherTypes() throws {
    var file = Self.sample
    file.tensors.append(.init("k", [256], 12, [UInt8](repeating: 0, count: 144)))
    file.tensors.append(.init("new", [256], 99, []))
    let tensors = try read(file).tensors
    for (name, type) in [("k", "Q4_K"), ("new", "type 99")] {
      let tensor = try #require(tensors[name])
      #expect(
        WorkloadsTests.problem { _ = try tensor.values() }
          .hasPrefix("'\(name)' is stored as \(type), which cannot be read"))
    }
  }

  @Test("a file of weights is known by its first bytes, whatever it is called")
  func anyName() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("x.bin")
    try Data(Self.sample.bytes).write(to: URL(filePath: path))
    #expect(try StoredTensors(at: path).names.first == "f32")
    #expect(try GGUF(file: path).metadata["text"]?.text == "häuser")
    try Data(safeTensorsFile("{}")).write(to: URL(filePath: path))
    #expect(try StoredTensors(at: path).all.isEmpty)
    let problem = WorkloadsTests.problem { _ = try GGUF(file: path) }
    #expect(problem == "could not read '\(path)': not a GGUF file: it does not begin with 'GGUF'")
  }

  @Test("a wrong file says what is wrong with it")
  func damaged() {
    func problem(_ change: (inout GGUFFile) -> Void) -> String {
      var file = Self.sample
      change(&file)
      let text = self.problem(file)
      let start = "not a GGUF file: "
      return text.hasPrefix(start) ? String(text.dropFirst(start.count)) : text
    }
    #expect(problem { $0.magic = Array("GGML".utf8) } == "it does not begin with 'GGUF'")
    #expect(problem { $0.version = 1 } == "it has version 1; 2 and 3 can be read")
    #expect(problem { $0.version = UInt32(3).byteSwapped } == "its numbers are big-endian")
    #expect(
      problem { $0.keys.append(("x", littleEndian(UInt32(13)) + [0])) }
        == "'x' has the type 13, which there is not")
    #expect(
      problem { $0.keys.append(("x", littleEndian(UInt32(9)) + littleEndian(UInt32(77)))) }
        == "'x' has the type 77, which there is not")
    // Made visible, a name may be several times as long as it was.
    let long = String(repeating: "\u{1}", count: 700)
    let found = problem { $0.keys.append((long, littleEndian(UInt32(13)) + [0])) }
    #expect(
      found.count < 900 && found.hasPrefix("'\\u{01}")
        && found.hasSuffix("' has the type 13, which there is not"))
    #expect(
      problem { $0.keys.append(("x", littleEndian(UInt32(8)) + littleEndian(UInt64.max))) }
        == "it should have 18446744073709551615 bytes of a string, more than there is room for")
    let many = littleEndian(UInt32(9)) + littleEndian(UInt32(4)) + littleEndian(UInt64(1) << 40)
    #expect(
      problem { $0.keys.append(("x", many)) }
        == "it should have 1099511627776 elements of 'x', more than there is room for")
    #expect(
      problem { $0.keys.append(("u8", littleEndian(UInt32(0)) + [1])) }
        == "it has the key 'u8' twice")
    #expect(
      problem {
        $0.keys.append(("x", littleEndian(UInt32(8)) + littleEndian(UInt64(1)) + [255]))
      } == "the value of 'x' is not UTF-8")
    let nested = (0..<9).reduce([UInt8]()) { inner, _ in
      littleEndian(UInt32(9)) + littleEndian(UInt64(1)) + inner
    }
    #expect(
      problem { $0.keys.append(("x", littleEndian(UInt32(9)) + nested)) }
        == "'x' has more than 8 levels of arrays")
    for alignment in [0, 24] as [UInt32] {
      #expect(
        problem {
          $0.keys.append(
            ("general.alignment", littleEndian(UInt32(4)) + littleEndian(alignment)))
        } == "'general.alignment' is no power of two")
    }
    #expect(
      problem { $0.tensors.append(.init("x", [1, 1, 1, 1, 1], 0, [0, 0, 0, 0])) }
        == "'x' has 5 dimensions, more than 4")
    #expect(
      problem { $0.tensors.append(.init("x", [-1], 0, [])) }
        == "'x' has a dimension of 18446744073709551615")
    #expect(
      problem { $0.tensors.append(.init("x", [2, 16], 8, [UInt8](repeating: 0, count: 34))) }
        == "the shape [2, 16] of 'x' does not fit Q8_0")
    #expect(
      problem { $0.tensors.append(.init("x", [], 8, [UInt8](repeating: 0, count: 34))) }
        == "the shape [] of 'x' does not fit Q8_0")
    #expect(
      problem { $0.tensors.append(.init("x", [1 << 40, 1 << 40], 0, [])) }
        == "the shape [1099511627776, 1099511627776] of 'x' does not fit F32")
    #expect(
      problem { $0.tensors.append(.init("x", [2], 0, [0, 0, 0, 0])) }
        == "the values of 'x' lie outside the file")
    #expect(
      problem { $0.tensors.append(.init("x", [1], 0, [0, 0, 0, 0], offset: 1 << 63)) }
        == "the values of 'x' lie outside the file")
    #expect(
      problem { $0.tensors.append(.init("x", [1], 0, [0, 0, 0, 0], offset: 4)) }
        == "the values of 'x' begin at byte 4, no multiple of 32")
    #expect(
      problem { $0.tensors.append(.init("x", [1], 0, [0, 0, 0, 0], offset: 0)) }
        .hasSuffix(" overlap"))
    #expect(
      problem { $0.tensors.append(.init("f32", [1], 0, [0, 0, 0, 0])) } == "'f32' is there twice")
  }

  @Test("no cut of a file is read as a whole one")
  func truncation() throws {
    let whole = Self.sample.bytes
    _ = try GGUF(MappedBytes(whole))
    for count in 0..<whole.count {
      let text = WorkloadsTests.problem {
        _ = try GGUF(MappedBytes(Array(whole.prefix(count))))
      }
      #expect(text != "nothing", "\(count) bytes")
    }
  }

  @Test("the time to read a list of texts grows with its length, not with its square")
  func texts() throws {
    func seconds(_ count: Int) throws -> Double {
      var file = GGUFFile()
      file.keys = [("tokens", GGUFFile.array(8, (0..<count).map { GGUFFile.text("token \($0)") }))]
      let bytes = MappedBytes(file.bytes)
      return try threadSeconds {
        let tokens = try #require(GGUF(bytes).metadata["tokens"]?.elements)
        #expect(tokens.enumerated().allSatisfy { $1.text == "token \($0)" })
      }
    }
    #expect(try seconds(160_000) < 24 * seconds(20_000))
  }
}
