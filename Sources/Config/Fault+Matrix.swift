// What can be wrong with ranges and expressions, as data; the wording is in FaultMessages+Matrix.swift.

extension Fault {
  /// Why a text that looks like a range is none.
  package enum RangeProblem: Error, Sendable, Hashable {
    case threeDots
    case notANumber(String, hint: ValueHint?)
    case stepTooSmall, factorTooSmall, beginsTooLow
    case empty
    case tooMany(limit: Int)
  }

  /// Why an expression cannot be read or has no value.
  package enum ExpressionProblem: Sendable, Hashable {
    case expected(String, found: String)
    /// A sign of other languages.
    case spelling(String, write: String)
    case badNumber(String, hint: ValueHint?)
    case chained
    case tooLong(limit: Int)
    case tooDeep(limit: Int)
    case tooMany(limit: Int)
    case operand(of: String, expected: String, found: String)
    case divisionByZero
    case notACondition(found: String)
  }
}
