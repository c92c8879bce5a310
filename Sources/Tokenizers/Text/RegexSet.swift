// Sets of characters that regular expressions name, by letters and by words, as Oniguruma has them.

/// Characters, in PCRE2's syntax within brackets, or all others.
struct RegexSet {
  private let members: String
  private var isNegated = false

  private init(_ members: String, isNegated: Bool = false) {
    self.members = members
    self.isNegated = isNegated
  }

  var negated: RegexSet { RegexSet(members, isNegated: !isNegated) }

  /// Whether it is one property, which PCRE2 negates within brackets too.
  private var isOne: Bool {
    members.hasPrefix(#"\p{"#) && members.firstIndex(of: "}") == members.indices.last
  }

  /// Among other members in brackets; nil where it cannot be said there.
  var inBrackets: String? {
    if !isNegated { return members }
    return isOne ? #"\P\#(members.dropFirst(2))"# : nil
  }

  /// A pattern of one character.
  var alone: String {
    if isOne, let inBrackets { return inBrackets }
    return (isNegated ? "[^" : "[") + members + "]"
  }

  // MARK: By letters

  private static let word = #"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}"#
  /// Outside of brackets Oniguruma takes these superscripts and fractions of Latin-1 for a part of a
  /// word too.
  private static let wordAlone = word + #"\x{b2}\x{b3}\x{b9}\x{bc}-\x{be}"#

  /// The class of a letter: PCRE2's \s has U+180E, its \w lacks marks, its \h is a blank.
  static func ofLetter(_ letter: Unicode.Scalar, inBrackets: Bool) -> RegexSet? {
    let set: RegexSet? =
      switch letter {
      case "s", "S": RegexSet(#"\p{White_Space}"#)
      case "d", "D": RegexSet(#"\p{Nd}"#)
      case "h", "H": RegexSet("0-9A-Fa-f")
      case "w", "W": RegexSet(inBrackets ? word : wordAlone)
      default: nil
      }
    return letter.properties.isUppercase ? set?.negated : set
  }

  /// Whether a part of a word stands before and behind a place: `<=` or `<!`, and `=` or `!`.
  static func wordBorder(_ before: String, _ behind: String) -> String {
    "(?\(before)[\(wordAlone)])(?\(behind)[\(wordAlone)])"
  }

  // MARK: By names

  private static let names: [String: RegexSet] = [
    "alnum": RegexSet(#"\p{Alphabetic}\p{Nd}"#), "alpha": RegexSet(#"\p{Alphabetic}"#),
    "ascii": RegexSet(#"\x{0}-\x{7f}"#), "blank": RegexSet(#"\p{Zs}\t"#),
    "cntrl": RegexSet(#"\p{Cc}"#), "digit": RegexSet(#"\p{Nd}"#),
    "graph": RegexSet(#"\p{White_Space}\p{Cc}\p{Cn}\p{Cs}"#, isNegated: true),
    "lower": RegexSet(#"\p{Lowercase}"#),
    "print": RegexSet(#"\p{Cc}\p{Cn}\p{Cs}\p{Zl}\p{Zp}"#, isNegated: true),
    "punct": RegexSet(#"\p{P}\p{S}"#), "space": RegexSet(#"\p{White_Space}"#),
    "upper": RegexSet(#"\p{Uppercase}"#), "word": RegexSet(word),
    "xdigit": RegexSet("0-9A-Fa-f"),
  ]

  /// The class of a name between `[:` and `:]`.
  static func ofName(_ name: String) -> RegexSet? { names[name] }

  /// General categories by the names that PCRE2 does not know.
  private static let categories: [String: String] = [
    "letter": "L", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt",
    "casedletter": "L&", "lc": "L&", "modifierletter": "Lm", "otherletter": "Lo", "mark": "M",
    "combiningmark": "M", "nonspacingmark": "Mn", "spacingmark": "Mc", "enclosingmark": "Me",
    "number": "N", "decimalnumber": "Nd", "letternumber": "Nl", "othernumber": "No",
    "punctuation": "P", "connectorpunctuation": "Pc", "dashpunctuation": "Pd",
    "openpunctuation": "Ps", "closepunctuation": "Pe", "initialpunctuation": "Pi",
    "finalpunctuation": "Pf", "otherpunctuation": "Po", "symbol": "S", "mathsymbol": "Sm",
    "currencysymbol": "Sc", "modifiersymbol": "Sk", "othersymbol": "So", "separator": "Z",
    "spaceseparator": "Zs", "lineseparator": "Zl", "paragraphseparator": "Zp", "other": "C",
    "control": "Cc", "format": "Cf", "surrogate": "Cs", "privateuse": "Co", "unassigned": "Cn",
  ]

  /// The characters of a property; nil where its name is not known here.
  ///
  /// - Parameter name: what stands in the braces, a ^ before it where all others are meant.
  static func ofProperty(_ name: String, inBrackets: Bool) -> RegexSet? {
    if name.hasPrefix("^") {
      return ofProperty(String(name.dropFirst()), inBrackets: inBrackets)?.negated
    }
    guard name.utf8.allSatisfy({ $0 < 0x80 && $0 > 0x20 || $0 == UInt8(ascii: " ") }) else {
      return nil
    }
    // Case, and what joins words, do not count.
    let key = name.lowercased().filter { !" -_".contains($0) }
    switch key {
    // A property here, where [:punct:] has symbols too.
    case "punct": return RegexSet(#"\p{P}"#)
    case "word" where !inBrackets: return RegexSet(wordAlone)
    case "any": return RegexSet(#"\p{Any}"#)
    case "assigned": return RegexSet(#"\p{Cn}"#, isNegated: true)
    default: break
    }
    if let set = names[key] { return set }
    if let category = categories[key] { return RegexSet(#"\p{\#(category)}"#) }
    // By its name alone PCRE2 means whatever is used in texts of the script.
    if key.utf8.count > 2, key.utf8.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A }),
      Regex.knowsScript(key)
    {
      return RegexSet(#"\p{sc:\#(key)}"#)
    }
    guard key.utf8.count <= 2 else { return nil }
    return RegexSet(#"\p{\#(name)}"#)
  }
}
