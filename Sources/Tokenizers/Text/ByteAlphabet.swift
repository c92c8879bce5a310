// ByteAlphabet: the characters that GPT-2 and its descendants write bytes as, so that every token
// can be seen. Bytes that are printable in Latin-1 are themselves, the others U+0100 onwards.

enum ByteAlphabet {
  /// The character of each byte.
  static let characters: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
      switch byte {
      case 33...126, 161...172, 174...255: return Unicode.Scalar(UInt8(byte))
      default:
        defer { next += 1 }
        return Unicode.Scalar(next) ?? " "
      }
    }
  }()

  /// The byte of each character, by its code point; -1: of none.
  private static let bytes: [Int16] = {
    var bytes = [Int16](repeating: -1, count: 0x144)
    for (byte, character) in characters.enumerated() { bytes[Int(character.value)] = Int16(byte) }
    return bytes
  }()

  /// Appends the bytes that a text of these characters stands for.
  ///
  /// - Returns: false, and nothing is appended, where it has another character.
  static func decode(
    _ text: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]
  ) -> Bool {
    let start = result.count
    var index = 0
    while index < text.count {
      let (scalar, length) = UTF8Text.scalar(in: text, at: index)
      guard scalar.value < bytes.count, bytes[Int(scalar.value)] >= 0 else {
        result.removeSubrange(start...)
        return false
      }
      result.append(UInt8(bytes[Int(scalar.value)]))
      index += length
    }
    return true
  }

  /// The bytes that a text stands for; its own where it has another character.
  static func decoded(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    let isOfAlphabet = text.withUnsafeBufferPointer { decode($0, into: &result) }
    return isOfAlphabet ? result : text
  }

  /// How bytes are written.
  static func encoded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(characters[Int(byte)]) }
    return Array(String(text).utf8)
  }
}
