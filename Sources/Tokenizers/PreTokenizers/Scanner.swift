// Scanner: the regular expressions that nearly all tokenizers of the last years cut by, matched by
// hand, which is several times as fast.

/// Cuts a text as a known regular expression does whose matches cover it.
package struct Scanner: Sendable {
  private enum Rule {
    /// GPT-2's.
    case gpt2
    /// Llama 3's and Qwen's, which descend from cl100k; with so many digits in a piece.
    case cl100k(digits: Int)
    /// That of o200k (GPT-4o, Llama 4), in which a word ends with its small letters, and of tekken
    /// (Mistral), which knows no contractions.
    case o200k(digits: Int, contracts: Bool)
  }

  private let rule: Rule

  /// The pattern of Llama 3 and of Qwen.
  ///
  /// - Parameter digits: the quantifier behind a number: `{1,3}`, or nothing.
  package static func cl100k(_ digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// The pattern of o200k: words by case.
  package static let o200k = byCase("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "{1,3}")
  /// The pattern of Mistral's tekken: the same without contractions, each digit by itself.
  package static let tekken = byCase("", "")

  private static func byCase(_ ending: String, _ digits: String) -> String {
    let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    let start = #"[^\r\n\p{L}\p{N}]?"#
    return "\(start)\(upper)*\(lower)+\(ending)|\(start)\(upper)+\(lower)*\(ending)|"
      + #"\p{N}"# + digits + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// The scanner for a pattern; nil where there is none.
  package init?(equivalentTo pattern: String) {
    switch pattern {
    case ByteLevel.pattern: rule = .gpt2
    case Self.cl100k("{1,3}"): rule = .cl100k(digits: 3)
    case Self.cl100k(""): rule = .cl100k(digits: 1)
    case Self.o200k: rule = .o200k(digits: 3, contracts: true)
    case Self.tekken: rule = .o200k(digits: 1, contracts: false)
    default: return nil
    }
  }

  func scan(_ text: UnsafeBufferPointer<UInt8>, _ found: (Int, Int) -> Void) {
    ScannedText.classes.withUnsafeBufferPointer { classes in
      let text = ScannedText(text: text, classes: classes)
      var index = 0
      while index < text.count {
        let end =
          switch rule {
          case .gpt2: text.endForGPT2(index)
          case .cl100k(let digits): text.endForCL100K(index, digits: digits)
          case .o200k(let digits, let contracts):
            text.endForO200K(index, digits: digits, contracts: contracts)
          }
        found(index, end)
        index = end
      }
    }
  }
}

/// The kinds of characters that the rules tell apart.
private enum CharacterClass {
  // Each character is of one of these,
  static let other: UInt8 = 1
  static let letter: UInt8 = 2
  static let number: UInt8 = 4
  static let space: UInt8 = 8
  // and letters and marks are of one of these, or of both.
  /// What a word by case may begin with: all but small letters.
  static let upper: UInt8 = 16
  /// What it may end with: all but capital letters.
  static let lower: UInt8 = 32

  static let kind = other | letter | number | space

  static func of(_ scalar: Unicode.Scalar) -> UInt8 {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .titlecaseLetter: letter | upper
    case .lowercaseLetter: letter | lower
    case .modifierLetter, .otherLetter: letter | upper | lower
    case .nonspacingMark, .spacingMark, .enclosingMark: other | upper | lower
    default: scalar.isNumber ? number : scalar.isSpace ? space : other
    }
  }
}

private struct ScannedText {
  let text: UnsafeBufferPointer<UInt8>
  let classes: UnsafeBufferPointer<UInt8>

  /// The classes of each character below U+10000.
  static let classes: [UInt8] = (UInt32(0)..<0x10000).map { code in
    Unicode.Scalar(code).map(CharacterClass.of) ?? CharacterClass.other
  }

  var count: Int { text.count }

  /// The classes of the character at an index, and its length.
  @inline(__always)
  private func classes(at index: Int) -> (all: UInt8, length: Int) {
    let byte = text[index]
    if byte < 0x80 { return (classes[Int(byte)], 1) }
    let (scalar, length) = UTF8Text.scalar(in: text, at: index)
    return scalar.value < 0x10000
      ? (classes[Int(scalar.value)], length) : (CharacterClass.of(scalar), length)
  }

  /// Which of the four that no character has two of the one at an index has, and its length.
  @inline(__always)
  private func character(at index: Int) -> (class: UInt8, length: Int) {
    let (all, length) = classes(at: index)
    return (all & CharacterClass.kind, length)
  }

  /// The end of the characters of a class from an index on.
  @inline(__always)
  private func end(of kind: UInt8, from start: Int) -> Int {
    var index = start
    while index < count {
      let (next, length) = classes(at: index)
      if next & kind == 0 { break }
      index += length
    }
    return index
  }

  @inline(__always)
  private func isLineEnd(_ index: Int) -> Bool {
    text[index] == UInt8(ascii: "\n") || text[index] == UInt8(ascii: "\r")
  }

  /// `\s+(?!\S)|\s+`, from a white space on that ends before `end`: the last one is left to what
  /// follows, unless it is the only one.
  private func endOfSpaces(_ start: Int, _ end: Int) -> Int {
    if end == count { return end }
    var last = end - 1
    while text[last] & 0xC0 == 0x80 { last -= 1 }
    return last > start ? last : end
  }

  func endForGPT2(_ start: Int) -> Int {
    let (kind, length) = character(at: start)
    if text[start] == UInt8(ascii: "'"), let end = endOfContraction(start, inAnyCase: false) {
      return end
    }
    guard kind == CharacterClass.space else { return end(of: kind, from: start + length) }
    if text[start] == UInt8(ascii: " "), start + 1 < count {
      let (next, length) = character(at: start + 1)
      if next != CharacterClass.space { return end(of: next, from: start + 1 + length) }
    }
    return endOfSpaces(start, end(of: kind, from: start + length))
  }

  func endForCL100K(_ start: Int, digits: Int) -> Int {
    let (kind, length) = character(at: start)
    let after = start + length
    if kind == CharacterClass.letter { return end(of: kind, from: after) }
    if text[start] == UInt8(ascii: "'"), let end = endOfContraction(start, inAnyCase: true) {
      return end
    }
    if kind == CharacterClass.number { return endOfNumber(after, digits: digits) }
    if after < count, !isLineEnd(start) {
      let (next, length) = character(at: after)
      if next == CharacterClass.letter { return end(of: next, from: after + length) }
      if text[start] == UInt8(ascii: " "), next == CharacterClass.other {
        return endOfLines(end(of: next, from: after + length))
      }
    }
    if kind == CharacterClass.other { return endOfLines(end(of: kind, from: after)) }
    return endOfBlanks(start, from: after)
  }

  func endForO200K(_ start: Int, digits: Int, contracts: Bool) -> Int {
    if let word = endOfWord(start) {
      guard contracts, word < count, text[word] == UInt8(ascii: "'") else { return word }
      return endOfContraction(word, inAnyCase: true) ?? word
    }
    let (kind, length) = character(at: start)
    let after = start + length
    if kind == CharacterClass.number { return endOfNumber(after, digits: digits) }
    if text[start] == UInt8(ascii: " "), after < count {
      let (next, length) = character(at: after)
      if next == CharacterClass.other {
        return endOfLines(end(of: next, from: after + length), orSlashes: true)
      }
    }
    if kind == CharacterClass.other {
      return endOfLines(end(of: kind, from: after), orSlashes: true)
    }
    return endOfBlanks(start, from: after)
  }

  /// A word by case, behind one character that is neither letter, digit nor line end, or without
  /// it: `upper*lower+`, and only where neither matches `upper+lower*`.
  private func endOfWord(_ start: Int) -> Int? {
    let (all, length) = classes(at: start)
    let isBehindOther = all & (CharacterClass.letter | CharacterClass.number) == 0
    var capitals: Int?
    if isBehindOther, start + length < count, !isLineEnd(start) {
      let word = endOfCase(start + length)
      if let word, word.isLower { return word.end }
      capitals = word?.end
    }
    // Such a character may be a mark, with which a word begins as well.
    guard all & (CharacterClass.upper | CharacterClass.lower) != 0, let word = endOfCase(start)
    else { return capitals }
    return word.isLower ? word.end : capitals ?? word.end
  }

  /// The end of `upper*lower+`, else of `upper+lower*`; nil where neither matches.
  private func endOfCase(_ start: Int) -> (end: Int, isLower: Bool)? {
    var index = start
    // Behind the last character that is both: `upper*` gives back what follows it, and itself.
    var last: Int?
    while index < count {
      let (next, length) = classes(at: index)
      if next & CharacterClass.upper == 0 {
        guard next & CharacterClass.lower != 0 else { break }
        return (end(of: CharacterClass.lower, from: index + length), true)
      }
      index += length
      if next & CharacterClass.lower != 0 { last = index }
    }
    if let last { return (last, true) }
    return index > start ? (index, false) : nil
  }

  /// The end of a number of up to so many digits, the first of which ends at `start`.
  private func endOfNumber(_ start: Int, digits: Int) -> Int {
    var end = start
    for _ in 1..<max(digits, 1) where end < count {
      let (next, length) = character(at: end)
      if next != CharacterClass.number { break }
      end += length
    }
    return end
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`, of which the first character ends at `after`.
  private func endOfBlanks(_ start: Int, from after: Int) -> Int {
    let spaces = end(of: CharacterClass.space, from: after)
    var line = spaces
    while line > start, !isLineEnd(line - 1) { line -= 1 }
    return line > start ? line : endOfSpaces(start, spaces)
  }

  /// The end of `[\r\n]*`, or of `[\r\n/]*`.
  private func endOfLines(_ start: Int, orSlashes: Bool = false) -> Int {
    var index = start
    while index < count, isLineEnd(index) || orSlashes && text[index] == UInt8(ascii: "/") {
      index += 1
    }
    return index
  }

  /// `'s|'t|'re|'ve|'m|'ll|'d`, from the apostrophe on.
  private func endOfContraction(_ start: Int, inAnyCase: Bool) -> Int? {
    @inline(__always) func letter(_ index: Int) -> UInt8 {
      guard index < count else { return 0 }
      return inAnyCase && (0x41...0x5A).contains(text[index]) ? text[index] | 0x20 : text[index]
    }
    let next = letter(start + 2)
    switch letter(start + 1) {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r") where next == UInt8(ascii: "e"),
      UInt8(ascii: "v") where next == UInt8(ascii: "e"),
      UInt8(ascii: "l") where next == UInt8(ascii: "l"):
      return start + 3
    // ſ is an s in another case.
    case 0xC5 where inAnyCase && next == 0xBF: return start + 3
    default: return nil
    }
  }
}
