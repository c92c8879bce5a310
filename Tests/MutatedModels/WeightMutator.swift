// WeightMutator: files of weights with something wrong in them, repeatably.

import TestSupport

/// Makes mutations of the bytes of files.
struct WeightMutator {
  private var random: FixedRandom
  /// Pieces of text that headers have, and others that they should not have.
  private static let words = [
    "\"", "{", "}", "[", "]", ",", ":", "0", "-1", "1e9", "4611686018427387904", "null", "true",
    "[[[[", "\"shape\":", "\"dtype\":", "\"F16\"", "\"BF16\"", "\"I8\"", "\"data_offsets\":[0,4]",
    "\"__metadata__\":{", "{}", "\\u0000", "\\ud800", "../", "/", "\"weight_map\":{", "99", ".5",
  ].map { Array($0.utf8) }
  /// Numbers at which counts and sums go wrong.
  private static let extremes: [UInt64] = [
    0, 1, 2, 7, 8, 9, 31, 32, 255, 1 << 16, 1 << 31, 1 << 32, 1 << 61, 1 << 62, 1 << 63,
    (1 << 63) - 1, .max, .max - 7,
  ]

  init(seed: Int) {
    random = FixedRandom(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
  }

  mutating func number(below count: Int) -> Int {
    Int((random.next() >> 20) % UInt64(max(1, count)))
  }

  /// One to four mutations away from a good file, most of them within its first `header` bytes.
  mutating func next(_ file: [UInt8], header: Int) -> [UInt8] {
    var bytes = file
    for _ in 0...number(below: 4) {
      let limit = number(below: 8) == 0 ? bytes.count : min(header, bytes.count)
      change(&bytes, at: number(below: limit))
    }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8], at place: Int) {
    guard place < bytes.count else { return }
    let some = min(bytes.count - place, 1 + number(below: 24))
    switch number(below: 10) {
    case 0: bytes[place] ^= 1 << UInt8(number(below: 8))
    case 1: bytes[place] = UInt8(number(below: 256))
    case 2: bytes.removeSubrange(place..<place + some)
    case 3: bytes.insert(contentsOf: bytes[place..<place + some], at: number(below: bytes.count))
    case 4: bytes.removeSubrange(place...)
    case 5: bytes[place] = bytes[place] &+ (number(below: 2) == 0 ? 1 : 255)
    case 6, 7:
      let value = Self.extremes[number(below: Self.extremes.count)]
      let size = number(below: 2) == 0 ? 4 : 8
      for index in 0..<min(size, bytes.count - place) {
        bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
      }
    default:
      let word = Self.words[number(below: Self.words.count)]
      if number(below: 2) == 0 { bytes.removeSubrange(place..<place + some) }
      bytes.insert(contentsOf: word, at: min(place, bytes.count))
    }
  }
}
