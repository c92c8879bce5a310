// Small parts of messages: quoting what the user wrote, naming what was found.
// Everything that ends on a terminal passes `harmless` first.

/// Helpers that put users' text into messages.
package enum Wording {
  private static let quoteLimit = 60

  /// The text with control characters, bidirectional overrides and the like replaced by `?`.
  package static func harmless(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(isHarmless(scalar) ? scalar : "?") }
    return String(result)
  }

  /// The text in one line, for tables and logs: line ends and tabs become blanks, what else a
  /// terminal might obey `?`.
  package static func oneLine(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    return harmless(text.split { $0.isNewline || $0 == "\t" }.joined(separator: " "))
  }

  /// A text of up to 800 characters as it is; of a longer one the first and the last 400.
  package static func shortened(_ text: String) -> String {
    let most = 400
    let scalars = text.unicodeScalars
    guard scalars.count > 2 * most else { return text }
    return "\(String(scalars.prefix(most)))...\(String(scalars.suffix(most)))"
  }

  /// A text of several lines for a terminal: line ends and tabs stay, and the joiners that scripts
  /// and emoji need; what else it might obey becomes `?`.
  package static func showable(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let stays = "\n\t\u{200C}\u{200D}".unicodeScalars.contains(scalar) || isHarmless(scalar)
      result.append(stays ? scalar : "?")
    }
    return String(result)
  }

  static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: false
    default: true
    }
  }

  /// The text in single quotes, harmless and not too long.
  package static func quote(_ text: String) -> String {
    guard text.unicodeScalars.count > quoteLimit else { return "'\(harmless(text))'" }
    return "'\(harmless(String(text.unicodeScalars.prefix(quoteLimit - 3))))...'"
  }

  /// The text as a word of a shell's command line: in single quotes where the shell would not take
  /// it as it is.
  package static func shellWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: byte >= 0x80 || "/._-+=:,@%^".utf8.contains(byte)
      }
    }
    // Within single quotes a shell takes everything as it is, but for the quote itself.
    return isPlain && !text.isEmpty
      ? harmless(text) : "'" + harmless(text).replacing("'", with: "'\\''") + "'"
  }

  /// `1 cell`, `12 cells`.
  package static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  package static let list = "a list"

  /// What kind of value a node is, with an article: "the text 'abc'", "a list".
  package static func found(_ node: Node) -> String {
    switch node.content {
    case .mapping: return "a mapping"
    case .sequence: return list
    case .scalar(let scalar):
      if scalar.isNull { return "nothing" }
      if scalar.isQuoted { return "the quoted text \(quote(scalar.text))" }
      if scalar.text == "true" || scalar.text == "false" { return "the boolean \(scalar.text)" }
      if Numeral.looksNumeric(scalar.text) { return "the number \(harmless(scalar.text))" }
      return "the text \(quote(scalar.text))"
    }
  }

  /// The last part of a dotted path, as the user knows the key.
  static func section(_ path: String) -> String { path.isEmpty ? "the file" : path }
}
