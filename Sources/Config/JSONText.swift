// Writes values as JSON. Numbers keep their kind (`1.0` stays a fraction); NaN and infinity are null.

extension Value {
  /// JSON on one line without spaces: the form that is hashed.
  package var compactJSON: String {
    switch self {
    case .null, .bool, .int: inlineYAML
    case .double(let number): Self.number(number)
    case .text(let text): Self.json(text)
    case .list(let items): "[" + items.map(\.compactJSON).joined(separator: ",") + "]"
    case .mapping(let fields):
      "{" + fields.map { "\(Self.json($0.key)):\($0.value.compactJSON)" }.joined(separator: ",")
        + "}"
    }
  }

  /// JSON for people, indented by two spaces, without a final line end.
  package var prettyJSON: String { pretty(indent: 0) }

  private func pretty(indent: Int) -> String {
    let margin = String(repeating: " ", count: indent + 2)
    let end = "\n" + String(repeating: " ", count: indent)
    switch self {
    case .list(let items) where items.contains(where: \.isNested):
      return "[\n" + items.map { margin + $0.pretty(indent: indent + 2) }.joined(separator: ",\n")
        + end + "]"
    case .list(let items):
      return "[" + items.map(\.compactJSON).joined(separator: ", ") + "]"
    case .mapping(let fields) where !fields.isEmpty:
      let lines = fields.map {
        "\(margin)\(Self.json($0.key)): \($0.value.pretty(indent: indent + 2))"
      }
      return "{\n" + lines.joined(separator: ",\n") + end + "}"
    default: return compactJSON
    }
  }

  private var isNested: Bool {
    switch self {
    case .list, .mapping: true
    default: false
    }
  }

  private static func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\0"..<" ", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
