// GeneratedNumbers: what large files of models hold in tests, by the ten million. It is made here
// because this module is optimised, and those of the tests are not.

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
}
