// ExpressionNumber: the arithmetic of expressions. Whole numbers stay whole while they fit 64 bits.

import Config

/// A number in an expression.
enum ExpressionNumber {
  case whole(Int)
  case real(Double)

  init(_ value: Value, of name: String, at offset: Int) throws(ExpressionFault) {
    switch value {
    case .int(let number): self = .whole(number)
    case .double(let number): self = .real(number)
    default:
      throw ExpressionFault(
        .operand(of: name, expected: "numbers", found: Expression.found(value)), at: offset)
    }
  }

  var negated: Value {
    switch self {
    case .whole(.min): .double(-Double(Int.min))
    case .whole(let number): .int(-number)
    case .real(let number): .double(-number)
    }
  }

  private var real: Double {
    switch self {
    case .whole(let number): Double(number)
    case .real(let number): number
    }
  }

  /// The result of an operator on two numbers.
  ///
  /// A quotient of whole numbers is whole where it comes out even; a remainder has the sign of its left side.
  func combined(
    _ name: Expression.Operator, _ other: ExpressionNumber, at offset: Int
  ) throws(ExpressionFault) -> Value {
    let (left, right) = (real, other.real)
    if name == .divide || name == .remainder, right == 0 {
      throw ExpressionFault(.divisionByZero, at: offset)
    }
    if case .whole(let left) = self, case .whole(let right) = other,
      let exact = Self.exact(left, name, right)
    {
      return exact
    }
    switch name {
    case .less: return .bool(left < right)
    case .lessOrEqual: return .bool(left <= right)
    case .greater: return .bool(left > right)
    case .greaterOrEqual: return .bool(left >= right)
    case .plus: return .double(left + right)
    case .minus: return .double(left - right)
    case .times: return .double(left * right)
    case .divide: return .double(left / right)
    case .remainder: return .double(left.truncatingRemainder(dividingBy: right))
    case .or, .and, .equal, .unequal: return .bool(false)
    }
  }

  /// Nil where the result is no whole number of 64 bits.
  private static func exact(_ left: Int, _ name: Expression.Operator, _ right: Int) -> Value? {
    switch name {
    case .less: return .bool(left < right)
    case .lessOrEqual: return .bool(left <= right)
    case .greater: return .bool(left > right)
    case .greaterOrEqual: return .bool(left >= right)
    case .or, .and, .equal, .unequal: return nil
    case .plus, .minus, .times, .divide, .remainder: break
    }
    let (result, overflow) =
      switch name {
      case .plus: left.addingReportingOverflow(right)
      case .minus: left.subtractingReportingOverflow(right)
      case .times: left.multipliedReportingOverflow(by: right)
      case .divide: left.dividedReportingOverflow(by: right)
      default: left.remainderReportingOverflow(dividingBy: right)
      }
    if overflow || name == .divide && result * right != left { return nil }
    return .int(result)
  }
}
