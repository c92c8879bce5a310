// What stands behind a backslash in Oniguruma's regular expressions.

extension RegexTranslation {
  enum Escaped {
    /// One character, and how it is written.
    case literal(Unicode.Scalar, String)
    case set(RegexSet)
    /// Something that is the same in PCRE2's syntax, or that it says of itself what is wrong with.
    case other(String)
  }

  /// Characters by letters: PCRE2's \v is a class.
  private static let controls: [Unicode.Scalar: Unicode.Scalar] = [
    "n": "\n", "t": "\t", "r": "\r", "f": "\u{C}", "v": "\u{B}", "a": "\u{7}", "e": "\u{1B}",
  ]

  mutating func escaped(inBrackets: Bool) throws(TokenizerError) -> Escaped {
    guard let escaped = rest.popFirst() else {
      throw TokenizerError("the regular expression '\(pattern)' ends in a backslash")
    }
    if let set = RegexSet.ofLetter(escaped, inBrackets: inBrackets) { return .set(set) }
    if let control = Self.controls[escaped] { return Self.literal(control) }
    switch escaped {
    case "p" where rest.first == "{", "P" where rest.first == "{":
      let name = copied(through: "}")
      let set = RegexSet.ofProperty(String(name.dropFirst().dropLast()), inBrackets: inBrackets)
      guard let set else { return .other("\\\(escaped)\(name)") }
      return .set(escaped == "P" ? set.negated : set)
    case "x": return try hexadecimal()
    case "u":
      let digits = hexDigits(most: 4)
      guard digits.count == 4, let scalar = Self.scalar(digits) else {
        throw refusal(of: "\\u\(digits)")
      }
      return Self.literal(scalar)
    case "0"..."9": return .other("\\\(escaped)")
    case "c": return .other("\\c" + (rest.popFirst().map { String($0) } ?? ""))
    case "b" where inBrackets: return Self.literal("\u{8}")
    case "C", "M": throw refusal(of: "\\\(escaped)")
    case "a"..."z", "A"..."Z":
      return inBrackets ? .literal(escaped, String(escaped)) : try letter(escaped)
    default: return .literal(escaped, "\\\(escaped)")
    }
  }

  /// A letter behind a backslash outside of brackets.
  private mutating func letter(_ letter: Unicode.Scalar) throws(TokenizerError) -> Escaped {
    switch letter {
    case "b":
      return .other("(?:\(RegexSet.wordBorder("<=", "!"))|\(RegexSet.wordBorder("<!", "=")))")
    case "B":
      return .other("(?:\(RegexSet.wordBorder("<=", "="))|\(RegexSet.wordBorder("<!", "!")))")
    case "O": return .other("(?s:.)")
    case "A", "z", "Z", "X", "R", "K", "N": return .other("\\\(letter)")
    case "k", "g":
      guard let first = rest.first, first == "<" || first == "'" else {
        throw refusal(of: "\\\(letter)")
      }
      rest.removeFirst()
      return .other("\\\(letter)\(first)" + copied(through: first == "<" ? ">" : "'"))
    // Where the search begins, and borders of what people take for characters.
    case "G", "y", "Y": throw refusal(of: "\\\(letter)")
    // Itself: there is no \Q.
    default: return .literal(letter, String(letter))
    }
  }

  private mutating func hexadecimal() throws(TokenizerError) -> Escaped {
    if rest.first == "{" {
      let text = copied(through: "}")
      guard let scalar = Self.scalar(String(text.dropFirst().dropLast())) else {
        return .other("\\x\(text)")
      }
      return Self.literal(scalar)
    }
    let digits = hexDigits(most: 2)
    guard let scalar = Self.scalar(digits) else { return .literal("x", "x") }
    // It is a byte, which above 7f is none of a character alone.
    guard scalar.isASCII else { throw refusal(of: "\\x\(digits)") }
    return Self.literal(scalar)
  }

  private mutating func hexDigits(most: Int) -> String {
    let digits = rest.prefix(most).prefix { $0.properties.isASCIIHexDigit }
    rest.removeFirst(digits.count)
    return String(digits)
  }

  private static func scalar(_ digits: String) -> Unicode.Scalar? {
    guard !digits.isEmpty, digits.utf8.count <= 8,
      digits.unicodeScalars.allSatisfy({ $0.properties.isASCIIHexDigit })
    else { return nil }
    return UInt32(digits, radix: 16).flatMap { Unicode.Scalar($0) }
  }

  private static func literal(_ scalar: Unicode.Scalar) -> Escaped {
    .literal(scalar, "\\x{\(String(scalar.value, radix: 16))}")
  }
}
