// Split: cuts at the matches of a pattern; those that nearly all tokenizers have by a scanner in
// place of the regular expression that they are.

/// `Split` {pattern, behavior, invert}.
package struct Split: PreTokenizer {
  private let pattern: TextPattern
  private let scanner: Scanner?
  private let behavior: SplitBehavior
  private let invert: Bool

  /// - Parameter usesScanners: false has the regular expression itself match, against which the
  ///   scanners are tested.
  package init(
    _ pattern: TextPattern, _ behavior: SplitBehavior, invert: Bool = false,
    usesScanners: Bool = true
  ) {
    self.pattern = pattern
    self.behavior = behavior
    self.invert = invert
    // All that the known patterns match is the whole text.
    if usesScanners, !invert, behavior == .isolated, case .regex(let regex) = pattern {
      scanner = Scanner(equivalentTo: regex.pattern)
    } else {
      scanner = nil
    }
  }

  package func cut(_ pieces: inout Pieces) throws(TokenizerError) {
    if let scanner {
      try pieces.cut { (piece, keep) throws(TokenizerError) in scanner.scan(piece, keep) }
      return
    }
    let matcher = try pattern.matcher(bytes: pieces.bytes.count)
    try pieces.cut { (piece, keep) throws(TokenizerError) in
      var parts: [(begin: Int, end: Int, isMatch: Bool)] = []
      var last = 0
      try pattern.forEachMatch(in: piece, with: matcher) { begin, end in
        if begin > last { parts.append((last, begin, invert)) }
        parts.append((begin, end, !invert))
        last = end
      }
      if last < piece.count { parts.append((last, piece.count, invert)) }
      behavior.join(parts, keep)
    }
  }
}

/// `Digits` and `Punctuation`: cuts at characters of a kind.
struct CharacterSplit: PreTokenizer {
  let behavior: SplitBehavior
  let isMatch: @Sendable (Unicode.Scalar) -> Bool

  /// `Digits` {individual_digits}: numbers of any script, each a piece or together.
  static func digits(individually: Bool) -> CharacterSplit {
    CharacterSplit(behavior: individually ? .isolated : .contiguous) { $0.isNumber }
  }

  /// `Punctuation` {behavior}.
  static func punctuation(_ behavior: SplitBehavior) -> CharacterSplit {
    CharacterSplit(behavior: behavior) { $0.isPunctuation }
  }

  func cut(_ pieces: inout Pieces) throws(TokenizerError) {
    let ofASCII = (0..<128).map { isMatch(Unicode.Scalar(UInt8($0))) }
    try pieces.cut { (piece, keep) throws(TokenizerError) in
      // Most pieces have none.
      var parts: [(begin: Int, end: Int, isMatch: Bool)] = []
      var (index, last) = (0, 0)
      while index < piece.count {
        let byte = piece[index]
        var (length, isOne) = (1, false)
        if byte < 0x80 {
          isOne = ofASCII[Int(byte)]
        } else {
          let scalar: Unicode.Scalar
          (scalar, length) = UTF8Text.scalar(in: piece, at: index)
          isOne = isMatch(scalar)
        }
        if isOne {
          if index > last { parts.append((last, index, false)) }
          parts.append((index, index + length, true))
          last = index + length
        }
        index += length
      }
      if parts.isEmpty { return keep(0, piece.count) }
      if last < piece.count { parts.append((last, piece.count, false)) }
      behavior.join(parts, keep)
    }
  }
}

/// `Whitespace`: words and runs of other characters; white space goes.
struct WhitespaceSplit: PreTokenizer {
  func cut(_ pieces: inout Pieces) throws(TokenizerError) {
    try pieces.cut { (piece, keep) throws(TokenizerError) in
      var (begin, index) = (0, 0)
      var kind: Kind?
      while index < piece.count {
        let (scalar, length) = UTF8Text.scalar(in: piece, at: index)
        let next: Kind = scalar.isOfWord ? .word : scalar.isSpace ? .space : .other
        if next != kind {
          if let kind, kind != .space { keep(begin, index) }
          (kind, begin) = (next, index)
        }
        index += length
      }
      if let kind, kind != .space { keep(begin, index) }
    }
  }

  private enum Kind { case word, other, space }
}
