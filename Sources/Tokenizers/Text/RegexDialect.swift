// RegexDialect: from Oniguruma's regular expressions, in Ruby's syntax, which tokenizer.json has,
// to PCRE2's. What is the same in both is left; what is not, and cannot be said, is refused.

enum RegexDialect {
  /// Classes whose members differ: PCRE2's \s has U+180E, its \w lacks marks, its \h is a blank.
  private static let classes: [Character: String] = [
    "s": #"\p{White_Space}"#, "d": #"\p{Nd}"#, "D": #"\P{Nd}"#, "S": #"\P{White_Space}"#,
    "h": "0-9A-Fa-f", "w": #"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}"#,
  ]

  /// - Throws: `TokenizerError`, which names what cannot be translated.
  static func translated(_ pattern: String) throws(TokenizerError) -> String {
    var result = ""
    var depth = 0  // of brackets
    // Not by characters as people see them: a combining mark may follow a bracket.
    var rest = Substring(pattern).unicodeScalars
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\\":
        guard let escaped = rest.popFirst() else {
          throw TokenizerError("the regular expression '\(pattern)' ends in a backslash")
        }
        if let members = classes[Character(escaped)] {
          let isOne = members.hasPrefix("\\") && !members.dropFirst().contains("\\")
          result += isOne || depth > 0 ? members : "[\(members)]"
        } else if escaped == "H" || escaped == "W" {
          guard depth == 0, let members = classes[escaped == "H" ? "h" : "w"] else {
            throw refusal(of: "\\\(escaped) in brackets", in: pattern)
          }
          result += "[^\(members)]"
        } else {
          result.unicodeScalars.append(contentsOf: [scalar, escaped])
          // The name of a property or the number of a character, no interval.
          if rest.first == "{", "pPxko".unicodeScalars.contains(escaped) {
            while let next = rest.popFirst() {
              result.unicodeScalars.append(next)
              if next == "}" { break }
            }
          }
        }
      case "[":
        guard depth == 0 || rest.first == ":" else {
          throw refusal(of: "brackets within brackets", in: pattern)
        }
        if depth == 0 { depth = 1 }
        result.unicodeScalars.append(scalar)
        if rest.first == "^" { result.unicodeScalars.append(rest.removeFirst()) }
        if rest.first == "]" { throw refusal(of: "']' first in brackets", in: pattern) }
        if rest.first == ":" {
          // A class by its name, such as [:alpha:].
          while let next = rest.popFirst() {
            result.unicodeScalars.append(next)
            if next == "]" { break }
          }
        }
      case "]":
        depth = 0
        result.unicodeScalars.append(scalar)
      case "{" where depth == 0:
        result += try interval(&rest, in: pattern)
      case "&" where depth > 0 && rest.first == "&":
        throw refusal(of: "&& in brackets", in: pattern)
      case "(" where depth == 0 && rest.first == "?":
        let options = rest.dropFirst().prefix { $0 == "-" || $0.properties.isAlphabetic }
        // Ruby's m is a dot that matches line ends.
        if options.contains("m"), let next = rest.dropFirst(1 + options.count).first,
          next == ":" || next == ")"
        {
          throw refusal(of: "(?m)", in: pattern)
        }
        result.unicodeScalars.append(scalar)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// An interval behind its brace, which may be none and stand for itself.
  ///
  /// A + behind one repeats it, and does not make it possessive as PCRE2 has it.
  private static func interval(
    _ rest: inout Substring.UnicodeScalarView, in pattern: String
  ) throws(TokenizerError) -> String {
    func digits(_ text: Substring.UnicodeScalarView) -> String {
      String(text.prefix { ("0"..."9").contains($0) })
    }
    var next = rest
    let least = digits(next)
    next = next.dropFirst(least.count)
    let isRange = next.first == ","
    if isRange { next = next.dropFirst() }
    let most = isRange ? digits(next) : ""
    next = next.dropFirst(most.count)
    guard next.popFirst() == "}", !least.isEmpty || !most.isEmpty else { return "{" }
    rest = next
    if rest.first == "?", !isRange {
      throw refusal(of: "? behind an interval of one number", in: pattern)
    }
    guard rest.first == "+" else {
      return "{\(least.isEmpty ? "0" : least)\(isRange ? "," : "")\(most)}"
    }
    rest.removeFirst()
    switch Int(least.isEmpty ? "0" : least) {
    case 0: return "*"
    case 1: return "+"
    default: throw refusal(of: "+ behind an interval of more than one", in: pattern)
    }
  }

  private static func refusal(of what: String, in pattern: String) -> TokenizerError {
    TokenizerError("\(what) cannot be read in the regular expression '\(pattern)'")
  }

  /// A pattern that matches a text and nothing else.
  static func escaped(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if #"\.+*?()|[]{}^$#&-~/"#.unicodeScalars.contains(scalar) { result.append("\\") }
      result.append(scalar)
    }
    return String(result)
  }
}
