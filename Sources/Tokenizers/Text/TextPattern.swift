// TextPattern: what a component searches in a text: a text itself, or a regular expression.

/// A pattern of a file.
package enum TextPattern: Sendable {
  case text([UInt8])
  case regex(Regex)

  /// What matching in so many bytes needs; nil for a text.
  func matcher(bytes: Int) throws(TokenizerError) -> Regex.Matcher? {
    guard case .regex = self else { return nil }
    return try Regex.Matcher(Allowance(bytes: bytes))
  }

  /// Calls `found` with each match, from left to right.
  ///
  /// - Parameter matcher: of this pattern.
  func forEachMatch(
    in text: UnsafeBufferPointer<UInt8>, with matcher: Regex.Matcher?, _ found: (Int, Int) -> Void
  ) throws(TokenizerError) {
    switch self {
    case .regex(let regex):
      guard let matcher else { preconditionFailure("TextPattern: no matcher of \(regex.pattern)") }
      try regex.forEachMatch(in: text, with: matcher, found)
    case .text(let wanted): Self.search(wanted, in: text, found)
    }
  }

  private static func search(
    _ wanted: [UInt8], in text: UnsafeBufferPointer<UInt8>, _ found: (Int, Int) -> Void
  ) {
    wanted.withUnsafeBufferPointer { wanted in
      guard let first = wanted.first else {
        // An empty text is before each character, and at the end.
        var index = 0
        while index < text.count {
          found(index, index)
          index += UTF8Text.length(of: text[index])
        }
        found(text.count, text.count)
        return
      }
      var index = 0
      let last = text.count - wanted.count
      search: while index <= last {
        guard text[index] == first else {
          index += 1
          continue
        }
        for offset in 1..<max(1, wanted.count) where text[index + offset] != wanted[offset] {
          index += 1
          continue search
        }
        found(index, index + wanted.count)
        index += wanted.count
      }
    }
  }

  /// A text with each match replaced.
  ///
  /// - Throws: `TokenizerError` where it would have 2 GiB or more, or as a match does.
  func replacing(_ text: [UInt8], with content: [UInt8]) throws(TokenizerError) -> [UInt8] {
    var result: [UInt8] = []
    var copied = 0
    var isTooLong = false
    let matcher = try matcher(bytes: text.count)
    try text.withUnsafeBufferPointer { (buffer) throws(TokenizerError) in
      try forEachMatch(in: buffer, with: matcher) { begin, end in
        isTooLong = isTooLong || result.count + content.count >= Tokenizer.mostBytes
        if isTooLong { return }
        if result.isEmpty { result.reserveCapacity(text.count + text.count / 8) }
        result.append(contentsOf: buffer[copied..<begin])
        result.append(contentsOf: content)
        copied = end
      }
    }
    if isTooLong { throw TokenizerError("what becomes of the text has 2 GiB or more") }
    if copied == 0, result.isEmpty { return text }
    result.append(contentsOf: text[copied...])
    return result
  }
}
