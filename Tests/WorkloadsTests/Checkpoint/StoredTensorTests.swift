// Values of files as f32 and as bf16: every half, every kind of block, any rows.

import MutatedModels
import Tensors
import TestSupport
import Testing
import Workloads

@Suite("stored tensors")
struct StoredTensorTests {
  /// One tensor of a safetensors file.
  private func tensor(_ type: String, _ shape: [Int], _ values: [UInt8]) throws -> StoredTensor {
    let header =
      #"{"x":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[0,\#(values.count)]}}"#
    let file = try SafeTensors(MappedBytes(safeTensorsFile(header, values)))
    return try #require(file.tensors["x"])
  }

  /// One tensor of a GGUF file.
  private func blocks(_ type: UInt32, _ shape: [Int], _ values: [UInt8]) throws -> StoredTensor {
    var file = GGUFFile()
    file.tensors = [.init("x", shape, type, values)]
    return try #require(try GGUF(MappedBytes(file.bytes)).tensors["x"])
  }

  private func bf16(_ tensor: StoredTensor, _ rows: Range<Int>) throws -> [UInt16] {
    var values = [UInt16](repeating: 0xAAAA, count: rows.count * tensor.rowCount)
    try values.withUnsafeMutableBufferPointer { try tensor.read(rows: rows, into: $0) }
    return values
  }

  /// What a half stands for, by its formula.
  private func value(ofHalf half: UInt16) -> Double {
    let sign = half & 0x8000 == 0 ? 1.0 : -1
    let (exponent, fraction) = (Int(half >> 10 & 31), Double(half & 1023))
    func power(_ exponent: Int) -> Double {
      Double(sign: .plus, exponent: exponent, significand: 1)
    }
    switch exponent {
    case 0: return sign * fraction * power(-24)
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * (1 + fraction / 1024) * power(exponent - 15)
    }
  }

  @Test("every half is the f32 that its formula gives")
  func halves() throws {
    let all = (0..<65536).map { UInt16($0) }
    let read = try tensor("F16", [256, 256], all.flatMap { littleEndian($0) }).values()
    let wrong = zip(all, read).filter { half, found in
      let expected = value(ofHalf: half)
      return expected.isNaN
        ? !found.isNaN : found.bitPattern != Float(expected).bitPattern
    }
    #expect(wrong.isEmpty)
    // The sign and the payload of a NaN are kept.
    #expect(read[0xFE01].bitPattern == 0xFFC0_2000)
  }

  @Test("f32 is rounded to the nearest bf16, ties to even, and NaN stays NaN")
  func rounding() throws {
    let cases: [(UInt32, UInt16)] = [
      (0x3F80_0000, 0x3F80), (0x3F80_7FFF, 0x3F80), (0x3F80_8000, 0x3F80), (0x3F80_8001, 0x3F81),
      (0x3F81_8000, 0x3F82), (0xBF81_8000, 0xBF82), (0x7F7F_FFFF, 0x7F80), (0x7F80_0000, 0x7F80),
      (0x7F80_0001, 0x7FC0), (0xFFFF_FFFF, 0x7FC0), (0x0000_0001, 0), (0x8000_0000, 0x8000),
    ]
    let stored = try tensor("F32", [cases.count, 1], cases.flatMap { littleEndian($0.0) })
    #expect(try bf16(stored, 0..<cases.count) == cases.map(\.1))
    let kept: [UInt16] = [0x3F80, 0x7F81, 0xFFFF, 1]
    let same = try tensor("BF16", [4], kept.flatMap { littleEndian($0) })
    #expect(try bf16(same, 0..<1) == kept)
  }

  @Test("many values are rounded as by the device")
  func devices() throws {
    var random = FixedRandom(state: 5)
    let shape = [7, 20_011]
    // None below 2^-126: a processor's own conversion to bf16 takes those for 0.
    let patterns = (0..<shape[0] * shape[1]).map { _ in
      let pattern = UInt32(truncatingIfNeeded: random.next())
      return pattern & 0x7F80_0000 == 0 || pattern & 0x7F00 == 0 ? 0 : pattern
    }
    let stored = try tensor("F32", shape, patterns.flatMap { littleEndian($0) })
    let device = Device.cpu(threads: 1)
    for type in [ElementType.f32, .bf16] {
      let expected = Tensor(try stored.values(), Shape(shape), type, kind: .data, on: device)
      let found = Tensor(Shape(shape), type, kind: .data, on: device)
      try found.copy(from: stored)
      let isSame = found.values().map(\.bitPattern) == expected.values().map(\.bitPattern)
      #expect(isSame)
    }
    let halves = try tensor("F16", shape, patterns.flatMap { littleEndian(UInt16($0 & 0x7BFF)) })
    let narrow = try tensor("BF16", shape, patterns.flatMap { littleEndian(UInt16($0 & 0x7F7F)) })
    for stored in [halves, narrow] {
      for type in [ElementType.f32, .bf16] {
        let expected = Tensor(try stored.values(), Shape(shape), type, kind: .data, on: device)
        let found = Tensor(Shape(shape), type, kind: .data, on: device)
        try found.copy(from: stored)
        let isSame = found.values() == expected.values()
        #expect(isSame)
      }
    }
  }

  @Test("rows are those of the first dimension")
  func rows() throws {
    let numbers = (0..<24).map { Float($0) }
    let cube = try tensor("F32", [4, 3, 2], numbers.flatMap { littleEndian($0.bitPattern) })
    #expect(cube.rows == 4 && cube.rowCount == 6 && cube.count == 24)
    var found = [Float](repeating: 0, count: 12)
    try found.withUnsafeMutableBufferPointer { try cube.read(rows: 1..<3, into: $0) }
    #expect(found == Array(numbers[6..<18]))
    #expect(try bf16(cube, 3..<4) == numbers[18...].map { UInt16($0.bitPattern >> 16) })
    #expect(try bf16(cube, 2..<2).isEmpty)
    let vector = try tensor("F32", [24], numbers.flatMap { littleEndian($0.bitPattern) })
    #expect(vector.rows == 1 && vector.rowCount == 24)
    let scalar = try tensor("F32", [], littleEndian(Float(3).bitPattern))
    #expect(scalar.rows == 1 && scalar.rowCount == 1 && scalar.count == 1)
    #expect(try scalar.values() == [3])
    let none = try tensor("F32", [0, 5], [])
    #expect(none.rows == 0 && none.rowCount == 5)
    #expect(try none.values().isEmpty)
  }

  @Test("Q8_0: an f16 scale, and 32 signed bytes")
  func q8() throws {
    let numbers = (0..<32).map { Int8(truncatingIfNeeded: $0 * 17 - 128) }
    let block = littleEndian(half(-0.125)) + numbers.map { UInt8(bitPattern: $0) }
    let zero = littleEndian(UInt16(0)) + [UInt8](repeating: 9, count: 32)
    let tensor = try blocks(8, [2, 32], block + zero)
    #expect(tensor.type == .q8 && tensor.type.name == "Q8_0")
    let expected = numbers.map { Float($0) * -0.125 }
    #expect(expected[0] == 16 && expected[31] == 14.125)
    #expect(try tensor.values() == expected + [Float](repeating: 0, count: 32))
    #expect(try bf16(tensor, 0..<1) == expected.map { UInt16($0.bitPattern >> 16) })
    #expect(try bf16(tensor, 1..<2).allSatisfy { $0 == 0 })
  }

  // Byte i has i in its low half and 15 - i in its high one.
  private let pairs = (0..<16).map { UInt8($0 | (15 - $0) << 4) }

  @Test("Q4_0: an f16 scale, the low halves of 16 bytes and then the high ones, less 8")
  func q4() throws {
    let tensor = try blocks(2, [1, 32], littleEndian(half(0.5)) + pairs)
    #expect(tensor.type.name == "Q4_0")
    let rising = (0..<16).map { Float($0) * 0.5 - 4 }
    #expect(rising.first == -4 && rising.last == 3.5)
    #expect(try tensor.values() == rising + rising.reversed())
  }

  @Test("Q4_1: an f16 scale, an f16 minimum, the low halves of 16 bytes and then the high ones")
  func q4WithMinimum() throws {
    let one = littleEndian(half(0.25)) + littleEndian(half(-1.5)) + pairs
    let two = littleEndian(half(2)) + littleEndian(half(100)) + pairs
    let tensor = try blocks(3, [2, 32], one + two)
    #expect(tensor.type.name == "Q4_1")
    let first = (0..<16).map { Float($0) * 0.25 - 1.5 }
    let second = (0..<16).map { Float($0) * 2 + 100 }
    #expect(try tensor.values() == first + first.reversed() + second + second.reversed())
    #expect(
      try bf16(tensor, 1..<2) == (second + second.reversed()).map { UInt16($0.bitPattern >> 16) })
  }

  @Test("Q6_K: 256 numbers of 6 bits, a signed byte for each 16 of them, and an f16 scale")
  func q6() throws {
    let numbers = (0..<256).map { ($0 * 29 + 7) % 64 - 32 }
    let groups = (0..<16).map { Int8($0 * 17 - 128) }
    var (low, high) = ([UInt8](repeating: 0, count: 128), [UInt8](repeating: 0, count: 64))
    for (place, number) in numbers.enumerated() {
      let (half, quarter, index) = (place / 128, place % 128 / 32, place % 32)
      let bits = UInt8(number + 32)
      low[half * 64 + quarter % 2 * 32 + index] |= (bits & 15) << (quarter / 2 * 4)
      high[half * 32 + index] |= (bits >> 4) << (2 * quarter)
    }
    let block = low + high + groups.map { UInt8(bitPattern: $0) } + littleEndian(half(-0.5))
    let tensor = try blocks(14, [1, 256], block)
    #expect(tensor.type.name == "Q6_K")
    let expected = numbers.enumerated().map { Float($1) * Float(groups[$0 / 16]) * -0.5 }
    #expect(try tensor.values() == expected)
  }

  @Test("the scale of a block may be subnormal, infinite or NaN")
  func scales() throws {
    let ones = [UInt8](repeating: 1, count: 32)
    for (scale, expected) in [
      (UInt16(1), Float(sign: .plus, exponent: -24, significand: 1)), (0x7C00, .infinity),
    ] {
      let values = try blocks(8, [32], littleEndian(scale) + ones).values()
      #expect(values == [Float](repeating: expected, count: 32))
    }
    let values = try blocks(8, [32], littleEndian(UInt16(0x7E00)) + ones).values()
    #expect(values.allSatisfy { $0.isNaN })
  }
}
