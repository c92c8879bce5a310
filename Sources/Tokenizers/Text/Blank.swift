// Blank: the visible blank of SentencePiece, ▁, with which words begin, and what becomes of too many
// blanks.

enum Blank {
  static let bytes = Array("▁".utf8)

  static func begins(_ text: ArraySlice<UInt8>) -> Bool { text.starts(with: bytes) }

  static func ends(_ text: ArraySlice<UInt8>) -> Bool { text.suffix(3).elementsEqual(bytes) }

  /// Calls `body` with each part of a text that begins with a ▁ behind another character.
  ///
  /// - Parameter orLine: whether each newline is a part by itself as well.
  @inline(__always)
  static func forEachWord(
    in text: UnsafeBufferPointer<UInt8>, orLine: Bool = false,
    _ body: (UnsafeBufferPointer<UInt8>) -> Void
  ) {
    var (start, index) = (0, 0)
    func end() {
      if index > start { body(UnsafeBufferPointer(rebasing: text[start..<index])) }
      start = index
    }
    var isBehindBlank = true
    while index < text.count {
      if orLine, text[index] == UInt8(ascii: "\n") {
        end()
        index += 1
        end()
        isBehindBlank = true
        continue
      }
      let isBlank =
        text[index] == 0xE2 && index + 2 < text.count && text[index + 1] == 0x96
        && text[index + 2] == 0x81
      if isBlank, !isBehindBlank { end() }
      isBehindBlank = isBlank
      index += isBlank ? 3 : 1
    }
    end()
  }
}

/// `remove_extra_whitespaces` of SentencePiece: blanks at the beginning go, and at the end, where a ▁
/// is one already; of those between words one stays.
struct BlankRemover: Normalizer {
  func normalize(_ text: inout [UInt8]) {
    var result: [UInt8] = []
    result.reserveCapacity(text.count)
    let blank = UInt8(ascii: " ")
    for byte in text where byte != blank || result.last ?? blank != blank { result.append(byte) }
    while true {
      if result.last == blank {
        result.removeLast()
      } else if Blank.ends(result[...]) {
        result.removeLast(Blank.bytes.count)
      } else {
        break
      }
    }
    text = result
  }
}
