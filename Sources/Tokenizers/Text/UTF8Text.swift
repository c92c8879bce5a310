// UTF8Text: bytes that are known to be UTF-8, as all texts within the pipeline are: repairing
// them, and going through their characters.

enum UTF8Text {
  /// The bytes, with each maximal part that is no UTF-8 replaced by U+FFFD.
  static func repaired(_ bytes: [UInt8]) -> [UInt8] {
    if isValid(bytes) { return bytes }
    return Array(String(decoding: bytes, as: UTF8.self).utf8)
  }

  static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
    let isASCII =
      bytes.withContiguousStorageIfAvailable { bytes in
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80
      } ?? false
    return isASCII || String(validating: bytes, as: UTF8.self) != nil
  }

  /// How many of the last bytes begin a character that is not whole yet.
  static func unfinished(_ bytes: [UInt8]) -> Int {
    for back in 1..<4 where back <= bytes.count {
      let byte = bytes[bytes.count - back]
      if byte < 0x80 { return 0 }
      if byte < 0xC0 { continue }
      let tail = Array(bytes.suffix(back))
      guard length(of: byte) > back else { return 0 }
      // With whatever follows, it may not begin a character at all: E0 80, or F5.
      let isHopeful = [UInt8(0x80), 0x90, 0xA0, 0xBF].contains { next in
        let rest = [UInt8](repeating: 0x80, count: length(of: byte) - back - 1)
        return String(validating: tail + [next] + rest, as: UTF8.self) != nil
      }
      return isHopeful ? back : 0
    }
    return 0
  }

  /// The length of a character by its first byte.
  @inline(__always)
  static func length(of first: UInt8) -> Int {
    first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
  }

  /// The character at an index, which is not ASCII, and its length.
  @inline(__always)
  static func scalar(
    in text: UnsafeBufferPointer<UInt8>, at index: Int
  ) -> (Unicode.Scalar, length: Int) {
    let first = UInt32(text[index])
    let length = length(of: text[index])
    guard length > 1 else { return (Unicode.Scalar(text[index]), 1) }
    var code = first & (0x7F >> UInt32(length))
    for next in index + 1..<index + length { code = code << 6 | UInt32(text[next]) & 0x3F }
    return (Unicode.Scalar(code) ?? "\u{FFFD}", length)
  }
}

extension Unicode.Scalar {
  /// What Rust and its regular expressions take for white space: the property White_Space.
  package var isSpace: Bool { properties.isWhitespace }

  /// A number, by general category.
  package var isNumber: Bool {
    switch properties.generalCategory {
    case .decimalNumber, .letterNumber, .otherNumber: true
    default: false
    }
  }

  package var isLetter: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }

  /// What a word consists of: `\w` of UTS 18.
  var isOfWord: Bool {
    if properties.isAlphabetic || properties.isJoinControl { return true }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
      return true
    default: return false
    }
  }

  /// Punctuation, and all ASCII that is neither letter, digit, space nor control.
  var isPunctuation: Bool {
    if isASCII {
      return (33...47).contains(value) || (58...64).contains(value) || (91...96).contains(value)
        || (123...126).contains(value)
    }
    switch properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }
}
