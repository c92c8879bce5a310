// JSONPassing: goes over JSON values that nobody asks for, of which a large plan has most. What is
// not plain it leaves to JSONReader, which also says what is wrong with it.

/// A place in a JSON text that moves on over whole values.
struct JSONPassing {
  /// Values that lie deeper are not plain.
  private static let deepest = 100
  /// Digits, and those of an exponent, of a number that is surely finite.
  private static let (mostDigits, mostOfExponent) = (100, 2)

  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var place: Int

  /// - Parameter bytes: end where the text ends.
  init(_ bytes: UnsafeBufferPointer<UInt8>, at place: Int) {
    (self.bytes, self.place) = (bytes, place)
  }

  /// Passes over a value.
  ///
  /// - Returns: whether it is sound and plain: without escapes, not too deep, its numbers short.
  ///   After any other the place means nothing.
  mutating func passValue(depth: Int = 0) -> Bool {
    skipSpace()
    switch peek {
    case UInt8(ascii: "{"): return depth < Self.deepest && passMembers(depth: depth)
    case UInt8(ascii: "["): return depth < Self.deepest && passElements(depth: depth)
    case UInt8(ascii: "\""): return passString()
    case UInt8(ascii: "t"): return passWord("true")
    case UInt8(ascii: "f"): return passWord("false")
    case UInt8(ascii: "n"): return passWord("null")
    default: return passNumber()
    }
  }

  /// The next byte; 0, which no value has outside of a string, at the end.
  private var peek: UInt8 { place < bytes.count ? bytes[place] : 0 }

  private mutating func skipSpace() {
    while peek == 0x20 || peek == 0x0A || peek == 0x0D || peek == 0x09 { place += 1 }
  }

  /// Whether a character comes next, behind space.
  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func passMembers(depth: Int) -> Bool {
    place += 1
    if take("}") { return true }
    repeat {
      skipSpace()
      guard passString(), take(":"), passValue(depth: depth + 1) else { return false }
    } while take(",")
    return take("}")
  }

  private mutating func passElements(depth: Int) -> Bool {
    place += 1
    if take("]") { return true }
    repeat {
      guard passValue(depth: depth + 1) else { return false }
    } while take(",")
    return take("]")
  }

  private mutating func passString() -> Bool {
    guard peek == UInt8(ascii: "\"") else { return false }
    place += 1
    while place < bytes.count {
      let byte = bytes[place]
      if byte == UInt8(ascii: "\"") {
        place += 1
        return true
      }
      if byte == UInt8(ascii: "\\") || byte < 0x20 { return false }
      place += 1
    }
    return false
  }

  private mutating func passWord(_ word: StaticString) -> Bool {
    let end = place + word.utf8CodeUnitCount
    guard end <= bytes.count else { return false }
    for offset in 0..<word.utf8CodeUnitCount
    where bytes[place + offset] != word.utf8Start[offset] { return false }
    place = end
    return true
  }

  private mutating func passNumber() -> Bool {
    if peek == UInt8(ascii: "-") { place += 1 }
    let first = peek
    let whole = passDigits()
    guard whole == 1 || whole > 1 && first != UInt8(ascii: "0") else { return false }
    if peek == UInt8(ascii: ".") {
      place += 1
      guard passDigits() > 0 else { return false }
    }
    if peek | 0x20 == UInt8(ascii: "e") {
      place += 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { place += 1 }
      guard (1...Self.mostOfExponent).contains(passDigits()) else { return false }
    }
    return whole <= Self.mostDigits
  }

  /// Passes over digits, and counts them.
  private mutating func passDigits() -> Int {
    let first = place
    while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(peek) { place += 1 }
    return place - first
  }
}
