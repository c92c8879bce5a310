// Writes JSON values as text: on one line, or indented for people.
// Key order is the order of the value; the same value gives the same bytes.

extension JSON {
  /// The value on one line, without a closing newline: a line of a JSONL file.
  package var line: String {
    var text = ""
    write(to: &text, indent: nil)
    return text
  }

  /// The value over several lines, two spaces a level, with a closing newline: a JSON file.
  package var document: String {
    var text = ""
    write(to: &text, indent: 0)
    text.append("\n")
    return text
  }

  private func write(to text: inout String, indent: Int?) {
    switch self {
    case .null: text.append("null")
    case .bool(let value): text.append(value ? "true" : "false")
    case .integer(let value): text.append(String(value))
    case .real(let value): text.append(NumberText.real(value) ?? "null")
    case .string(let value): JSON.quote(value, to: &text)
    case .array(let elements):
      // A list of scalars stays on one line even when indented: curves would fill screens.
      let inner = elements.contains { $0.isNested } ? indent : nil
      JSON.joined("[", "]", elements, to: &text, indent: inner) { element, text, indent in
        element.write(to: &text, indent: indent)
      }
    case .object(let members):
      JSON.joined("{", "}", members, to: &text, indent: indent) { member, text, indent in
        JSON.quote(member.key, to: &text)
        text.append(indent == nil ? ":" : ": ")
        member.value.write(to: &text, indent: indent)
      }
    }
  }

  private var isNested: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }

  private static func joined<Element>(
    _ open: String, _ close: String, _ elements: [Element], to text: inout String, indent: Int?,
    write: (Element, inout String, Int?) -> Void
  ) {
    text.append(open)
    for (index, element) in elements.enumerated() {
      if index > 0 { text.append(",") }
      if let indent { text.append("\n" + String(repeating: "  ", count: indent + 1)) }
      write(element, &text, indent.map { $0 + 1 })
    }
    if let indent, !elements.isEmpty {
      text.append("\n" + String(repeating: "  ", count: indent))
    }
    text.append(close)
  }

  private static func quote(_ value: String, to text: inout String) {
    text.append("\"")
    // Most texts are plain, and are copied whole.
    if value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F }) {
      text.append(value)
      text.append("\"")
      return
    }
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text.append("\\\"")
      case "\\": text.append("\\\\")
      case "\n": text.append("\\n")
      case "\r": text.append("\\r")
      case "\t": text.append("\\t")
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let digits = String(scalar.value, radix: 16)
        text.append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text.append("\"")
  }
}
