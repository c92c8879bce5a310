// How many columns a text takes on a terminal: combining marks take none, East Asian wide
// characters and emoji take two. Tables and the progress bar align by it.

/// Widths of text on a terminal.
package enum DisplayWidth {
  /// The number of columns of a text without control characters.
  package static func of(_ text: String) -> Int {
    text.reduce(0) { $0 + of($1) }
  }

  /// The longest beginning of a text that fits into so many columns.
  package static func cut(_ text: String, to columns: Int) -> String {
    var used = 0
    return String(
      text.prefix { character in
        used += of(character)
        return used <= columns
      })
  }

  // A character is as wide as its widest scalar: what joins it shares its cell.
  private static func of(_ character: Character) -> Int {
    character.unicodeScalars.reduce(0) { max($0, of($1)) }
  }

  private static func of(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: return isWide(scalar.value) || scalar.properties.isEmojiPresentation ? 2 : 1
    }
  }

  // The wide and full-width blocks of Unicode's East Asian Width (UAX 11).
  private static func isWide(_ value: UInt32) -> Bool {
    switch value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
