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
