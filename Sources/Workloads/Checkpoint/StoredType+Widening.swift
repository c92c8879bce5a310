// From the elements that files store to f32: loops that the compiler vectorises, since whole models
// go through them.

import Glibc

extension StoredType {
  /// Writes the f32 values of whole blocks.
  ///
  /// - Parameter target: has a place for each value.
  func widen(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Float>) {
    precondition(
      target.count % blockCount == 0 && source.count == target.count / blockCount * blockBytes,
      "\(source.count) bytes for \(target.count) values of \(name)")
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    let count = target.count
    switch self {
    case .f32: memcpy(to, from, source.count)
    case .f64:
      for index in 0..<count {
        to[index] = Float(from.loadUnaligned(fromByteOffset: index &* 8, as: Double.self))
      }
    case .f16:
      for index in 0..<count {
        to[index] = Float(half: from.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self))
      }
    case .bf16:
      for index in 0..<count {
        let bits = from.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self)
        to[index] = Float(bitPattern: UInt32(bits) << 16)
      }
    case .q8:
      for block in 0..<count / 32 { Self.widenQ8(from + block * 34, into: to + block * 32) }
    case .q4:
      for block in 0..<count / 32 { Self.widenQ4(from + block * 18, into: to + block * 32) }
    case .q4WithMinimum:
      for block in 0..<count / 32 {
        Self.widenQ4WithMinimum(from + block * 20, into: to + block * 32)
      }
    case .q6:
      for block in 0..<count / 256 { Self.widenQ6(from + block * 210, into: to + block * 256) }
    case .other: preconditionFailure("values of \(name) cannot be read")
    }
  }

  // Of each block, scale x number is exact but in Q6_K: an f16 has 11 digits, and a number at most 8.

  private static func widenQ8(_ block: UnsafeRawPointer, into to: UnsafeMutablePointer<Float>) {
    let scale = Float(half: block.loadUnaligned(as: UInt16.self))
    let numbers = block + 2
    for index in 0..<32 {
      to[index] = Float(numbers.load(fromByteOffset: index, as: Int8.self)) * scale
    }
  }

  // The low halves of the bytes are the first 16 elements, the high ones the rest.

  private static func widenQ4(_ block: UnsafeRawPointer, into to: UnsafeMutablePointer<Float>) {
    let scale = Float(half: block.loadUnaligned(as: UInt16.self))
    let pairs = block + 2
    for index in 0..<16 {
      let pair = Int32(pairs.load(fromByteOffset: index, as: UInt8.self))
      to[index] = Float((pair & 15) &- 8) * scale
      to[index &+ 16] = Float((pair >> 4) &- 8) * scale
    }
  }

  private static func widenQ4WithMinimum(
    _ block: UnsafeRawPointer, into to: UnsafeMutablePointer<Float>
  ) {
    let scale = Float(half: block.loadUnaligned(as: UInt16.self))
    let minimum = Float(half: block.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    let pairs = block + 4
    for index in 0..<16 {
      let pair = Int32(pairs.load(fromByteOffset: index, as: UInt8.self))
      to[index] = Float(pair & 15) * scale + minimum
      to[index &+ 16] = Float(pair >> 4) * scale + minimum
    }
  }

  /// Of each half of the elements, the low four bits of 128 numbers, two to a byte, and the high two,
  /// four to a byte: those of numbers that are 32 apart.
  private static func widenQ6(_ block: UnsafeRawPointer, into to: UnsafeMutablePointer<Float>) {
    let scale = Float(half: block.loadUnaligned(fromByteOffset: 208, as: UInt16.self))
    for half in 0..<2 {
      let (low, high) = (block + half * 64, block + (128 + half * 32))
      for part in 0..<2 {
        let groups = block + (192 + half * 8 + part)
        func group(_ index: Int) -> Float {
          Float(groups.load(fromByteOffset: 2 &* index, as: Int8.self)) * scale
        }
        let (first, second, third, fourth) = (group(0), group(1), group(2), group(3))
        let target = to + (half * 128 + part * 16)
        for index in 0..<16 {
          let place = part &* 16 &+ index
          let one = Int32(low.load(fromByteOffset: place, as: UInt8.self))
          let two = Int32(low.load(fromByteOffset: place &+ 32, as: UInt8.self))
          let four = Int32(high.load(fromByteOffset: place, as: UInt8.self))
          target[index] = first * Float((one & 15 | (four & 3) << 4) &- 32)
          target[index &+ 32] = second * Float((two & 15 | (four & 12) << 2) &- 32)
          target[index &+ 64] = third * Float((one >> 4 | four & 48) &- 32)
          target[index &+ 96] = fourth * Float((two >> 4 | (four & 192) >> 2) &- 32)
        }
      }
    }
  }
}

extension Float {
  /// The value of an IEEE half; a NaN keeps its sign and its payload.
  ///
  /// By whole numbers, since not every processor that this is built for converts halves, and those
  /// that take subnormal numbers for 0 would lose some.
  @inline(__always)
  init(half: UInt16) {
    let magnitude = UInt32(half & 0x7FFF) << 13
    let exponent = magnitude & 0x0F80_0000
    // The bias is 127 instead of 15; the greatest exponent stays that of infinity and NaN.
    let bias: UInt32 = exponent == 0x0F80_0000 ? 224 << 23 : 112 << 23
    let normal = magnitude &+ bias
    // Without the leading one, which a subnormal half has not.
    let subnormal =
      Float(bitPattern: magnitude &+ 113 << 23) - Float(bitPattern: 113 << 23)
    let bits = exponent == 0 ? subnormal.bitPattern : normal
    self.init(bitPattern: bits | UInt32(half & 0x8000) << 16)
  }
}
