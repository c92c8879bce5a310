// Brackets of regular expressions, which Oniguruma can nest and intersect, and PCRE2 cannot: what
// needs it is said by looking ahead.

/// What stands in brackets, on its way.
struct RegexBracket {
  /// What one side of an && allows.
  private struct Side {
    /// In PCRE2's syntax, within brackets.
    var members = ""
    /// Patterns of one character each.
    var others: [String] = []

    var isEmpty: Bool { members.isEmpty && others.isEmpty }

    var pattern: String {
      let all = (members.isEmpty ? [] : ["[\(members)]"]) + others
      return all.count == 1 ? all[0] : "(?:" + all.joined(separator: "|") + ")"
    }
  }

  let isNegated: Bool
  private var sides = [Side()]

  init(isNegated: Bool) { self.isNegated = isNegated }

  /// Whether one side has nothing in it.
  var isEmpty: Bool { sides.contains { $0.isEmpty } }

  mutating func add(_ members: String) { sides[sides.count - 1].members += members }

  mutating func add(_ set: RegexSet) {
    if let members = set.inBrackets { add(members) } else { add(pattern: set.alone) }
  }

  mutating func add(pattern: String) { sides[sides.count - 1].others.append(pattern) }

  /// Begins the other side of an &&.
  mutating func intersect() { sides.append(Side()) }

  /// A pattern of one character.
  var pattern: String {
    if sides.count == 1, sides[0].others.isEmpty {
      return (isNegated ? "[^" : "[") + sides[0].members + "]"
    }
    let conditions = sides.dropLast().map { "(?=\($0.pattern))" }.joined()
    let all = conditions + sides[sides.count - 1].pattern
    return isNegated ? "(?:(?!\(all))(?s:.))" : "(?:\(all))"
  }
}

extension RegexTranslation {
  /// What stands behind an opening bracket, up to the closing one, as a pattern of one character.
  mutating func bracket(depth: Int) throws(TokenizerError) -> String {
    guard depth <= 20 else { throw refusal(of: "brackets 20 deep in brackets") }
    let isNegated = rest.first == "^"
    if isNegated { rest.removeFirst() }
    if rest.first == "]" { throw refusal(of: "']' first in brackets") }
    var bracket = RegexBracket(isNegated: isNegated)
    // The last character, and whether it is the first one of a range.
    var last: Unicode.Scalar?
    var isRange = false
    while let scalar = rest.popFirst() {
      var literal: (scalar: Unicode.Scalar, text: String)?
      switch scalar {
      case "]":
        if bracket.isEmpty { throw refusal(of: "&& without something on either side") }
        return bracket.pattern
      case "[":
        if rest.first == ":" {
          bracket.add(try named())
        } else {
          bracket.add(pattern: try self.bracket(depth: depth + 1))
        }
      case "&" where rest.first == "&":
        rest.removeFirst()
        bracket.intersect()
      case "\\":
        switch try escaped(inBrackets: true) {
        case .literal(let scalar, let text): literal = (scalar, text)
        case .set(let set): bracket.add(set)
        case .other(let text): bracket.add(text)
        }
      case "-" where last != nil && !isRange:
        bracket.add("-")
        isRange = true
        continue
      default: literal = (scalar, scalar == "^" ? "\\^" : String(scalar))
      }
      if let (scalar, text) = literal {
        bracket.add(text)
        let first = isRange ? last ?? scalar : scalar
        if isCaseless, !isNegated, let one = RegexFolding.firstOfSeveral(first, scalar) {
          throw refusal(of: "(?i) with '\(one)' in brackets, which stands for several characters,")
        }
      }
      last = isRange ? nil : literal?.scalar
      isRange = false
    }
    throw TokenizerError("the regular expression '\(pattern)' has brackets that do not end")
  }

  /// A class by its name, such as [:alpha:], behind its first bracket.
  private mutating func named() throws(TokenizerError) -> RegexSet {
    let text = copied(through: "]")
    let isNegated = text.hasPrefix(":^")
    guard text.hasSuffix(":]"), text.utf8.count >= 4,
      let set = RegexSet.ofName(String(text.dropFirst(isNegated ? 2 : 1).dropLast(2)))
    else { throw refusal(of: "[\(text)") }
    return isNegated ? set.negated : set
  }
}
