// Expression: a condition on cells as a tree, and its value. What is written is read by ExpressionParser.

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

  case literal(Value)
  case name(Name)
  case not(Expression, at: Int)
  case negative(Expression, at: Int)
  case binary(Operator, Expression, Expression, at: Int)
  case isIn(Expression, [Expression], at: Int)

  /// The names in it, in the order written.
  var names: [Name] {
    switch self {
    case .literal: []
    case .name(let name): [name]
    case .not(let inner, _), .negative(let inner, _): inner.names
    case .binary(_, let left, let right, _): left.names + right.names
    case .isIn(let value, let list, _): value.names + list.flatMap(\.names)
    }
  }
}

/// What keeps an expression from being read or computed, and where in its text.
struct ExpressionFault: Error {
  let problem: Fault.ExpressionProblem
  let offset: Int

  init(_ problem: Fault.ExpressionProblem, at offset: Int) {
    self.problem = problem
    self.offset = offset
  }
}

extension Expression {
  /// Whether the expression holds, given what names stand for.
  func holds(_ lookUp: (Name) -> Value) throws(ExpressionFault) -> Bool {
    let value = try value(lookUp)
    guard case .bool(let flag) = value else {
      throw ExpressionFault(.notACondition(found: Self.found(value)), at: offset)
    }
    return flag
  }

  private func value(_ lookUp: (Name) -> Value) throws(ExpressionFault) -> Value {
    switch self {
    case .literal(let value): return value
    case .name(let name): return Self.scalar(lookUp(name))
    case .not(let inner, let offset):
      return .bool(try !Self.flag(inner.value(lookUp), "not", offset))
    case .negative(let inner, let offset):
      return try ExpressionNumber(inner.value(lookUp), of: "-", at: offset).negated
    case .isIn(let one, let list, _):
      let value = try one.value(lookUp)
      for item in list where try Matrix.isSame(item.value(lookUp), value) { return .bool(true) }
      return .bool(false)
    case .binary(.and, let left, let right, let offset):
      guard try Self.flag(left.value(lookUp), "and", offset) else { return .bool(false) }
      return .bool(try Self.flag(right.value(lookUp), "and", offset))
    case .binary(.or, let left, let right, let offset):
      if try Self.flag(left.value(lookUp), "or", offset) { return .bool(true) }
      return .bool(try Self.flag(right.value(lookUp), "or", offset))
    case .binary(.equal, let left, let right, _):
      return .bool(Matrix.isSame(try left.value(lookUp), try right.value(lookUp)))
    case .binary(.unequal, let left, let right, _):
      return .bool(!Matrix.isSame(try left.value(lookUp), try right.value(lookUp)))
    case .binary(let name, let left, let right, let offset):
      let first = try ExpressionNumber(left.value(lookUp), of: name.rawValue, at: offset)
      let second = try ExpressionNumber(right.value(lookUp), of: name.rawValue, at: offset)
      return try first.combined(name, second, at: offset)
    }
  }

  /// Where it is written: at its operator or its only word.
  private var offset: Int {
    switch self {
    case .literal: 0
    case .name(let name): name.offset
    case .not(_, let offset), .negative(_, let offset), .binary(_, _, _, let offset),
      .isIn(_, _, let offset):
      offset
    }
  }

  /// A component goes by its word.
  private static func scalar(_ value: Value) -> Value {
    if case .mapping = value, let word = value["type"] { return word }
    return value
  }

  private static func flag(
    _ value: Value, _ name: String, _ offset: Int
  ) throws(ExpressionFault) -> Bool {
    if case .bool(let flag) = value { return flag }
    throw ExpressionFault(
      .operand(of: name, expected: "true or false", found: found(value)), at: offset)
  }

  /// The value with what it is: "the text 'abc'".
  static func found(_ value: Value) -> String {
    switch value {
    case .null: "nothing"
    case .bool(let flag): "the boolean \(flag)"
    case .int, .double: "the number \(value.inlineYAML)"
    case .text(let text): "the text \(Wording.quote(text))"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}
