// Vocabulary: the tokens of a model, each a string of bytes and a number, and the way from one to
// the other.

/// What the tokens of a model are.
struct Vocabulary: Sendable {
  private let bytes: [UInt8]
  /// By id; nil in effect where there is no token: `Vocabulary.hole`.
  private let ranges: [ByteRange]
  /// Open addressing; the upper half is a part of the hash, the lower the id and 1, or 0.
  private let slots: [UInt64]
  private let mask: Int

  private static let hole = ByteRange(1, 0)

  /// One more than the largest id.
  var count: Int { ranges.count }

  /// - Parameters:
  ///   - strings: the tokens.
  ///   - ids: their numbers.
  ///   - isFound: which of them texts can have; others are there to be decoded alone.
  /// - Throws: `TokenizerError` where an id is no number of a token, or one of two.
  init(
    _ strings: PackedStrings, ids: [Int], isFound: (Int) -> Bool = { _ in true }
  ) throws(TokenizerError) {
    precondition(strings.count == ids.count)
    // Ids leave few holes; a file that says otherwise would take memory for each of them.
    let largest = 4 * ids.count + 1_000_000
    guard strings.bytes.count < 1 << 31 else { throw TokenizerError("the tokens have 2 GiB") }
    if let index = ids.firstIndex(where: { $0 < 0 || $0 >= largest }) {
      let token = "the token '\(String(decoding: strings[index], as: UTF8.self))'"
      throw TokenizerError(
        "\(token) has the id \(ids[index]), "
          + (ids[index] < 0 ? "which is below 0" : "far beyond the number of tokens, \(ids.count)"))
    }
    var ranges = [ByteRange](repeating: Self.hole, count: (ids.max() ?? -1) + 1)
    var capacity = 16
    while capacity < 2 * ids.count { capacity *= 2 }
    var slots = [UInt64](repeating: 0, count: capacity)
    let mask = capacity - 1
    try strings.bytes.withUnsafeBufferPointer { (bytes) throws(TokenizerError) in
      for (index, id) in ids.enumerated() {
        let range = strings.range(index)
        func quoted() -> String { "'\(String(decoding: bytes[range], as: UTF8.self))'" }
        guard ranges[id] == Self.hole else {
          throw TokenizerError("two tokens have the id \(id), one of them \(quoted())")
        }
        ranges[id] = ByteRange(range.lowerBound, range.upperBound)
        guard isFound(index) else { continue }
        let string = UnsafeBufferPointer(rebasing: bytes[range])
        let hash = Self.hash(string)
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots[place] != 0 {
          if slots[place] >> 32 == hash >> 32 {
            let other = ranges[Int(slots[place] & 0xFFFF_FFFF) - 1]
            guard !bytes[other.range].elementsEqual(string) else {
              throw TokenizerError("the token \(quoted()) is there twice")
            }
          }
          place = (place + 1) & mask
        }
        slots[place] = hash & ~0xFFFF_FFFF | UInt64(id + 1)
      }
    }
    bytes = strings.bytes
    self.ranges = ranges
    self.slots = slots
    self.mask = mask
  }

  /// The string of a token; nil where there is no such token.
  subscript(id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, Int(id) < ranges.count, ranges[Int(id)] != Self.hole else { return nil }
    return bytes[ranges[Int(id)].range]
  }

  /// The id of the token that a string is.
  @inline(__always)
  func id(of string: UnsafeBufferPointer<UInt8>) -> Int32? {
    let hash = Self.hash(string)
    var place = Int(truncatingIfNeeded: hash) & mask
    while slots[place] != 0 {
      if slots[place] >> 32 == hash >> 32 {
        let id = Int(slots[place] & 0xFFFF_FFFF) - 1
        let range = ranges[id].range
        if range.count == string.count,
          bytes.withUnsafeBufferPointer({ bytes in
            for offset in 0..<string.count where bytes[range.lowerBound + offset] != string[offset]
            { return false }
            return true
          })
        {
          return Int32(id)
        }
      }
      place = (place + 1) & mask
    }
    return nil
  }

  func id(of string: [UInt8]) -> Int32? { string.withUnsafeBufferPointer { id(of: $0) } }

  /// 64 bits of which both halves are good: products of 8 bytes at a time, folded.
  @inline(__always)
  private static func hash(_ string: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash = UInt64(string.count) &* 0x9E37_79B9_7F4A_7C15
    let raw = UnsafeRawBufferPointer(string)
    var index = 0
    while index + 8 <= raw.count {
      hash = fold(hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index += 8
    }
    var rest: UInt64 = 0
    while index < raw.count {
      rest = rest << 8 | UInt64(raw[index])
      index += 1
    }
    return fold(hash ^ rest)
  }

  @inline(__always)
  private static func fold(_ word: UInt64) -> UInt64 {
    let product = word.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }
}
