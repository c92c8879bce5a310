// PieceCache: the tokens of pieces that were met before: most words of a text are few different
// ones.

/// Pieces of up to 15 bytes and 4 tokens; of two that fall together, the later one stays.
struct PieceCache {
  private struct Entry {
    /// The bytes and their number; of an empty piece, which there is not, in an unused entry.
    var key: SIMD2<UInt64> = .zero
    var tokens: SIMD4<Int32> = .zero
    var count: Int = 0
  }

  private static let bits = 13
  private var entries = [Entry](repeating: Entry(), count: 1 << bits)

  /// A piece as a key; nil where it is too long.
  @inline(__always)
  static func key(_ piece: UnsafeBufferPointer<UInt8>) -> SIMD2<UInt64>? {
    guard piece.count < 16 else { return nil }
    let raw = UnsafeRawBufferPointer(piece)
    var key = SIMD2<UInt64>.zero
    if piece.count >= 8 {
      key.x = raw.loadUnaligned(as: UInt64.self)
      // The last 8 bytes, without those that are in the first half.
      let rest = piece.count - 8
      if rest > 0 {
        key.y =
          raw.loadUnaligned(fromByteOffset: rest, as: UInt64.self) >> UInt64(64 - 8 * rest)
      }
    } else {
      var index = piece.count
      while index > 0 {
        index -= 1
        key.x = key.x << 8 | UInt64(raw[index])
      }
    }
    key.y |= UInt64(piece.count) << 56
    return key
  }

  @inline(__always)
  private static func place(_ key: SIMD2<UInt64>) -> Int {
    let word = (key.x ^ (key.y &* 0xC2B2_AE3D_27D4_EB4F)) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: word >> UInt64(64 - bits))
  }

  /// Appends the tokens of a piece that was met.
  @inline(__always)
  func find(_ key: SIMD2<UInt64>, _ tokens: inout [Int32]) -> Bool {
    entries.withUnsafeBufferPointer { entries in
      let entry = entries[Self.place(key)]
      guard entry.key == key else { return false }
      for index in 0..<entry.count { tokens.append(entry.tokens[index]) }
      return true
    }
  }

  mutating func insert(_ key: SIMD2<UInt64>, _ tokens: ArraySlice<Int32>) {
    guard tokens.count <= 4 else { return }
    var entry = Entry(key: key, count: tokens.count)
    for (index, token) in tokens.enumerated() { entry.tokens[index] = token }
    entries[Self.place(key)] = entry
  }
}
