// SHA-256 as FIPS 180-4 defines it, to tell one text from another and a whole file from a damaged
// one. Not hardened against timing attacks: nothing secret is ever hashed here.

/// The SHA-256 digest of bytes given in one or several parts (FIPS 180-4, section 6.2).
package struct SHA256 {
  // H0 to H7, section 5.3.3: the fraction bits of the square roots of the first 8 primes.
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  private var schedule = [UInt32](repeating: 0, count: 64)
  private var pending: [UInt8] = []  // fewer than 64 bytes: the unfinished block
  private var length: UInt64 = 0  // bytes seen

  /// Starts a digest of nothing.
  package init() {}

  /// The digest of all of `bytes`, as 64 lower-case hexadecimal digits.
  package static func hex(_ bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.hex()
  }

  /// The digest of a file, which is never whole in memory.
  ///
  /// - Throws: `ResultsError.unreadable`.
  package static func hex(file path: String) throws(ResultsError) -> String {
    var hash = SHA256()
    try AtomicFile.readBlocks(of: path) { block in
      hash.update(block)
      return true
    }
    return hash.hex()
  }

  /// Adds `bytes` to what is hashed.
  package mutating func update(_ bytes: [UInt8]) {
    length += UInt64(bytes.count)
    var next = 0
    if !pending.isEmpty {
      next = min(64 - pending.count, bytes.count)
      pending.append(contentsOf: bytes[..<next])
      guard pending.count == 64 else { return }
      let block = pending
      compress(block, at: 0)
      pending.removeAll(keepingCapacity: true)
    }
    while bytes.count - next >= 64 {
      compress(bytes, at: next)
      next += 64
    }
    pending.append(contentsOf: bytes[next...])
  }

  /// The digest of what was added, as 64 lower-case hexadecimal digits; the hash itself goes on.
  package func hex() -> String {
    var copy = self
    // Section 5.1.1: a one bit, zeros up to 56 bytes modulo 64, and the length in bits.
    var padding: [UInt8] = [0x80]
    padding.append(
      contentsOf: repeatElement(0, count: (119 - copy.pending.count) % 64))
    let bits = copy.length &* 8
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      padding.append(UInt8(truncatingIfNeeded: bits >> shift))
    }
    copy.update(padding)

    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for word in copy.state {
      for shift in stride(from: UInt32(28), through: 0, by: -4) {
        text.append(digits[Int(word >> shift & 15)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// One round of section 6.2.2 over the 64 bytes of `bytes` that begin at `start`.
  private mutating func compress(_ bytes: [UInt8], at start: Int) {
    // Buffers rather than arrays: in a debug build each checked access would cost a call.
    bytes.withUnsafeBufferPointer { bytes in
      Self.roundConstants.withUnsafeBufferPointer { k in
        schedule.withUnsafeMutableBufferPointer { w in
          state.withUnsafeMutableBufferPointer { h in
            Self.compress(bytes, at: start, constants: k, schedule: w, state: h)
          }
        }
      }
    }
  }

  private static func compress(
    _ bytes: UnsafeBufferPointer<UInt8>, at start: Int, constants k: UnsafeBufferPointer<UInt32>,
    schedule w: UnsafeMutableBufferPointer<UInt32>, state hash: UnsafeMutableBufferPointer<UInt32>
  ) {
    for t in 0..<16 {
      let i = start + 4 * t
      w[t] =
        UInt32(bytes[i]) << 24 | UInt32(bytes[i + 1]) << 16 | UInt32(bytes[i + 2]) << 8
        | UInt32(bytes[i + 3])
    }
    for t in 16..<64 {
      let x = w[t - 15]
      let y = w[t - 2]
      let small0 = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3
      let small1 = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10
      w[t] = small1 &+ w[t - 7] &+ small0 &+ w[t - 16]
    }
    var (a, b, c, d) = (hash[0], hash[1], hash[2], hash[3])
    var (e, f, g, h) = (hash[4], hash[5], hash[6], hash[7])
    for t in 0..<64 {
      let big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let choice = e & f ^ ~e & g
      let first = h &+ big1 &+ choice &+ k[t] &+ w[t]
      let big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      let majority = a & b ^ a & c ^ b & c
      (h, g, f, e) = (g, f, e, d &+ first)
      (d, c, b, a) = (c, b, a, first &+ big0 &+ majority)
    }
    hash[0] &+= a
    hash[1] &+= b
    hash[2] &+= c
    hash[3] &+= d
    hash[4] &+= e
    hash[5] &+= f
    hash[6] &+= g
    hash[7] &+= h
  }

  @inline(__always)
  private static func rotate(_ x: UInt32, _ bits: UInt32) -> UInt32 {
    x >> bits | x << (32 - bits)
  }

  // K0 to K63, section 4.2.2: the fraction bits of the cube roots of the first 64 primes.
  private static let roundConstants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
