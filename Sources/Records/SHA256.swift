// SHA-256 as FIPS 180-4 defines it, to tell one text from another and a whole file from a damaged
// one. Not hardened against timing attacks: nothing secret is ever hashed here. What works through the
// blocks is C (`Sources/CHash`), for it picks the processor's instructions as it runs.

internal import CHash

/// The SHA-256 digest of bytes given in one or several parts (FIPS 180-4, section 6.2).
package struct SHA256 {
  // H0 to H7, section 5.3.3: the fraction bits of the square roots of the first 8 primes.
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  private var pending: [UInt8] = []  // fewer than 64 bytes: the unfinished block
  private var length: UInt64 = 0  // bytes seen
  private let isPortable: Bool

  /// Starts a digest of nothing.
  ///
  /// - Parameter isPortable: whether to do without the processor's own instructions for it.
  package init(isPortable: Bool = false) { self.isPortable = isPortable }

  /// Whether this processor has instructions for it.
  package static var isAccelerated: Bool { sha256_is_accelerated() }

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
    bytes.withUnsafeBytes { update($0) }
  }

  /// The same of bytes that are no array, without a copy.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    length += UInt64(bytes.count)
    var next = 0
    if !pending.isEmpty {
      next = min(64 - pending.count, bytes.count)
      pending.append(contentsOf: bytes[..<next])
      guard pending.count == 64 else { return }
      let block = pending
      block.withUnsafeBytes { compress($0) }
      pending.removeAll(keepingCapacity: true)
    }
    let end = bytes.count - (bytes.count - next) % 64
    compress(UnsafeRawBufferPointer(rebasing: bytes[next..<end]))
    pending.append(contentsOf: bytes[end...])
  }

  /// Section 6.2.2 over blocks of 64 bytes.
  private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
    blocks.withMemoryRebound(to: UInt8.self) { bytes in
      guard let first = bytes.baseAddress, !bytes.isEmpty else { return }
      if isPortable {
        sha256_compress_portable(&state, first, bytes.count / 64)
      } else {
        sha256_compress(&state, first, bytes.count / 64)
      }
    }
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
}
