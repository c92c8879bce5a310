// The wording of faults in ranges and expressions.

extension Fault.RangeProblem {
  func message(_ text: String) -> String {
    let range = "the range \(Wording.quote(text))"
    switch self {
    case .threeDots: return "\(range) must be written with two dots, such as 1..10"
    case .notANumber(let part, let hint):
      let found = part.isEmpty ? "a number is missing" : "\(Wording.quote(part)) is not a number"
      let way =
        hint.map { $0.message }
        ?? "write 128..8192*2, 0..100+10 or 1..10, or put a text in quotes"
      return "in \(range) \(found): \(way)"
    case .stepTooSmall: return "\(range) never ends: its step must be above 0"
    case .factorTooSmall: return "\(range) never ends: its factor must be above 1"
    case .beginsTooLow: return "\(range) is multiplied, so it must begin above 0"
    case .empty: return "\(range) is empty: write the lower end first"
    case .tooMany(let limit): return "\(range) has more than \(limit) values"
    }
  }
}

extension Fault.ExpressionProblem {
  var message: String {
    switch self {
    case .expected(let expected, let found):
      return "expected \(expected), not \(Wording.harmless(found))"
    case .spelling(let found, let write):
      return "\(Wording.quote(found)) is written '\(write)' here"
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
