// Untokenized: what of a text its tokens do not tell: the characters that a tokenizer has none for.

import Config

/// Characters that are left out of a text's tokens, or that the token for what is unknown stands
/// for.
///
/// The text cannot be made of its tokens again, and their loss is that of another text.
package struct Untokenized: Sendable, Equatable {
  /// Bytes of the text; a blank is one, whatever the tokenizer makes of it.
  package private(set) var bytes = 0
  /// Their first few different characters, by code point; what is no character by itself is
  /// `loneByte` and the byte.
  private var first: [UInt32] = []

  private static let most = 8
  /// Above all code points.
  private static let loneByte: UInt32 = 0x11_0000

  package init() {}

  package var isEmpty: Bool { bytes == 0 }

  /// Takes in a text of UTF-8, or a single byte of one.
  mutating func add(_ text: UnsafeBufferPointer<UInt8>) {
    var index = 0
    while index < text.count {
      guard index + UTF8Text.length(of: text[index]) <= text.count, text.count > 1 || text[0] < 0x80
      else {
        bytes += 1
        note(Self.loneByte + UInt32(text[index]))
        index += 1
        continue
      }
      let (scalar, length) = UTF8Text.scalar(in: text, at: index)
      let isBlank = scalar == "▁"
      bytes += isBlank ? 1 : length
      note(isBlank ? 0x20 : scalar.value)
      index += length
    }
  }

  package mutating func add(_ other: Untokenized) {
    bytes += other.bytes
    for code in other.first { note(code) }
  }

  private mutating func note(_ code: UInt32) {
    if first.count < Self.most, !first.contains(code) { first.append(code) }
  }

  /// The first few of them, such as `'é' (U+00E9)`.
  package var characters: [String] {
    first.map { code in
      guard let scalar = Unicode.Scalar(code) else {
        return "the byte 0x" + Self.hexadecimal(code - Self.loneByte, digits: 2)
      }
      return Self.name(of: scalar)
    }
  }

  /// A character as messages spell it: `'é' (U+00E9)`, or `U+000A` where it cannot be shown.
  package static func name(of scalar: Unicode.Scalar) -> String {
    let code = "U+" + hexadecimal(scalar.value, digits: 4)
    let text = String(scalar)
    return Wording.harmless(text) == text ? "\(Wording.quote(text)) (\(code))" : code
  }

  private static func hexadecimal(_ number: UInt32, digits: Int) -> String {
    let text = String(number, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// What a tokenizer lacks, as in "it has no token for ...".
  package var list: String {
    let shown = characters.prefix(4).joined(separator: ", ")
    return shown + (first.count > 4 ? " and others" : "")
  }
}

// As a file keeps it: so many words of 32 bits.

extension Untokenized {
  package static let wordCount = 2 + most

  /// The number of bytes, lower half first, and the characters; -1 where there are no more.
  package var words: [Int32] {
    let count = UInt64(bytes)
    let codes = first.map { Int32(bitPattern: $0) }
    return [Int32(truncatingIfNeeded: count), Int32(truncatingIfNeeded: count >> 32)] + codes
      + [Int32](repeating: -1, count: Self.most - codes.count)
  }

  /// - Returns: nil where the words are not those of any.
  package init?(words: [Int32]) {
    guard words.count == Self.wordCount, words[1] >= 0 else { return nil }
    bytes = Int(words[1]) << 32 | Int(UInt32(bitPattern: words[0]))
    first = words.dropFirst(2).prefix { $0 >= 0 }.map { UInt32(bitPattern: $0) }
    guard first.allSatisfy({ $0 < Self.loneByte + 256 }) else { return nil }
  }
}

/// The tokens of a text, and what they do not tell of it.
package struct Encoding: Sendable, Equatable {
  package internal(set) var tokens: [Int32] = []
  package internal(set) var untokenized = Untokenized()
}
