// Pieces: a text on its way through the pre-tokenizers, cut ever finer.

/// Parts of a text of UTF-8, from left to right; merges never cross their borders.
package struct Pieces {
  private(set) var bytes: [UInt8]
  package private(set) var ranges: [ByteRange]
  /// What was in a piece and is in none any more.
  private(set) var dropped = Untokenized()
  /// Whether the first one is at the start of the whole text that is encoded.
  let isAtStart: Bool

  package init(_ bytes: [UInt8], isAtStart: Bool) {
    self.bytes = bytes
    self.isAtStart = isAtStart
    ranges = bytes.isEmpty ? [] : [ByteRange(0, bytes.count)]
  }

  /// Cuts each piece.
  ///
  /// - Parameter body: gets a piece and a function that takes the parts to keep, as offsets in it.
  mutating func cut(
    _ body: (UnsafeBufferPointer<UInt8>, (Int, Int) -> Void) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    let old = ranges
    var new: [ByteRange] = []
    var dropped = Untokenized()
    // A word has four or five bytes.
    new.reserveCapacity(max(bytes.count / 4, old.count) + 1)
    try bytes.withUnsafeBufferPointer { (bytes) throws(TokenizerError) in
      for piece in old {
        let start = Int(piece.start)
        let text = UnsafeBufferPointer(rebasing: bytes[piece.range])
        // Where what is kept ends.
        var last = 0
        try body(text) { begin, end in
          if begin > last { dropped.add(UnsafeBufferPointer(rebasing: text[last..<begin])) }
          last = end
          if end > begin { new.append(ByteRange(start + begin, start + end)) }
        }
        if last < text.count { dropped.add(UnsafeBufferPointer(rebasing: text[last...])) }
      }
    }
    ranges = new
    self.dropped.add(dropped)
  }

  /// Rewrites each piece.
  ///
  /// - Parameter body: gets a piece, whether it is at the start of the whole text, and the bytes
  ///   behind which it is to be put.
  mutating func rewrite(_ body: (UnsafeBufferPointer<UInt8>, Bool, inout [UInt8]) -> Void) {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + bytes.count / 4 + 16)
    var new: [ByteRange] = []
    new.reserveCapacity(ranges.count)
    bytes.withUnsafeBufferPointer { bytes in
      for (index, piece) in ranges.enumerated() {
        let start = result.count
        let isFirst = isAtStart && index == 0 && piece.start == 0
        body(UnsafeBufferPointer(rebasing: bytes[piece.range]), isFirst, &result)
        if result.count > start { new.append(ByteRange(start, result.count)) }
      }
    }
    bytes = result
    ranges = new
  }
}
