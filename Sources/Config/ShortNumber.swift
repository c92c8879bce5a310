// ShortNumber: decimal numbers of few digits, of which a large run's files are full, without the C
// library's long way.

enum ShortNumber {
  /// All that doubles hold exactly.
  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
    1e18, 1e19, 1e20, 1e21, 1e22,
  ]
  /// Whole numbers up to here are doubles.
  private static let largest: UInt64 = 1 << 53

  /// The double nearest to a sound number; nil where finding it takes more than one operation.
  ///
  /// Digits and power of ten are exact, so that their product or quotient is rounded once.
  static func value(of text: UnsafeBufferPointer<UInt8>) -> Double? {
    var digits: UInt64 = 0
    var exponent = 0
    var (isNegative, isBehindPoint) = (false, false)
    var place = 0
    scan: while place < text.count {
      let byte = text[place]
      place += 1
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        guard digits <= largest / 10 else { return nil }
        digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
        if isBehindPoint { exponent -= 1 }
      case UInt8(ascii: "-"): isNegative = true
      case UInt8(ascii: "."): isBehindPoint = true
      default: break scan
      }
    }
    // Behind the letter, if there is one.
    var (power, isDivided) = (0, false)
    while place < text.count {
      let byte = text[place]
      place += 1
      if byte == UInt8(ascii: "-") { isDivided = true }
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { continue }
      guard power < 100 else { return nil }
      power = power * 10 + Int(byte - UInt8(ascii: "0"))
    }
    exponent += isDivided ? -power : power
    guard digits <= largest, abs(exponent) < powersOfTen.count else { return nil }
    let scale = powersOfTen[abs(exponent)]
    let size = exponent < 0 ? Double(digits) / scale : Double(digits) * scale
    return isNegative ? -size : size
  }
}
