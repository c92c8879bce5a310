// Writes values as YAML that our own reader reads back to the same values.
// Block style for mappings, flow style for lists of scalars and for short mappings in lists.

extension JSON {
  /// A YAML document: one line a key, nested mappings indented by two spaces.
  package var yaml: String {
    var text: [UInt8] = []
    switch self {
    case .object(let fields) where !fields.isEmpty: Self.block(fields, indent: 0, to: &text)
    default:
      writeInline(to: &text)
      text.append(UInt8(ascii: "\n"))
    }
    return text.text
  }

  /// The value on one line, in flow style.
  package var inlineYAML: String {
    var text: [UInt8] = []
    writeInline(to: &text)
    return text.text
  }

  private func writeInline(to text: inout [UInt8]) {
    switch self {
    case .null: text.append(utf8: "null")
    case .bool(let flag): text.append(utf8: flag ? "true" : "false")
    case .integer(let number): text.append(utf8: String(number))
    case .real(let number): text.append(utf8: NumberText.real(number) ?? "null")
    case .string(let value): Self.write(scalar: value, to: &text)
    case .array(let items):
      text.append(UInt8(ascii: "["))
      for (place, item) in items.enumerated() {
        if place > 0 { text.append(utf8: ", ") }
        item.writeInline(to: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .object(let fields):
      text.append(UInt8(ascii: "{"))
      for (place, field) in fields.enumerated() {
        if place > 0 { text.append(utf8: ", ") }
        Self.write(scalar: field.key, to: &text)
        text.append(utf8: ": ")
        field.value.writeInline(to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
  }

  /// - Parameter isItem: whether the margin of the first line is there already, with a dash in it.
  private static func block(
    _ fields: [Member], indent: Int, isItem: Bool = false, to text: inout [UInt8]
  ) {
    func endLine(_ field: Member) {
      if let comment = field.comment { text.append(utf8: "  # " + Wording.harmless(comment)) }
      text.append(UInt8(ascii: "\n"))
    }
    for (place, field) in fields.enumerated() {
      if place > 0 || !isItem { text += repeatElement(UInt8(ascii: " "), count: indent) }
      write(scalar: field.key, to: &text)
      text.append(UInt8(ascii: ":"))
      switch field.value {
      case .object(let inner) where !inner.isEmpty:
        endLine(field)
        block(inner, indent: indent + 2, to: &text)
      case .array(let items) where items.contains(where: \.isMapping):
        endLine(field)
        for item in items { Self.item(item, indent: indent + 2, to: &text) }
      default:
        text.append(UInt8(ascii: " "))
        field.value.writeInline(to: &text)
        endLine(field)
      }
    }
  }

  /// Characters of a line that holds a whole mapping.
  private static let longestItem = 100

  /// An item of a list, behind a dash.
  private static func item(_ value: JSON, indent: Int, to text: inout [UInt8]) {
    let margin = text.count
    text += repeatElement(UInt8(ascii: " "), count: indent)
    text.append(utf8: "- ")
    let start = text.count
    value.writeInline(to: &text)
    // Where there are no more bytes there are no more characters.
    if case .object(let fields) = value, !fields.isEmpty, text.count - margin > longestItem,
      Array(text[margin...]).text.count > longestItem
    {
      text.removeLast(text.count - start)
      block(fields, indent: indent + 2, isItem: true, to: &text)
    } else {
      text.append(UInt8(ascii: "\n"))
    }
  }

  private var isMapping: Bool {
    if case .object = self { true } else { false }
  }

  /// A text as a scalar, quoted unless it is plainly a word that no YAML reader takes for more.
  private static func write(scalar value: String, to text: inout [UInt8]) {
    text.append(utf8: isPlain(value) ? value : quoted(value))
  }

  private static func isPlain(_ text: String) -> Bool {
    var text = text
    let isAllowed = text.withUTF8 { bytes in
      guard let first = bytes.first, isLetter(first) || first == UInt8(ascii: "_") else {
        return false
      }
      return bytes.allSatisfy { isLetter($0) || isOther($0) }
    }
    return isAllowed && (text.utf8.count > longestReserved || !reserved.contains(text.lowercased()))
  }

  /// Words that readers take for more than words.
  private static let reserved: Set = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf",
  ]
  private static let longestReserved = reserved.map(\.utf8.count).max() ?? 0

  /// Whether a byte that is no letter may stand in a plain word.
  private static func isOther(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
      UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "+"):
      true
    default: false
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      default:
        if Wording.isHarmless(scalar) && SourceFile.isPrintable(scalar) {
          result.unicodeScalars.append(scalar)
        } else {
          let digits = String(scalar.value, radix: 16)
          result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        }
      }
    }
    return result + "\""
  }
}
