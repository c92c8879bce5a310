// An order of things of which each place can be had by itself: that of the images of an epoch.

/// An order of so many things, of which each place can be had without those before it: a Feistel
/// network over as many bits as they need, walked until it meets one of them (Black & Rogaway 2002,
/// "Ciphers with arbitrary finite domains").
package struct Permutation: Sendable {
  private let count: Int
  private let key: UInt64
  /// Bits of each half.
  private let half: UInt64

  package init(count: Int, key: UInt64) {
    precondition(count > 0, "Permutation: of nothing")
    (self.count, self.key) = (count, key)
    let bits = UInt64.bitWidth - UInt64(count - 1).leadingZeroBitCount
    half = UInt64(max(1, (bits + 1) / 2))
  }

  /// What stands at a place.
  package subscript(place: Int) -> Int {
    precondition((0..<count).contains(place), "Permutation: place \(place) of \(count)")
    var value = UInt64(place)
    repeat { value = mixed(value) } while value >= UInt64(count)
    return Int(value)
  }

  private func mixed(_ value: UInt64) -> UInt64 {
    let mask: UInt64 = (1 << half) - 1
    var (left, right) = (value >> half, value & mask)
    for round: UInt64 in 0..<4 {
      let word = SplitMix64.mix(key ^ SplitMix64.mix(right << 3 | round))
      (left, right) = (right, (left ^ word) & mask)
    }
    return left << half | right
  }
}
