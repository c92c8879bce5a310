// Reads JSON text (RFC 8259) into JSON values: strict, order kept, depth bounded.
// It reads what this program wrote; it is not lenient with anything else.

/// Why a text is not JSON, and at which byte.
package struct JSONError: Error, Equatable, CustomStringConvertible {
  package let problem: String
  package let offset: Int

  package init(problem: String, offset: Int) {
    self.problem = problem
    self.offset = offset
  }

  package var description: String { "not JSON: \(problem) at byte \(offset)" }
}

extension JSON {
  /// Reads one JSON value, with nothing but white space around it.
  ///
  /// - Throws: `JSONError` with the byte offset of the first fault.
  package init(reading text: String) throws(JSONError) {
    var reader = JSONReader(text)
    self = try reader.value(depth: 0)
    try reader.end()
  }

  /// Reads a JSONL text: one value a line, blank lines skipped.
  ///
  /// - Throws: `JSONError`; the offset counts within the faulty line.
  package static func lines(reading text: String) throws(JSONError) -> [JSON] {
    var values: [JSON] = []
    for line in text.split(separator: "\n") where !line.allSatisfy(\.isWhitespace) {
      values.append(try JSON(reading: String(line)))
    }
    return values
  }
}

private struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) {
    bytes = Array(text.utf8)
  }

  mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth < 200 else { throw fault("more than 200 levels") }
    skipSpace()
    guard let first = peek else { throw fault("unexpected end") }
    switch first {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw fault("unexpected character")
    }
  }

  mutating func end() throws(JSONError) {
    skipSpace()
    guard position == bytes.count else { throw fault("text after the value") }
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func fault(_ problem: String) -> JSONError {
    JSONError(problem: problem, offset: position)
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func word(_ word: String, _ value: JSON) throws(JSONError) -> JSON {
    guard bytes[position...].starts(with: word.utf8) else { throw fault("unknown word") }
    position += word.utf8.count
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var members: [JSON.Member] = []
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw fault("expected a key") }
      let key = try string()
      guard take(":") else { throw fault("expected ':'") }
      members.append(JSON.Member(key, try value(depth: depth + 1)))
    } while take(",")
    guard take("}") else { throw fault("expected ',' or '}'") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var elements: [JSON] = []
    if take("]") { return .array(elements) }
    repeat { elements.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw fault("expected ',' or ']'") }
    return .array(elements)
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = position
    while let byte = peek, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    let isReal = text.contains { ".eE".contains($0) }
    if !isReal, let whole = Int(text) { return .integer(whole) }
    guard let real = Double(text), real.isFinite else {
      position = start
      throw fault("not a number")
    }
    return .real(real)
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    var scalars: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: scalars, as: UTF8.self)
      case UInt8(ascii: "\\"): scalars.append(contentsOf: try escape().utf8)
      case 0..<0x20: throw fault("control character in a string")
      default: scalars.append(byte)
      }
    }
    throw fault("string without an end")
  }

  private mutating func escape() throws(JSONError) -> String {
    guard let byte = peek else { throw fault("string without an end") }
    position += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return String(Unicode.Scalar(byte))
    case UInt8(ascii: "u"): return String(try unicode())
    default: throw fault("unknown escape")
    }
  }

  // A \u escape, or two that form a surrogate pair.
  private mutating func unicode() throws(JSONError) -> Unicode.Scalar {
    let high = try hex()
    if let scalar = Unicode.Scalar(high) { return scalar }
    guard (0xD800..<0xDC00).contains(high), bytes[position...].starts(with: "\\u".utf8) else {
      throw fault("lone surrogate")
    }
    position += 2
    let low = try hex()
    guard (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    else { throw fault("lone surrogate") }
    return scalar
  }

  private mutating func hex() throws(JSONError) -> UInt32 {
    guard position + 4 <= bytes.count else { throw fault("short \\u escape") }
    let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    guard digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
      throw fault("bad \\u escape")
    }
    position += 4
    return value
  }
}
