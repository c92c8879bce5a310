// Normalizer: what is done to a text before it is cut: the components that a tokenizer.json names
// under `normalizer`.

import Foundation

/// Changes a text of UTF-8, which stays UTF-8.
protocol Normalizer: Sendable {
  /// - Throws: `TokenizerError` where a regular expression does not match in time.
  func normalize(_ text: inout [UInt8]) throws(TokenizerError)
  /// Whether the beginning of a text is taken away.
  ///
  /// - Throws: as `normalize`.
  func dropsStart(of text: [UInt8]) throws(TokenizerError) -> Bool
}

extension Normalizer {
  func dropsStart(of text: [UInt8]) throws(TokenizerError) -> Bool { false }
}

/// One after another: `Sequence`.
struct NormalizerSequence: Normalizer {
  let parts: [any Normalizer]

  func normalize(_ text: inout [UInt8]) throws(TokenizerError) {
    for part in parts { try part.normalize(&text) }
  }

  func dropsStart(of text: [UInt8]) throws(TokenizerError) -> Bool {
    guard parts.contains(where: { $0 is StripNormalizer || $0 is NormalizerSequence }) else {
      return false
    }
    var text = text
    for part in parts {
      if try part.dropsStart(of: text) { return true }
      try part.normalize(&text)
    }
    return false
  }
}

/// `Replace`: each match by a text.
struct ReplaceNormalizer: Normalizer {
  let pattern: TextPattern
  let content: [UInt8]

  func normalize(_ text: inout [UInt8]) throws(TokenizerError) {
    text = try pattern.replacing(text, with: content)
  }
}

/// `Prepend`: a text before one that is not empty.
struct PrependNormalizer: Normalizer {
  let prefix: [UInt8]

  func normalize(_ text: inout [UInt8]) {
    if !text.isEmpty { text.insert(contentsOf: prefix, at: 0) }
  }
}

/// `Strip`: no white space at the ends.
struct StripNormalizer: Normalizer {
  let left, right: Bool

  func normalize(_ text: inout [UInt8]) {
    var scalars = Substring(String(decoding: text, as: UTF8.self)).unicodeScalars
    if left { scalars = scalars.drop { $0.isSpace } }
    if right, let last = scalars.lastIndex(where: { !$0.isSpace }) {
      scalars = scalars[...last]
    } else if right {
      scalars = scalars.prefix(0)
    }
    text = Array(String(scalars).utf8)
  }

  func dropsStart(of text: [UInt8]) -> Bool {
    left && String(decoding: text.prefix(4), as: UTF8.self).unicodeScalars.first?.isSpace ?? false
  }
}

/// `Lowercase`: each character by itself, so that no final sigma is told.
struct LowercaseNormalizer: Normalizer {
  func normalize(_ text: inout [UInt8]) {
    var result = ""
    result.reserveCapacity(text.count)
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      result += scalar.properties.lowercaseMapping
    }
    text = Array(result.utf8)
  }
}

/// `NFC`, `NFKC`, `NFD`, `NFKD`: Unicode's normal forms.
enum NormalForm: String, Normalizer {
  case NFC, NFKC, NFD, NFKD

  func normalize(_ text: inout [UInt8]) {
    if isSure(text) { return }
    let string = String(decoding: text, as: UTF8.self)
    let normal =
      switch self {
      case .NFC: string.precomposedStringWithCanonicalMapping
      case .NFKC: string.precomposedStringWithCompatibilityMapping
      case .NFD: string.decomposedStringWithCanonicalMapping
      case .NFKD: string.decomposedStringWithCompatibilityMapping
      }
    text = Array(normal.utf8)
  }

  /// Whether a text is certainly in this form already: in ASCII; for NFC, below U+0300 too, where
  /// the first mark is.
  private func isSure(_ text: [UInt8]) -> Bool {
    let bound: UInt8 = self == .NFC ? 0xCC : 0x80
    return text.withUnsafeBufferPointer { text in
      for byte in text where byte >= bound { return false }
      return true
    }
  }
}
