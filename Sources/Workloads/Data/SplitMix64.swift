// SplitMix64: the random numbers of the data side, as a stream and by position.
// Not for initial parameters, which have a generator of their own.

/// A small seeded generator whose every element can be had by its position.
///
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014. All arithmetic
/// is on 64-bit integers, so every machine draws the same.
package struct SplitMix64: Sendable {
  private static let step: UInt64 = 0x9e37_79b9_7f4a_7c15
  private var state: UInt64

  /// Starts the stream of `seed`.
  package init(seed: UInt64) {
    state = seed
  }

  /// The next 64 bits of the stream.
  package mutating func next() -> UInt64 {
    state &+= Self.step
    return Self.mix(state)
  }

  /// The next whole number in `0..<bound`.
  package mutating func next(below bound: Int) -> Int {
    Self.scale(next(), below: bound)
  }

  /// Element `index` of the stream of `seed`, without drawing the ones before it.
  package static func element(_ index: UInt64, of seed: UInt64) -> UInt64 {
    mix(seed &+ (index &+ 1) &* step)
  }

  /// Maps 64 random bits to `0..<bound` as the high word of `bits * bound`; the bias is below
  /// `bound / 2^64`.
  package static func scale(_ bits: UInt64, below bound: Int) -> Int {
    precondition(bound > 0, "SplitMix64: the bound must be positive, not \(bound)")
    return Int(bits.multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// The finalizer of SplitMix64: a bijection of 64-bit words.
  package static func mix(_ word: UInt64) -> UInt64 {
    var z = word
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
