// Reads JSON text (RFC 8259) into JSON values: strict, order kept, depth bounded.
// It is not lenient with anything. `JSONReader` goes through a text piece by piece, for files so
// large that their values are not all wanted at once.

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
    self = try reader.value()
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

/// A place in a JSON text, which moves on with each piece that is read.
package struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0
  /// Whether nothing has been read yet of the object or the array that was opened last.
  private var isAtFirst = false

  package init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// - Parameter bytes: a text that is known to be UTF-8.
  package init(utf8 bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Reads one value, whatever it is.
  package mutating func value() throws(JSONError) -> JSON { try value(depth: 0) }

  /// Passes over one value.
  package mutating func skip() throws(JSONError) { try skip(depth: 0) }

  private mutating func skip(depth: Int) throws(JSONError) {
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"):
      try open("{", depth: depth)
      while try nextKey() != nil { try skip(depth: depth + 1) }
    case UInt8(ascii: "["):
      try open("[", depth: depth)
      while try nextElement() { try skip(depth: depth + 1) }
    default: _ = try value(depth: depth)
    }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSON {
    skipSpace()
    guard let first = peek else { throw fault("unexpected end") }
    switch first {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try text())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw fault("unexpected character")
    }
  }

  /// Ends the reading: only white space may follow.
  package mutating func end() throws(JSONError) {
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

  private mutating func open(_ bracket: Unicode.Scalar, depth: Int) throws(JSONError) {
    guard depth < 200 else { throw fault("more than 200 levels") }
    guard take(bracket) else { throw fault("expected '\(bracket)'") }
    isAtFirst = true
  }

  /// Enters an object, whose members `nextKey` goes through.
  package mutating func openObject() throws(JSONError) { try open("{", depth: 0) }

  /// The key of the next member, whose value is to be read next; nil behind the last one.
  package mutating func nextKey() throws(JSONError) -> String? {
    var key: [UInt8] = []
    return try nextKey(appendedTo: &key) ? String(decoding: key, as: UTF8.self) : nil
  }

  /// The same for keys too many to be made strings of, which go behind other bytes.
  ///
  /// - Returns: whether there was a key.
  package mutating func nextKey(appendedTo text: inout [UInt8]) throws(JSONError) -> Bool {
    guard try isThereMore(before: "}") else { return false }
    try string("a key", appendedTo: &text)
    guard take(":") else { throw fault("expected ':'") }
    return true
  }

  /// Enters an array, whose elements `nextElement` goes through.
  package mutating func openArray() throws(JSONError) { try open("[", depth: 0) }

  /// Whether there is another element, which is to be read next.
  package mutating func nextElement() throws(JSONError) -> Bool {
    try isThereMore(before: "]")
  }

  private mutating func isThereMore(before bracket: Unicode.Scalar) throws(JSONError) -> Bool {
    let isFirst = isAtFirst
    isAtFirst = false
    if take(bracket) { return false }
    guard isFirst || take(",") else { throw fault("expected ',' or '\(bracket)'") }
    return true
  }

  /// Reads a string.
  package mutating func text() throws(JSONError) -> String {
    var text: [UInt8] = []
    try self.text(appendedTo: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Reads a string and puts it behind other bytes.
  package mutating func text(appendedTo text: inout [UInt8]) throws(JSONError) {
    try string("a string", appendedTo: &text)
  }

  private mutating func string(
    _ what: String, appendedTo text: inout [UInt8]
  ) throws(JSONError) {
    skipSpace()
    guard peek == UInt8(ascii: "\"") else { throw fault("expected \(what)") }
    try string(appendedTo: &text)
  }

  /// Whether what comes next is an array.
  package mutating func isAtArray() -> Bool {
    skipSpace()
    return peek == UInt8(ascii: "[")
  }

  /// Reads a whole number.
  package mutating func whole() throws(JSONError) -> Int {
    skipSpace()
    let start = position
    if let value = shortWhole() { return value }
    position = start
    guard case .integer(let value)? = try? number() else {
      position = start
      throw fault("expected a whole number")
    }
    return value
  }

  /// A whole number of few digits, as most are; nil for any other, of which a part may be read.
  private mutating func shortWhole() -> Int? {
    let start = position
    var value = 0
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      value = value &* 10 &+ Int(byte - UInt8(ascii: "0"))
      position += 1
    }
    let digits = position - start
    guard digits > 0, digits < 18, digits == 1 || bytes[start] != UInt8(ascii: "0") else {
      return nil
    }
    if let byte = peek, ".eE".utf8.contains(byte) { return nil }
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSON {
    try open("{", depth: depth)
    var members: [JSON.Member] = []
    while let key = try nextKey() {
      members.append(JSON.Member(key, try value(depth: depth + 1)))
    }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSON {
    try open("[", depth: depth)
    var elements: [JSON] = []
    while try nextElement() { elements.append(try value(depth: depth + 1)) }
    return .array(elements)
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = position
    if peek == UInt8(ascii: "-") { position += 1 }
    let first = position
    var isSound = skipDigits() && (position == first + 1 || bytes[first] != UInt8(ascii: "0"))
    var isWhole = true
    if peek == UInt8(ascii: ".") {
      position += 1
      isWhole = false
      isSound = skipDigits() && isSound
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      position += 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
      isWhole = false
      isSound = skipDigits() && isSound
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isSound, isWhole, let whole = Int(text) { return .integer(whole) }
    guard isSound, let real = Double(text), real.isFinite else {
      position = start
      throw fault("not a number")
    }
    return .real(real)
  }

  /// Whether there is a digit; passes over all.
  private mutating func skipDigits() -> Bool {
    let start = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position > start
  }

  private mutating func string(appendedTo text: inout [UInt8]) throws(JSONError) {
    position += 1
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return
      case UInt8(ascii: "\\"): text.append(contentsOf: try escape().utf8)
      case 0..<0x20: throw fault("control character in a string")
      default: text.append(byte)
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
