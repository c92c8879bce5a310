// MergeTable: which two tokens next to each other become which one, and how early.

/// Merges by their two parts.
package struct MergeTable: Sendable {
  /// Open addressing: the two parts' ids, the left one in the upper half; rank and result.
  private var slots: [SIMD2<UInt64>]
  private let mask: Int
  private let shift: Int

  private static let empty = UInt64.max

  /// - Parameter count: how many merges there may be.
  package init(capacity count: Int) {
    var capacity = 16
    while capacity < count + count / 2 { capacity *= 2 }
    slots = Array(repeating: SIMD2(Self.empty, 0), count: capacity)
    mask = capacity - 1
    shift = 64 - capacity.trailingZeroBitCount
  }

  @inline(__always)
  private func place(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: ((key ^ key >> 29) &* 0x9E37_79B9_7F4A_7C15) >> UInt64(shift))
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  /// Adds a merge; the last of two of the same parts counts.
  package mutating func insert(_ left: Int32, _ right: Int32, rank: Int, result: Int32) {
    let key = Self.key(left, right)
    var place = place(key)
    while slots[place].x != Self.empty && slots[place].x != key { place = (place + 1) & mask }
    slots[place] = SIMD2(key, UInt64(rank) << 32 | UInt64(UInt32(bitPattern: result)))
  }

  /// The rank and what becomes of two tokens; nil where they do not merge.
  @inline(__always)
  func merge(_ left: Int32, _ right: Int32) -> (rank: UInt32, result: Int32)? {
    let key = Self.key(left, right)
    return slots.withUnsafeBufferPointer { slots in
      var place = place(key)
      while true {
        let slot = slots[place]
        if slot.x == key {
          return (UInt32(slot.y >> 32), Int32(truncatingIfNeeded: slot.y & 0xFFFF_FFFF))
        }
        if slot.x == Self.empty { return nil }
        place = (place + 1) & mask
      }
    }
  }
}
