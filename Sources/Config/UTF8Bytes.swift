// Texts as bytes: long ones are put together in one buffer, which takes less than to join strings.

internal import Glibc

extension [UInt8] {
  /// Appends a text as UTF-8.
  package mutating func append(utf8 text: String) {
    var text = text
    text.withUTF8 { append(contentsOf: $0) }
  }

  /// The bytes, which are UTF-8, as a text.
  package var text: String { String(decoding: self, as: UTF8.self) }

  /// The first place of a byte from a place on; nil where it does not come.
  package func firstIndex(of byte: UInt8, from start: Int) -> Int? {
    withUnsafeBytes { bytes in
      guard start < bytes.count, let base = bytes.baseAddress,
        let found = memchr(base + start, Int32(byte), bytes.count - start)
      else { return nil }
      return base.distance(to: UnsafeRawPointer(found))
    }
  }

  /// The lines of a text, without the newlines that end them, from the first to the last.
  package var lineRanges: [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    while start < count {
      let end = firstIndex(of: UInt8(ascii: "\n"), from: start) ?? count
      ranges.append(start..<end)
      start = end + 1
    }
    return ranges
  }
}
