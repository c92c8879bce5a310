// Comma-separated values after RFC 4180: LF line ends, quotes only where they are needed.
// A missing value is an empty field; an empty string is "" so that the two can be told apart.

/// Writing and reading of CSV text.
package enum CSV {
  /// One line with its newline; nil fields are left empty.
  package static func line(_ fields: [String?]) -> String {
    // A lone empty field would be a blank line, which readers skip.
    if fields.count == 1, fields[0] == nil { return "\"\"\n" }
    return fields.map(field).joined(separator: ",") + "\n"
  }

  private static func field(_ value: String?) -> String {
    guard let value else { return "" }
    let isPlain = !value.unicodeScalars.contains {
      $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r"
    }
    let trims = value.first == " " || value.last == " "
    if isPlain && !trims && !value.isEmpty { return value }
    return "\"" + value.replacing("\"", with: "\"\"") + "\""
  }

  /// The rows of a CSV text; an unquoted empty field is nil.
  package static func rows(reading text: String) -> [[String?]] {
    var rows: [[String?]] = []
    var row: [String?] = []
    var field: [UInt8] = []
    var quoted = false
    var inQuotes = false
    let bytes = Array(text.utf8)
    var index = 0

    func endField() {
      let text = String(decoding: field, as: UTF8.self)
      row.append(text.isEmpty && !quoted ? nil : text)
      field = []
      quoted = false
    }
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\"") where inQuotes && index < bytes.count && bytes[index] == byte:
        field.append(byte)
        index += 1
      case UInt8(ascii: "\""):
        inQuotes.toggle()
        quoted = true
      case _ where inQuotes: field.append(byte)
      case UInt8(ascii: ","): endField()
      case UInt8(ascii: "\r"): continue
      case UInt8(ascii: "\n"):
        endField()
        rows.append(row)
        row = []
      default: field.append(byte)
      }
    }
    if !field.isEmpty || quoted || !row.isEmpty {
      endField()
      rows.append(row)
    }
    return rows
  }
}
