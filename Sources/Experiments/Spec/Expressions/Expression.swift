// Expression: a condition on cells as a tree, and its value. What is written is read by
// ExpressionParser.

import Config

/// An expression over the values of a cell.
indirect enum Expression {
  /// A name as it is written, and where it stands.
  struct Name {
    let text: String
    let offset: Int
  }

  enum Operator: String {
    case or, and
    case equal = "=="
    case unequal = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case plus = "+"
    case minus = "-"
    case times = "*"
    case divide = "/"
    case remainder = "%"
  }

  case number(Decimal)
  /// A text, a boolean or null.
  case literal(JSON)
  case name(Name)
  case not(Expression, at: Int)
  case negative(Expression, at: Int)
  case binary(Operator, Expression, Expression, at: Int)
  case isIn(Expression, [Expression], at: Int)

  /// The names in it, in the order written.
  var names: [Name] {
    switch self {
    case .number, .literal: []
    case .name(let name): [name]
    case .not(let inner, _), .negative(let inner, _): inner.names
    case .binary(_, let left, let right, _): left.names + right.names
    case .isIn(let value, let list, _): value.names + list.flatMap(\.names)
    }
  }
}

extension Expression {
  /// The texts that a name is compared with, and where.
  func texts(comparedWith name: String) -> [(text: String, offset: Int)] {
    func isName(_ part: Expression) -> Bool {
      if case .name(let found) = part { found.text == name } else { false }
    }
    func text(_ part: Expression, _ offset: Int) -> [(text: String, offset: Int)] {
      if case .literal(.string(let text)) = part { [(text, offset)] } else { [] }
    }
    switch self {
    case .number, .literal, .name: return []
    case .not(let inner, _), .negative(let inner, _): return inner.texts(comparedWith: name)
    case .isIn(let value, let list, let offset):
      return isName(value) ? list.flatMap { text($0, offset) } : []
    case .binary(let sign, let left, let right, let offset):
      if [.equal, .unequal].contains(sign), isName(left) { return text(right, offset) }
      if [.equal, .unequal].contains(sign), isName(right) { return text(left, offset) }
      return left.texts(comparedWith: name) + right.texts(comparedWith: name)
    }
  }
}

/// What keeps an expression from being read or computed, and where in its text.
struct ExpressionFault: Error {
  let problem: ExpressionProblem
  let offset: Int

  init(_ problem: ExpressionProblem, at offset: Int) {
    self.problem = problem
    self.offset = offset
  }
}

extension Expression {
  /// What a part of an expression comes to.
  private enum Result {
    case number(Decimal)
    case other(JSON)

    /// Values are the same in whatever way they are written; a component goes by its word.
    init(_ value: JSON) {
      let value = value.canonical
      self = Decimal(value).map(Result.number) ?? .other(value["type"] ?? value)
    }

    var value: JSON {
      switch self {
      case .number(let number): number.value
      case .other(let value): value
      }
    }

    func isSame(as other: Result) -> Bool {
      switch (self, other) {
      case (.number(let left), .number(let right)): left == right
      case (.other(let left), .other(let right)): left == right
      default: false
      }
    }
  }

  /// Whether the expression holds, given what names stand for.
  func holds(_ lookUp: (Name) -> JSON) throws(ExpressionFault) -> Bool {
    let result = try result(lookUp)
    guard case .other(.bool(let flag)) = result else {
      throw ExpressionFault(.notACondition(found: Self.found(result.value)), at: offset)
    }
    return flag
  }

  private func result(_ lookUp: (Name) -> JSON) throws(ExpressionFault) -> Result {
    func flag(_ part: Expression, _ name: String, _ offset: Int) throws(ExpressionFault) -> Bool {
      let result = try part.result(lookUp)
      if case .other(.bool(let flag)) = result { return flag }
      throw ExpressionFault(
        .operand(of: name, expected: "true or false", found: Self.found(result.value)), at: offset)
    }
    func number(_ part: Expression, _ name: String, _ offset: Int) throws(ExpressionFault)
      -> Decimal
    {
      let result = try part.result(lookUp)
      if case .number(let number) = result { return number }
      throw ExpressionFault(
        .operand(of: name, expected: "numbers", found: Self.found(result.value)), at: offset)
    }
    switch self {
    case .number(let number): return .number(number)
    case .literal(let value): return Result(value)
    case .name(let name): return Result(lookUp(name))
    case .not(let inner, let offset): return .other(.bool(try !flag(inner, "not", offset)))
    case .negative(let inner, let offset): return .number(-(try number(inner, "-", offset)))
    case .isIn(let one, let list, _):
      let value = try one.result(lookUp)
      for item in list where try item.result(lookUp).isSame(as: value) {
        return .other(.bool(true))
      }
      return .other(.bool(false))
    case .binary(let sign, let left, let right, let offset):
      let name = sign.rawValue
      switch sign {
      case .and:
        guard try flag(left, name, offset) else { return .other(.bool(false)) }
        return .other(.bool(try flag(right, name, offset)))
      case .or:
        if try flag(left, name, offset) { return .other(.bool(true)) }
        return .other(.bool(try flag(right, name, offset)))
      case .equal:
        return .other(.bool(try left.result(lookUp).isSame(as: right.result(lookUp))))
      case .unequal:
        return .other(.bool(try !left.result(lookUp).isSame(as: right.result(lookUp))))
      default: break
      }
      let first = try number(left, name, offset)
      let second = try number(right, name, offset)
      switch sign {
      case .less: return .other(.bool(first < second))
      case .lessOrEqual: return .other(.bool(first <= second))
      case .greater: return .other(.bool(first > second))
      case .greaterOrEqual: return .other(.bool(first >= second))
      case .plus: return .number(first + second)
      case .minus: return .number(first - second)
      case .times: return .number(first * second)
      default:
        if second == Decimal(0) { throw ExpressionFault(.divisionByZero, at: offset) }
        return .number(sign == .divide ? first / second : first % second)
      }
    }
  }

  /// Where it is written: at its operator or its only word.
  private var offset: Int {
    switch self {
    case .number, .literal: 0
    case .name(let name): name.offset
    case .not(_, let offset), .negative(_, let offset), .binary(_, _, _, let offset),
      .isIn(_, _, let offset):
      offset
    }
  }

  /// The value with what it is: "the text 'abc'".
  private static func found(_ value: JSON) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): "the boolean \(flag)"
    case .integer, .real: "the number \(value.inlineYAML)"
    case .string(let text): "the text \(Wording.quote(text))"
    case .array: "a list"
    case .object: "a mapping"
    }
  }
}
