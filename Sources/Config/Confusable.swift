// Confusable: characters that word processors and web pages put where a plain one was meant, and
// that no reader of YAML or of numbers takes for it (Unicode UTS 39 calls them so): no-break
// spaces, minus signs, typographic quotes.

/// A character that looks like a plain one, or like nothing.
package struct Confusable: Sendable, Hashable {
  private let scalar: Unicode.Scalar
  private let name: String
  /// The plain character, or what to do.
  private let write: String

  /// Nil for characters that are what they look like.
  init?(_ scalar: Unicode.Scalar) {
    guard scalar.value > 0x7F, let (name, write) = Self.known(scalar) else { return nil }
    self.scalar = scalar
    self.name = name
    self.write = write
  }

  var message: String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    return "\(name) (U+\(code)) cannot stand here: write \(write)"
  }

  private static func known(_ scalar: Unicode.Scalar) -> (name: String, write: String)? {
    switch scalar.value {
    case 0xA0: ("a no-break space", "a space")
    case 0x202F: ("a narrow no-break space", "a space")
    case 0x2002: ("an en space", "a space")
    case 0x2003: ("an em space", "a space")
    case 0x2007: ("a figure space", "a space")
    case 0x2009: ("a thin space", "a space")
    case 0x200A: ("a hair space", "a space")
    case 0x3000: ("an ideographic space", "a space")
    case 0x1680, 0x2000...0x2008, 0x205F: ("a typographic space", "a space")
    case 0x85, 0x2028, 0x2029: ("an odd line break", "a line break")
    case 0xAD: ("a soft hyphen", "-")
    case 0x200B: ("a zero-width space", "nothing")
    case 0xFEFF: ("a zero-width no-break space", "nothing")
    case 0x200C...0x200F, 0x202A...0x202E, 0x2060...0x2069: ("an invisible character", "nothing")
    case 0x2010: ("a hyphen", "-")
    case 0x2011: ("a no-break hyphen", "-")
    case 0x2012: ("a figure dash", "-")
    case 0x2013: ("an en dash", "-")
    case 0x2014: ("an em dash", "-")
    case 0x2212: ("a minus sign", "-")
    case 0x2015, 0x2043, 0xFE58, 0xFE63: ("a typographic dash", "-")
    case 0x2018...0x201B, 0x2032, 0xB4: ("a typographic quote", "'")
    case 0x201C...0x201F, 0x2033, 0xAB, 0xBB: ("a typographic quote", "\"")
    case 0x2026: ("an ellipsis", "dots")
    case 0xD7, 0x2217, 0x22C5: ("a multiplication sign", "*")
    case 0xF7, 0x2044, 0x2215: ("a division sign", "/")
    case 0x3001: ("an ideographic comma", ",")
    case 0xFF01...0xFF5E:
      // The full-width forms stand in the order of ASCII.
      Unicode.Scalar(scalar.value - 0xFF01 + 0x21).map { ("a full-width \($0)", String($0)) }
    default: nil
    }
  }
}

extension Fault {
  /// The confusable that is to blame for this fault, where there is one; else the fault itself.
  var namingConfusable: Fault {
    guard case .mark(let mark) = place else { return self }
    let place: Mark? =
      switch kind {
      case .syntax: Self.confusable(around: mark)
      case .controlCharacter: mark
      case .unknownKey, .unknownWord, .wrongType, .keyIsNotText, .rootIsNotAMapping:
        Self.confusable(inTextAt: mark)
      case .stated(let statement): statement.isOfSpelling ? Self.confusable(inTextAt: mark) : nil
      default: nil
      }
    guard let place, let found = Self.scalars(of: place).first.flatMap(Confusable.init) else {
      return self
    }
    return Fault(.confusable(found), at: place)
  }

  /// The rest of a line.
  private static func scalars(of mark: Mark) -> ArraySlice<Unicode.Scalar> {
    Array(mark.source.line(mark.line).unicodeScalars).dropFirst(mark.column - 1)
  }

  /// The place of a confusable in the key or value that begins at a mark.
  private static func confusable(inTextAt mark: Mark) -> Mark? {
    let text = scalars(of: mark)
    guard let first = text.first, !"[{|>&*".unicodeScalars.contains(first) else { return nil }
    let isQuoted = first == "'" || first == "\""
    var end = text.dropFirst(isQuoted ? 1 : 0).startIndex
    while end < text.endIndex {
      let scalar = text[end]
      let next = text.dropFirst(end + 1 - text.startIndex).first
      if isQuoted ? scalar == first : ",]}".unicodeScalars.contains(scalar) { break }
      if !isQuoted, scalar == ":", next == nil || next == " " { break }
      if !isQuoted, scalar == " ", next == "#" { break }
      if Confusable(scalar) != nil {
        return Mark(source: mark.source, line: mark.line, column: end + 1)
      }
      end += 1
    }
    return nil
  }

  /// The place of a confusable that keeps the line at a mark, or those before it, from being YAML.
  private static func confusable(around mark: Mark) -> Mark? {
    for line in stride(from: mark.line, to: max(0, mark.line - 4), by: -1) {
      let text = Array(mark.source.line(line).unicodeScalars)
      var quote: Unicode.Scalar?
      var before: Unicode.Scalar?
      for (place, scalar) in text.enumerated() {
        if let open = quote {
          if scalar == open { quote = nil }
        } else if scalar == "#", before == nil || before == " " {
          break
        } else if scalar == "'" || scalar == "\"" {
          quote = scalar
        } else if Confusable(scalar) != nil {
          // On an earlier line only where YAML's own signs stand: there, a dash within a text is no
          // fault.
          let isSign =
            text[..<place].allSatisfy { $0 == " " } || before == ":" || before == "-"
            || scalar == "\u{FF1A}" && !text[..<place].contains(":")
          if line == mark.line || isSign {
            return Mark(source: mark.source, line: line, column: place + 1)
          }
        }
        before = scalar
      }
    }
    return nil
  }
}
