// ExpressionParser: from tokens to a tree, by recursive descent; the loosest operator first.

package import Config

/// Reads one expression.
struct ExpressionParser {
  static let lengthLimit = 2000
  static let depthLimit = 50

  private let tokens: [ExpressionToken]
  private var place = 0
  private var depth = 0

  private static let comparisons: [Expression.Operator] = [
    .equal, .unequal, .less, .lessOrEqual, .greater, .greaterOrEqual,
  ]
  private static let keywords = ["and", "or", "not", "in", "true", "false", "null"]

  static func parse(_ text: String) throws(ExpressionFault) -> Expression {
    if text.unicodeScalars.count > lengthLimit {
      throw ExpressionFault(.tooLong(limit: lengthLimit), at: 0)
    }
    var parser = ExpressionParser(tokens: try ExpressionTokens.of(text))
    let expression = try parser.anyOf()
    guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
    return expression
  }

  private init(tokens: [ExpressionToken]) { self.tokens = tokens }

  private var token: ExpressionToken { tokens[min(place, tokens.count - 1)] }

  private mutating func take(word: String) -> Bool { take(.word(word)) }
  private mutating func take(sign: String) -> Bool { take(.sign(sign)) }

  private mutating func take(_ kind: ExpressionToken.Kind) -> Bool {
    guard token.kind == kind else { return false }
    place += 1
    return true
  }

  private func unexpected(_ expected: String) -> ExpressionFault {
    ExpressionFault(.expected(expected, found: token.found), at: token.offset)
  }

  // MARK: Levels

  private mutating func anyOf() throws(ExpressionFault) -> Expression {
    var left = try allOf()
    while case let offset = token.offset, take(word: "or") {
      left = .binary(.or, left, try allOf(), at: offset)
    }
    return left
  }

  private mutating func allOf() throws(ExpressionFault) -> Expression {
    var left = try negation()
    while case let offset = token.offset, take(word: "and") {
      left = .binary(.and, left, try negation(), at: offset)
    }
    return left
  }

  private mutating func negation() throws(ExpressionFault) -> Expression {
    let offset = token.offset
    guard take(word: "not") else { return try comparison() }
    try descend(at: offset)
    defer { depth -= 1 }
    return .not(try negation(), at: offset)
  }

  private mutating func comparison() throws(ExpressionFault) -> Expression {
    let left = try sum()
    let offset = token.offset
    if take(word: "in") { return .isIn(left, try list(), at: offset) }
    if token.kind == .word("not"), tokens[min(place + 1, tokens.count - 1)].kind == .word("in") {
      place += 2
      return .not(.isIn(left, try list(), at: offset), at: offset)
    }
    guard let sign = sign(among: Self.comparisons) else { return left }
    let right = try sum()
    if Self.comparisons.contains(where: { token.kind == .sign($0.rawValue) }) {
      throw ExpressionFault(.chained, at: token.offset)
    }
    return .binary(sign, left, right, at: offset)
  }

  private mutating func sum() throws(ExpressionFault) -> Expression {
    var left = try product()
    while case let offset = token.offset, let sign = sign(among: [.plus, .minus]) {
      left = .binary(sign, left, try product(), at: offset)
    }
    return left
  }

  private mutating func product() throws(ExpressionFault) -> Expression {
    var left = try signed()
    while case let offset = token.offset, let sign = sign(among: [.times, .divide, .remainder]) {
      left = .binary(sign, left, try signed(), at: offset)
    }
    return left
  }

  private mutating func signed() throws(ExpressionFault) -> Expression {
    let offset = token.offset
    guard take(sign: "-") else { return try primary() }
    try descend(at: offset)
    defer { depth -= 1 }
    return .negative(try signed(), at: offset)
  }

  private mutating func primary() throws(ExpressionFault) -> Expression {
    let offset = token.offset
    switch token.kind {
    case .number(let number):
      place += 1
      return .number(number)
    case .text(let text):
      place += 1
      return .literal(.string(text))
    case .word("true"), .word("false"), .word("null"):
      defer { place += 1 }
      return .literal(
        token.kind == .word("null") ? .null : .bool(token.kind == .word("true")))
    case .word(let word) where !Self.keywords.contains(word):
      place += 1
      return .name(Expression.Name(text: word, offset: offset))
    case .sign("("):
      place += 1
      try descend(at: offset)
      defer { depth -= 1 }
      let inner = try anyOf()
      guard take(sign: ")") else { throw unexpected("')'") }
      return inner
    default: throw unexpected("a value")
    }
  }

  private mutating func list() throws(ExpressionFault) -> [Expression] {
    guard take(sign: "[") else { throw unexpected("a list such as [1, 2]") }
    var items: [Expression] = []
    repeat { items.append(try sum()) } while take(sign: ",")
    guard take(sign: "]") else { throw unexpected("',' or ']'") }
    return items
  }

  private mutating func sign(among signs: [Expression.Operator]) -> Expression.Operator? {
    signs.first { take(sign: $0.rawValue) }
  }

  private mutating func descend(at offset: Int) throws(ExpressionFault) {
    depth += 1
    if depth > Self.depthLimit {
      throw ExpressionFault(.tooDeep(limit: Self.depthLimit), at: offset)
    }
  }
}

// Why an expression cannot be read or has no value, and what is said about it.

package enum ExpressionProblem: Sendable, Hashable {
  case expected(String, found: String)
  /// A sign of other languages.
  case spelling(String, write: String)
  case badNumber(String, hint: Fault.ValueHint?)
  case chained
  case tooLong(limit: Int)
  case tooDeep(limit: Int)
  case tooMany(limit: Int)
  case operand(of: String, expected: String, found: String)
  case divisionByZero
  case notACondition(found: String)

  /// The sentence after `error:`.
  package var message: String {
    switch self {
    case .expected(let expected, let found):
      return "expected \(expected), not \(Wording.harmless(found))"
    case .spelling(let found, let write):
      return "\(Wording.quote(found)) is written '\(write)' here"
    case .badNumber(let text, .tooManyDigits(let limit)?):
      return "\(Wording.quote(text)) has too many digits: up to \(limit) are exact"
    case .badNumber(let text, let hint):
      return "\(Wording.quote(text)) is not a number" + (hint.map { ": \($0.message)" } ?? "")
    case .chained: return "comparisons cannot be chained: write a < b and b < c"
    case .tooLong(let limit): return "the expression has more than \(limit) characters"
    case .tooDeep(let limit): return "the expression is nested deeper than \(limit) levels"
    case .tooMany(let limit): return "more than \(limit) conditions"
    case .operand(let name, let expected, let found):
      return "'\(name)' needs \(expected), not \(Wording.harmless(found))"
    case .divisionByZero: return "division by zero"
    case .notACondition(let found):
      return "the expression must be true or false, not \(Wording.harmless(found))"
    }
  }
}
