// Counter-based random numbers: the value at an index depends on nothing but the key and the index,
// so that one component more never shifts another's initial values, and a run can be replayed from
// any step.

import Glibc

/// A stream of random numbers, keyed by (seed, purpose, name); value i needs no value before it.
package struct Random: Sendable {
  let key: UInt64

  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - purpose: what the numbers are for, such as `initialisation`.
  ///   - name: whose they are, such as a parameter's name.
  package init(seed: UInt64, purpose: String, name: String = "") {
    // FNV-1a over the words, then mixed with the seed.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3 }
    hash = (hash ^ 0xff) &* 0x0100_0000_01b3
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3 }
    key = Random.mix(hash ^ Random.mix(seed &+ 0x9e37_79b9_7f4a_7c15))
  }

  /// 64 random bits: SplitMix64 (Steele, Lea & Flood 2014) at position `index`.
  package func bits(_ index: Int) -> UInt64 {
    Random.mix(key &+ UInt64(bitPattern: Int64(index)) &* 0x9e37_79b9_7f4a_7c15)
  }

  /// Uniform in [0, 1).
  package func uniform(_ index: Int) -> Double {
    Double(bits(index) >> 11) * 0x1p-53
  }

  /// Standard normal (Box and Muller 1958).
  package func normal(_ index: Int) -> Double {
    let radius = sqrt(-2 * log(1 - uniform(2 * index)))
    return radius * cos(2 * Double.pi * uniform(2 * index + 1))
  }

  /// Uniform in 0..<bound, by the high half of a 128-bit product.
  package func below(_ bound: Int, _ index: Int) -> Int {
    precondition(bound > 0, "no number is below \(bound)")
    return Int(bits(index).multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// `count` normal numbers with the given standard deviation.
  package func normals(_ count: Int, deviation: Double) -> [Float] {
    (0..<count).map { Float(deviation * normal($0)) }
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
