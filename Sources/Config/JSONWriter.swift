// Writes JSON values as text: on one line, or indented for people.
// Key order is the order of the value; the same value gives the same bytes.

extension JSON {
  /// The value on one line, without a closing newline: a line of a JSONL file.
  package var line: String { lineBytes.text }

  /// The same as bytes, for what is hashed.
  package var lineBytes: [UInt8] {
    var text: [UInt8] = []
    writeLine(to: &text)
    return text
  }

  /// Appends `line`.
  package func writeLine(to text: inout [UInt8]) { write(to: &text, indent: nil) }

  /// The value over several lines, two spaces a level, with a closing newline: a JSON file.
  package var document: String {
    var text: [UInt8] = []
    write(to: &text, indent: 0)
    text.append(UInt8(ascii: "\n"))
    return text.text
  }

  /// The document of an object in two parts, before and behind the elements of the list under a
  /// key: of a long one, each is made and written by itself.
  package func document(around key: String) -> (head: String, tail: String) {
    var (head, tail) = ([UInt8(ascii: "{")], [] as [UInt8])
    for (place, member) in members.enumerated() {
      var text = Array((place > 0 ? ",\n  " : "\n  ").utf8)
      JSON.quote(member.key, to: &text)
      text += ": ".utf8
      if member.key == key {
        head += tail + text + "[".utf8
        tail = Array("\n  ]".utf8)
      } else {
        member.value.write(to: &text, indent: 1)
        tail += text
      }
    }
    return (
      String(decoding: head, as: UTF8.self), String(decoding: tail, as: UTF8.self) + "\n}\n"
    )
  }

  /// The value as an element of that list.
  ///
  /// - Parameter place: its place in the list.
  package func element(at place: Int) -> String {
    var text = Array((place > 0 ? ",\n    " : "\n    ").utf8)
    write(to: &text, indent: 2)
    return String(decoding: text, as: UTF8.self)
  }

  private func write(to text: inout [UInt8], indent: Int?) {
    switch self {
    case .null: text.append(utf8: "null")
    case .bool(let value): text.append(utf8: value ? "true" : "false")
    case .integer(let value): text.append(utf8: String(value))
    case .real(let value): text.append(utf8: NumberText.real(value) ?? "null")
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
        text.append(utf8: indent == nil ? ":" : ": ")
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
    _ open: String, _ close: String, _ elements: [Element], to text: inout [UInt8], indent: Int?,
    write: (Element, inout [UInt8], Int?) -> Void
  ) {
    func newLine(_ level: Int) {
      text.append(UInt8(ascii: "\n"))
      text += repeatElement(UInt8(ascii: " "), count: 2 * level)
    }
    text.append(utf8: open)
    // By their places, without a copy of each.
    for place in elements.indices {
      if place > 0 { text.append(UInt8(ascii: ",")) }
      if let indent { newLine(indent + 1) }
      write(elements[place], &text, indent.map { $0 + 1 })
    }
    if let indent, !elements.isEmpty { newLine(indent) }
    text.append(utf8: close)
  }

  private static func quote(_ value: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    var value = value
    value.withUTF8 { bytes in
      // Most texts are plain, and are copied whole.
      if bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F }) {
        text.append(contentsOf: bytes)
      } else {
        for byte in bytes { escape(byte, to: &text) }
      }
    }
    text.append(UInt8(ascii: "\""))
  }

  private static func escape(_ byte: UInt8, to text: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""): text.append(utf8: "\\\"")
    case UInt8(ascii: "\\"): text.append(utf8: "\\\\")
    case UInt8(ascii: "\n"): text.append(utf8: "\\n")
    case UInt8(ascii: "\r"): text.append(utf8: "\\r")
    case UInt8(ascii: "\t"): text.append(utf8: "\\t")
    case _ where byte < 0x20 || byte == 0x7F:
      let digits = String(byte, radix: 16)
      text.append(utf8: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)")
    default: text.append(byte)
    }
  }
}
