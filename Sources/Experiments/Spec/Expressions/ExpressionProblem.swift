// Why an expression cannot be read or has no value, and what is said about it.

package import Config

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
