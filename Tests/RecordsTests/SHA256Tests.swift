// SHA-256 against the standard's vectors and against itself in parts.
// Not speed: that is stated in docs/data.md.

import Records
import Testing

@Suite struct SHA256Tests {
  /// The digest by plain C, and by the processor's instructions where it has them.
  private func digests(_ bytes: [UInt8]) -> [String] {
    [true, false].map { isPortable in
      var hash = SHA256(isPortable: isPortable)
      hash.update(bytes)
      return hash.hex()
    }
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
        + "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func `the vectors of the standard come out`(text: String, digest: String) {
    #expect(digests(Array(text.utf8)) == [digest, digest])
  }

  @Test func `a million times the letter a comes out`() {
    let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
    let digest = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    #expect(digests(bytes) == [digest, digest])
  }

  @Test func `the processor's instructions give the digests of plain C at every length`() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ 11 &* $0) }
    for length in 0...300 {
      let found = digests(Array(bytes[..<length]))
      #expect(found[0] == found[1], "length \(length)")
    }
  }

  @Test func `the processor's instructions are used where it has them`() throws {
    let flags = try AtomicFile.read("/proc/cpuinfo").split(whereSeparator: \.isWhitespace)
    #expect(SHA256.isAccelerated == (flags.contains("sha_ni") && flags.contains("ssse3")))
  }

  @Test func `parts of any length hash like the whole`() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for length in [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 300] {
      let whole = Array(bytes[..<length])
      for part in [1, 3, 63, 64, 65] {
        var hash = SHA256()
        for start in stride(from: 0, to: length, by: part) {
          hash.update(Array(whole[start..<min(start + part, length)]))
        }
        #expect(hash.hex() == SHA256.hex(whole), "length \(length) in parts of \(part)")
      }
    }
  }

  @Test func `reading the digest leaves the hash as it was`() {
    var hash = SHA256()
    hash.update(Array("ab".utf8))
    _ = hash.hex()
    hash.update(Array("c".utf8))
    #expect(hash.hex() == SHA256.hex(Array("abc".utf8)))
  }
}
