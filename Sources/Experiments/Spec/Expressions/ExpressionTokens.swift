// ExpressionTokens: cuts the text of an expression into numbers, texts, names and signs, each with
// its place.

import Config

/// One word or sign of an expression.
struct ExpressionToken {
  enum Kind: Equatable {
    case number(Decimal)
    case text(String)
    case word(String)
    case sign(String)
    case end
  }

  let kind: Kind
  /// In Unicode scalars from the beginning of the text.
  let offset: Int

  /// As in "not ...".
  var found: String {
    switch kind {
    case .number(let number): "the number \(number.value.inlineYAML)"
    case .text(let text): "the text \(Wording.quote(text))"
    case .word(let word): "the word \(Wording.quote(word))"
    case .sign(let sign): "'\(sign)'"
    case .end: "the end"
    }
  }
}

enum ExpressionTokens {
  private static let signs = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%"]
  private static let brackets = ["(", ")", "[", "]", ","]
  private static let otherSpellings = [
    ("&&", "and"), ("||", "or"), ("<>", "!="), ("===", "=="), ("**", "*"), ("//", "/"),
    ("=", "=="), ("!", "not"), ("&", "and"), ("|", "or"), ("≤", "<="), ("≥", ">="), ("≠", "!="),
  ]

  static func of(_ text: String) throws(ExpressionFault) -> [ExpressionToken] {
    let scalars = Array(text.unicodeScalars)
    var tokens: [ExpressionToken] = []
    var place = 0
    while place < scalars.count {
      if scalars[place].properties.isWhitespace {
        place += 1
        continue
      }
      let (kind, length) = try token(scalars[place...])
      tokens.append(ExpressionToken(kind: kind, offset: place))
      place += length
    }
    return tokens + [ExpressionToken(kind: .end, offset: scalars.count)]
  }

  private static func token(
    _ rest: ArraySlice<Unicode.Scalar>
  ) throws(ExpressionFault) -> (ExpressionToken.Kind, Int) {
    guard let first = rest.first else { return (.end, 0) }
    let next = rest.dropFirst().first
    if isDigit(first) || first == "." && next.map(isDigit) == true { return try number(rest) }
    if first == "_" || first.properties.isAlphabetic { return word(rest) }
    if first == "'" || first == "\"" { return try quoted(rest, by: first) }
    let ahead = string(rest.prefix(3))
    for (found, write) in otherSpellings where found.unicodeScalars.count > 1 {
      if ahead.hasPrefix(found) {
        throw ExpressionFault(.spelling(found, write: write), at: rest.startIndex)
      }
    }
    for sign in signs + brackets where ahead.hasPrefix(sign) {
      return (.sign(sign), sign.unicodeScalars.count)
    }
    for (found, write) in otherSpellings where ahead.hasPrefix(found) {
      throw ExpressionFault(.spelling(found, write: write), at: rest.startIndex)
    }
    throw ExpressionFault(
      .expected("a value or an operator", found: Wording.quote(string(rest.prefix(1)))),
      at: rest.startIndex)
  }

  private static func number(
    _ rest: ArraySlice<Unicode.Scalar>
  ) throws(ExpressionFault) -> (ExpressionToken.Kind, Int) {
    var end = rest.startIndex
    while end < rest.endIndex {
      let scalar = rest[end]
      let isSigned = (scalar == "+" || scalar == "-") && end > rest.startIndex
      let isExponent = isSigned && "eE".unicodeScalars.contains(rest[end - 1])
      guard
        isDigit(scalar) || scalar == "." || scalar == "_" || isExponent
          || scalar.properties.isAlphabetic
      else { break }
      end += 1
    }
    let text = string(rest[..<end])
    // Digit by digit: a double would not tell large whole numbers apart.
    let read = Scalar(text: text).decimal
    guard let number = read.value else {
      throw ExpressionFault(.badNumber(text, hint: read.hint), at: rest.startIndex)
    }
    return (.number(number), end - rest.startIndex)
  }

  private static func word(_ rest: ArraySlice<Unicode.Scalar>) -> (ExpressionToken.Kind, Int) {
    let word = rest.prefix {
      $0 == "_" || $0 == "." || isDigit($0) || $0.properties.isAlphabetic
    }
    return (.word(string(word)), word.count)
  }

  private static func quoted(
    _ rest: ArraySlice<Unicode.Scalar>, by quote: Unicode.Scalar
  ) throws(ExpressionFault) -> (ExpressionToken.Kind, Int) {
    guard let end = rest.dropFirst().firstIndex(of: quote) else {
      throw ExpressionFault(
        .expected("a closing \(quote)", found: "the end"), at: rest.startIndex)
    }
    return (.text(string(rest[(rest.startIndex + 1)..<end])), end + 1 - rest.startIndex)
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
    ("0"..."9").contains(scalar)
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    String(String.UnicodeScalarView(scalars))
  }
}
