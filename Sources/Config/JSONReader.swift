// Reads JSON text (RFC 8259) into JSON values: strict, order kept, depth bounded.
// It is not lenient with anything. `JSONReader` goes through a text piece by piece, for files so
// large that their values are not all wanted at once.

internal import Glibc

extension JSON {
  /// Reads one JSON value, with nothing but white space around it.
  ///
  /// - Throws: `JSONError` with the byte offset of the first fault.
  package init(reading text: String) throws(JSONError) {
    try self.init(reading: Array(text.utf8))
  }

  /// Reads one JSON value from UTF-8, with nothing but white space around it.
  ///
  /// - Parameter range: of the bytes that are read; nil for all.
  package init(reading bytes: [UInt8], in range: Range<Int>? = nil) throws(JSONError) {
    var reader = JSONReader(bytes, in: range)
    self = try reader.value()
    try reader.end()
  }

  /// Reads a JSONL text: one value a line, blank lines skipped.
  ///
  /// - Throws: `JSONError`; the offset counts within the faulty line.
  package static func lines(reading text: String) throws(JSONError) -> [JSON] {
    var values: [JSON] = []
    let bytes = Array(text.utf8)
    for line in bytes.lineRanges where !JSONReader.isBlank(bytes, in: line) {
      values.append(try JSON(reading: bytes, in: line))
    }
    return values
  }
}

/// A place in a JSON text, which moves on with each piece that is read.
package struct JSONReader {
  private let bytes: [UInt8]
  /// The bytes that are read begin and end here.
  private let first, limit: Int
  private var position: Int
  /// Whether nothing has been read yet of the object or the array that was opened last.
  private var isAtFirst = false

  package init(_ text: String) { self.init(Array(text.utf8)) }

  /// - Parameter range: of the bytes that are read; nil for all.
  package init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
    self.bytes = bytes
    (first, limit) = (range?.lowerBound ?? 0, range?.upperBound ?? bytes.count)
    position = first
  }

  /// Whether there is nothing but white space.
  package static func isBlank(_ bytes: [UInt8], in range: Range<Int>) -> Bool {
    bytes[range].allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
  }

  /// Reads one value, whatever it is.
  package mutating func value() throws(JSONError) -> JSON { try value(depth: 0) }

  /// Passes over one value, which is checked all the same.
  package mutating func skip() throws(JSONError) {
    if let end = endOfPlainValue { position = end } else { try skip(depth: 0) }
  }

  /// Where the value that comes next ends, if it is plain.
  private var endOfPlainValue: Int? {
    bytes.withUnsafeBufferPointer { bytes in
      var passing = JSONPassing(UnsafeBufferPointer(rebasing: bytes[..<limit]), at: position)
      return passing.passValue() ? passing.place : nil
    }
  }

  /// Passes over one value, which is checked all the same, and gives its text.
  package mutating func skippedText() throws(JSONError) -> [UInt8] {
    skipSpace()
    let first = position
    try skip()
    return Array(bytes[first..<position])
  }

  /// Passes over `null`, if that is what comes next.
  package mutating func takeNull() throws(JSONError) -> Bool {
    skipSpace()
    guard peek == UInt8(ascii: "n") else { return false }
    _ = try word("null", .null)
    return true
  }

  /// Whether an object or an array comes next, by its bracket.
  package mutating func isAt(_ bracket: Unicode.Scalar) -> Bool {
    skipSpace()
    return peek == UInt8(ascii: bracket)
  }

  private mutating func skip(depth: Int) throws(JSONError) {
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"):
      try open("{", depth: depth)
      while try nextMember() {
        try skipText("a key")
        try takeColon()
        try skip(depth: depth + 1)
      }
    case UInt8(ascii: "["):
      try open("[", depth: depth)
      while try nextElement() { try skip(depth: depth + 1) }
    case UInt8(ascii: "\""): try skipText("a string")
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
    guard position == limit else { throw fault("text after the value") }
  }

  private var peek: UInt8? { position < limit ? bytes[position] : nil }

  private func fault(_ problem: String) -> JSONError {
    JSONError(problem: problem, offset: position - first)
  }

  /// What is wrong where a value of one kind must be: that there is another, or none.
  private func fault(for wanted: String, _ problem: String) -> JSONError {
    guard let found = kindOfNext else { return fault(problem) }
    return JSONError(
      problem: "\(found) where \(wanted) must be",
      offset: position - first, isOtherValue: true)
  }

  /// What comes next, by how it begins; nil where no value does so.
  private var kindOfNext: String? {
    guard let first = peek else { return nil }
    switch first {
    case UInt8(ascii: "{"): return "an object"
    case UInt8(ascii: "["): return "a list"
    case UInt8(ascii: "\""): return "a string"
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return "a number"
    default:
      return ["true", "false", "null"].first { bytes[position..<limit].starts(with: $0.utf8) }
    }
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
    guard bytes[position..<limit].starts(with: word.utf8) else { throw fault("unknown word") }
    position += word.utf8.count
    return value
  }

  private mutating func open(_ bracket: Unicode.Scalar, depth: Int) throws(JSONError) {
    guard depth < 200 else { throw fault("more than 200 levels") }
    guard take(bracket) else {
      throw fault(for: bracket == "{" ? "an object" : "a list", "expected '\(bracket)'")
    }
    isAtFirst = true
  }

  /// Enters an object, whose members `nextKey` goes through.
  package mutating func openObject() throws(JSONError) { try open("{", depth: 0) }

  /// The key of the next member, whose value is to be read next; nil behind the last one.
  package mutating func nextKey() throws(JSONError) -> String? {
    try nextMember() ? try key() : nil
  }

  /// The same for keys too many to be made strings of, which go behind other bytes.
  ///
  /// - Returns: whether there was a key.
  package mutating func nextKey(appendedTo text: inout [UInt8]) throws(JSONError) -> Bool {
    guard try nextMember() else { return false }
    try takeQuote(of: "a key")
    try string(appendedTo: &text)
    try takeColon()
    return true
  }

  /// Whether there is another member, whose key is to be read next.
  package mutating func nextMember() throws(JSONError) -> Bool { try isThereMore(before: "}") }

  /// Reads the key of a member, whose value is to be read next.
  package mutating func key() throws(JSONError) -> String {
    try takeQuote(of: "a key")
    let key = try string()
    try takeColon()
    return key
  }

  /// Passes over the key of a member if it is this one, written without escapes, and makes no string
  /// of it.
  package mutating func takeKey(_ expected: String) throws(JSONError) -> Bool {
    skipSpace()
    guard take(quoted: expected) else { return false }
    try takeColon()
    return true
  }

  /// Passes over a string if it is this one, written without escapes.
  package mutating func takeText(_ expected: String) -> Bool {
    skipSpace()
    return take(quoted: expected)
  }

  private mutating func take(quoted expected: String) -> Bool {
    let (first, quote) = (position + 1, UInt8(ascii: "\""))
    let last = first + expected.utf8.count
    guard peek == quote, last < limit, bytes[last] == quote else { return false }
    var expected = expected
    let isSame = expected.withUTF8 { expected in
      bytes.withUnsafeBufferPointer { bytes in
        guard let text = bytes.baseAddress, let key = expected.baseAddress else {
          return expected.isEmpty
        }
        return memcmp(text + first, key, expected.count) == 0
      }
    }
    // The quote at its end may be an escaped one, behind which the text goes on.
    guard isSame, plainEnd(from: first) == last else { return false }
    position = last + 1
    return true
  }

  private mutating func takeColon() throws(JSONError) {
    guard take(":") else { throw fault("expected ':'") }
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
    try takeQuote(of: "a string")
    return try string()
  }

  /// Reads a string and puts it behind other bytes.
  package mutating func text(appendedTo text: inout [UInt8]) throws(JSONError) {
    try takeQuote(of: "a string")
    try string(appendedTo: &text)
  }

  private mutating func skipText(_ what: String) throws(JSONError) {
    try takeQuote(of: what)
    position = plainEnd(from: position)
    if peek == UInt8(ascii: "\"") {
      position += 1
    } else {
      _ = try string()
    }
  }

  private mutating func takeQuote(of what: String) throws(JSONError) {
    guard take("\"") else {
      // A key can be nothing else.
      throw what == "a key" ? fault("expected a key") : fault(for: what, "expected \(what)")
    }
  }

  /// Reads a whole number.
  package mutating func whole() throws(JSONError) -> Int {
    skipSpace()
    let start = position
    if let value = shortWhole() { return value }
    position = start
    guard kindOfNext == "a number" else {
      throw fault(for: "a whole number", "expected a whole number")
    }
    guard case .integer(let value) = try number() else {
      position = start
      throw fault(for: "a whole number", "expected a whole number")
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
    guard isSound else {
      position = start
      throw fault("not a number")
    }
    if isWhole, let whole = whole(start..<position) { return .integer(whole) }
    let real = real(start..<position)
    guard real.isFinite else {
      position = start
      throw fault("not a number")
    }
    return .real(real)
  }

  /// A whole number of sound text; nil where it is too large.
  private func whole(_ range: Range<Int>) -> Int? {
    // So many digits cannot overflow.
    guard range.count <= 18 else {
      return Int(String(decoding: bytes[range], as: UTF8.self))
    }
    var whole = 0
    for byte in bytes[range] where byte != UInt8(ascii: "-") {
      whole = 10 * whole + Int(byte - UInt8(ascii: "0"))
    }
    return bytes[range.lowerBound] == UInt8(ascii: "-") ? -whole : whole
  }

  /// A number of sound text, rounded to the nearest double.
  private func real(_ range: Range<Int>) -> Double {
    let short = bytes.withUnsafeBufferPointer { ShortNumber.value(of: .init(rebasing: $0[range])) }
    if let short { return short }
    // As much as any number has that a program writes; strtod wants an end.
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: range.count + 1) { text in
      for (place, byte) in bytes[range].enumerated() { text[place] = CChar(bitPattern: byte) }
      text[range.count] = 0
      return text.baseAddress.map { strtod($0, nil) } ?? .nan
    }
  }

  /// Whether there is a digit; passes over all.
  private mutating func skipDigits() -> Bool {
    let start = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position > start
  }

  /// The first place that is no plain character of a string.
  private func plainEnd(from first: Int) -> Int {
    bytes.withUnsafeBufferPointer { bytes in
      var place = first
      while place < limit {
        let byte = bytes[place]
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
        place += 1
      }
      return place
    }
  }

  /// A string behind its quote.
  private mutating func string() throws(JSONError) -> String {
    let first = position
    position = plainEnd(from: first)
    if peek == UInt8(ascii: "\"") {
      let text = first..<position
      position += 1
      return bytes.withUnsafeBufferPointer {
        String(decoding: UnsafeBufferPointer(rebasing: $0[text]), as: UTF8.self)
      }
    }
    position = first
    var text: [UInt8] = []
    try string(appendedTo: &text)
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func string(appendedTo text: inout [UInt8]) throws(JSONError) {
    let first = position
    position = plainEnd(from: first)
    text.append(contentsOf: bytes[first..<position])
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
    guard (0xD800..<0xDC00).contains(high), bytes[position..<limit].starts(with: "\\u".utf8) else {
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
    guard position + 4 <= limit else { throw fault("short \\u escape") }
    let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    guard digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16) else {
      throw fault("bad \\u escape")
    }
    position += 4
    return value
  }
}
