// RegexDialect: from Oniguruma's regular expressions, in Ruby's syntax, which tokenizer.json has,
// to PCRE2's. What is the same in both is left; what is not, and cannot be said, is refused.

enum RegexDialect {
  /// - Throws: `TokenizerError`, which names what cannot be translated.
  static func translated(_ pattern: String) throws(TokenizerError) -> String {
    var translation = RegexTranslation(pattern)
    return try translation.all()
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

/// A translation on its way through an expression.
struct RegexTranslation {
  let pattern: String
  /// Not by characters as people see them: a combining mark may follow a bracket.
  var rest: Substring.UnicodeScalarView
  private var result = ""
  /// Those that are open, in the whole expression.
  private var groups = [Group(isCaseless: false)]
  private var literals = RegexFolding()

  private struct Group {
    var isCaseless: Bool
    /// Groups within it that hold for options, up to its end.
    var ends = 0
  }

  init(_ pattern: String) {
    self.pattern = pattern
    rest = Substring(pattern).unicodeScalars
  }

  /// Whether letters of either case match here.
  var isCaseless: Bool { groups.last?.isCaseless ?? false }

  func refusal(of what: String) -> TokenizerError {
    TokenizerError("\(what) cannot be read in the regular expression '\(pattern)'")
  }

  mutating func all() throws(TokenizerError) -> String {
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\\":
        switch try escaped(inBrackets: false) {
        case .literal(let scalar, let text): try append(scalar, text)
        case .set(let set): append(set.alone)
        case .other(let text): append(text)
        }
      case "[": append(try bracket(depth: 1))
      case "(": try open()
      case ")": close()
      case "{": append(try interval())
      case "*", "+", "?", "|", "^", "$", ".": append(String(scalar))
      default: try append(scalar, String(scalar))
      }
    }
    return result + ends(groups[0])
  }

  private mutating func append(_ text: String) {
    literals.end()
    result += text
  }

  private mutating func append(
    _ scalar: Unicode.Scalar, _ text: String
  ) throws(TokenizerError) {
    result += text
    guard isCaseless else { return }
    if let many = literals.append(scalar) {
      throw refusal(of: "(?i) with '\(many)', which stands for one character too,")
    }
  }

  // MARK: Groups

  private func ends(_ group: Group) -> String { String(repeating: ")", count: group.ends) }

  private mutating func close() {
    // One too many is PCRE2's to say.
    append(groups.count > 1 ? ends(groups.removeLast()) + ")" : ")")
  }

  private mutating func open() throws(TokenizerError) {
    append("(")
    guard rest.first == "?" else { return groups.append(Group(isCaseless: isCaseless)) }
    rest.removeFirst()
    if rest.first == "#" {
      // A comment, which says nothing.
      result.unicodeScalars.removeLast()
      while let next = rest.popFirst(), next != ")" { if next == "\\" { _ = rest.popFirst() } }
      return
    }
    let options = String(rest.prefix { $0 == "-" || $0.properties.isAlphabetic })
    let end = rest.dropFirst(options.unicodeScalars.count).first
    if end == ":" || end == ")" {
      rest.removeFirst(options.unicodeScalars.count + 1)
      return try open(options, isToEnd: end == ")")
    }
    groups.append(Group(isCaseless: isCaseless))
    append("?")
    // A name, or what tells a look ahead or behind.
    guard let kind = rest.popFirst() else { return }
    append(String(kind))
    if kind == "'" || kind == "<" && rest.first != "=" && rest.first != "!" {
      append(copied(through: kind == "'" ? "'" : ">"))
    }
  }

  /// Options behind `(?`, for a group, or for the rest of that which they stand in: alternatives too,
  /// and so as a group, which is not PCRE2's way.
  private mutating func open(_ options: String, isToEnd: Bool) throws(TokenizerError) {
    guard options.unicodeScalars.allSatisfy({ "imx-".unicodeScalars.contains($0) }),
      !(isToEnd && options.isEmpty)
    else { throw refusal(of: "(?\(options))") }
    var isOn = true
    var isCaseless = self.isCaseless
    for option in options.unicodeScalars {
      if option == "-" { isOn = false }
      if option == "i" { isCaseless = isOn }
    }
    // Ruby's m is a dot that matches line ends.
    append("?" + options.map { $0 == "m" ? "s" : String($0) }.joined() + ":")
    if isToEnd {
      groups[groups.count - 1].isCaseless = isCaseless
      groups[groups.count - 1].ends += 1
    } else {
      groups.append(Group(isCaseless: isCaseless))
    }
  }

  /// All up to a character, and that one.
  mutating func copied(through end: Unicode.Scalar) -> String {
    var text = String.UnicodeScalarView()
    while let next = rest.popFirst() {
      text.append(next)
      if next == end { break }
    }
    return String(text)
  }

  /// An interval behind its brace, which may be none and stand for itself.
  ///
  /// A + behind one repeats it, and does not make it possessive as PCRE2 has it.
  mutating func interval() throws(TokenizerError) -> String {
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
      throw refusal(of: "? behind an interval of one number")
    }
    guard rest.first == "+" else {
      return "{\(least.isEmpty ? "0" : least)\(isRange ? "," : "")\(most)}"
    }
    rest.removeFirst()
    switch Int(least.isEmpty ? "0" : least) {
    case 0: return "*"
    case 1: return "+"
    default: throw refusal(of: "+ behind an interval of more than one")
    }
  }
}
