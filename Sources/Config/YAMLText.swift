// Writes values as YAML that our own reader reads back to the same values.
// Block style for mappings, flow style for lists of scalars and for short mappings in lists.

extension JSON {
  /// A YAML document: one line a key, nested mappings indented by two spaces.
  package var yaml: String {
    switch self {
    case .object(let fields) where !fields.isEmpty:
      Self.block(fields, indent: 0).map { $0 + "\n" }.joined()
    default: inlineYAML + "\n"
    }
  }

  /// The value on one line, in flow style.
  package var inlineYAML: String {
    switch self {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .real(let number): NumberText.real(number) ?? "null"
    case .string(let text): Self.scalar(text)
    case .array(let items): "[" + items.map(\.inlineYAML).joined(separator: ", ") + "]"
    case .object(let fields):
      "{"
        + fields.map { "\(Self.scalar($0.key)): \($0.value.inlineYAML)" }.joined(separator: ", ")
        + "}"
    }
  }

  private static func block(_ fields: [Member], indent: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    return fields.flatMap { field -> [String] in
      let key = margin + scalar(field.key) + ":"
      let comment = field.comment.map { "  # " + Wording.harmless($0) } ?? ""
      switch field.value {
      case .object(let inner) where !inner.isEmpty:
        return [key + comment] + block(inner, indent: indent + 2)
      case .array(let items) where items.contains(where: \.isMapping):
        return [key + comment] + items.flatMap { item($0, indent: indent + 2) }
      default: return ["\(key) \(field.value.inlineYAML)\(comment)"]
      }
    }
  }

  /// Characters of a line that holds a whole mapping.
  private static let longestItem = 100

  /// An item of a list, behind a dash.
  private static func item(_ value: JSON, indent: Int) -> [String] {
    let dash = String(repeating: " ", count: indent) + "- "
    let line = dash + value.inlineYAML
    guard case .object(let fields) = value, line.count > longestItem else { return [line] }
    var lines = block(fields, indent: dash.count)
    lines[0] = dash + lines[0].dropFirst(dash.count)
    return lines
  }

  private var isMapping: Bool {
    if case .object = self { true } else { false }
  }

  /// A text as a scalar, quoted unless it is plainly a word that no YAML reader takes for more.
  private static func scalar(_ text: String) -> String {
    isPlain(text) ? text : quoted(text)
  }

  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "_") else {
      return false
    }
    let allowed = text.utf8.allSatisfy {
      isLetter($0) || (0x30...0x39).contains($0) || "_-./+".utf8.contains($0)
    }
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"]
    return allowed && !reserved.contains(text.lowercased())
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
