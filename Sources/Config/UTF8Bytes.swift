// Texts as bytes: long ones are put together in one buffer, which takes less than to join strings.

extension [UInt8] {
  /// Appends a text as UTF-8.
  package mutating func append(utf8 text: String) {
    var text = text
    text.withUTF8 { append(contentsOf: $0) }
  }

  /// The bytes, which are UTF-8, as a text.
  package var text: String { String(decoding: self, as: UTF8.self) }

  /// The lines of a text, without the newlines that end them, from the first to the last.
  package var lineRanges: [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    while start < count {
      let end = self[start...].firstIndex(of: UInt8(ascii: "\n")) ?? count
      ranges.append(start..<end)
      start = end + 1
    }
    return ranges
  }
}
