// GeneratedNumbers: what files of models hold in tests, by the million. It is made here because
// this module is optimised, and those of the tests are not.

package enum GeneratedNumbers {
  /// Small numbers of either sign.
  package static func floats(_ count: Int) -> [Float] {
    (0..<count).map { Float(Int32(truncatingIfNeeded: $0 &* 0x9E37_79B1) >> 16) / 1_000_000 }
  }

  /// Blocks of quantised elements, so many bytes each, in which the numbers in half precision at
  /// these places are 2^-10.
  package static func blocks(_ count: Int, ofBytes bytes: Int, halves: [Int]) -> [UInt8] {
    var all = (0..<count * bytes).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    for start in stride(from: 0, to: all.count, by: bytes) {
      for place in halves { (all[start + place], all[start + place + 1]) = (0x00, 0x14) }
    }
    return all
  }

  /// Numbers that follow from a name, at most `scale` from `offset`, by the formula in
  /// Tests/Fixtures/make_family_fixtures.py.
  package static func floats(
    _ count: Int, of name: String, scale: Float, offset: Float
  ) -> [Float] {
    let hash = name.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    return (0..<count).map { index in
      let random = splitMix64(hash &+ UInt64(index))
      return offset + scale * (Float(Int(random >> 48) - 32768) / 32768)
    }
  }

  private static func splitMix64(_ state: UInt64) -> UInt64 {
    var x = state &+ 0x9e37_79b9_7f4a_7c15
    x = (x ^ x >> 30) &* 0xbf58_476d_1ce4_e5b9
    x = (x ^ x >> 27) &* 0x94d0_49bb_1331_11eb
    return x ^ x >> 31
  }

  /// The sum of the bits of each value times its place, counted from 1.
  package static func checksum(of values: [Float]) -> UInt32 {
    zip(1..., values).reduce(0) { $0 &+ UInt32($1.0) &* $1.1.bitPattern }
  }

  /// The little-endian bytes of numbers.
  package static func bytes(of values: [Float]) -> [UInt8] {
    values.flatMap { littleEndian($0.bitPattern) }
  }
}
