// Decimal: numbers as their decimal digits, so that sums, products and quotients of what people
// write are what they expect: 0.1 * 3 is 0.3, and 1 / 3 * 3 is 1.

/// A decimal number or a quotient of two, exact while 128 bits hold its digits, else the nearest
/// double.
package struct Decimal: Sendable, Comparable {
  /// The value is numerator / denominator * 10^exponent; the denominator is above 0.
  private let numerator, denominator: Int128
  private let exponent: Int

  package init(_ whole: Int) { self.init(Int128(whole), 1, 0) }

  /// As many digits as 128 bits hold, whatever they are.
  package static let digitLimit = 38

  /// Decimal digits, none or more, times a power of ten; nil where too many of them are neither
  /// leading nor trailing zeros.
  init?(digits: String, exponent: Int) {
    let leading = digits.drop { $0 == "0" }
    let trailing = leading.reversed().prefix { $0 == "0" }.count
    let kept = leading.dropLast(trailing)
    guard kept.utf8.count <= Self.digitLimit else { return nil }
    self.init(Int128(kept) ?? 0, 1, exponent + trailing)
  }

  /// The number that people write for a double: its shortest decimal.
  package init(_ number: Double) {
    // Beyond the finite only the sign is kept.
    guard number.isFinite else {
      self.init(number.isNaN ? 0 : number < 0 ? -1 : 1, 1, 1000)
      return
    }
    let parts = number.description.split(separator: "e")
    let halves = parts[0].split(separator: ".")
    let fraction = halves.count > 1 ? halves[1] : ""
    let digits = Int128(String(halves[0] + fraction)) ?? 0
    self.init(digits, 1, (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) - fraction.utf8.count)
  }

  /// The number that a value is; nil for anything else.
  package init?(_ value: JSON) {
    switch value {
    case .integer(let number): self.init(number)
    case .real(let number): self.init(number)
    default: return nil
    }
  }

  private init(_ numerator: Int128, _ denominator: Int128, _ exponent: Int) {
    let common = max(1, Self.commonDivisor(numerator, denominator))
    var (numerator, denominator) = (numerator / common, denominator / common)
    var exponent = exponent
    while numerator != 0, numerator % 10 == 0 {
      (numerator, exponent) = (numerator / 10, exponent + 1)
    }
    while denominator % 10 == 0 { (denominator, exponent) = (denominator / 10, exponent - 1) }
    self.numerator = numerator
    self.denominator = denominator
    self.exponent = numerator == 0 ? 0 : exponent
  }

  /// The nearest double.
  package var double: Double {
    let digits = Double("\(numerator)e\(exponent)") ?? 0
    return denominator == 1 ? digits : digits / Double(denominator)
  }

  /// Whole where it is, as a value of an experiment file.
  package var value: JSON {
    if denominator == 1, exponent >= 0, let digits = Self.scaled(numerator, by: exponent),
      let whole = Int(exactly: digits)
    {
      return .integer(whole)
    }
    return .real(double)
  }

  // MARK: Arithmetic

  package static func + (left: Decimal, right: Decimal) -> Decimal {
    guard let (first, second, exponent) = aligned(left, right),
      let sum = combined(first, second, { $0.addingReportingOverflow($1) }),
      let denominator = product(left.denominator, right.denominator)
    else { return Decimal(left.double + right.double) }
    return Decimal(sum, denominator, exponent)
  }

  package static func - (left: Decimal, right: Decimal) -> Decimal { left + -right }

  package static prefix func - (number: Decimal) -> Decimal {
    // No numerator is Int128.min: none has more than 38 digits but by a product, which is then a
    // double.
    Decimal(0 - max(number.numerator, -.max), number.denominator, number.exponent)
  }

  package static func * (left: Decimal, right: Decimal) -> Decimal {
    guard let numerator = product(left.numerator, right.numerator),
      let denominator = product(left.denominator, right.denominator)
    else { return Decimal(left.double * right.double) }
    return Decimal(numerator, denominator, left.exponent + right.exponent)
  }

  /// The quotient; the divisor must not be 0.
  package static func / (left: Decimal, right: Decimal) -> Decimal {
    let sign: Int128 = right.numerator < 0 ? -1 : 1
    guard let inverse = product(right.denominator, sign), let size = product(right.numerator, sign),
      let numerator = product(left.numerator, inverse),
      let denominator = product(left.denominator, size)
    else { return Decimal(left.double / right.double) }
    return Decimal(numerator, denominator, left.exponent - right.exponent)
  }

  /// What is left of a whole number of divisors; it has the sign of the left side.
  package static func % (left: Decimal, right: Decimal) -> Decimal {
    let quotient = left / right
    let power = abs(quotient.exponent)
    let whole: Int128? =
      if quotient.exponent >= 0 {
        scaled(quotient.numerator, by: power).map { $0 / quotient.denominator }
      } else {
        // A divisor that does not fit is above any numerator.
        scaled(quotient.denominator, by: power).map { quotient.numerator / $0 } ?? 0
      }
    guard let whole else {
      return Decimal(left.double.truncatingRemainder(dividingBy: right.double))
    }
    return left - Decimal(whole, 1, 0) * right
  }

  package static func == (left: Decimal, right: Decimal) -> Bool { order(left, right) == 0 }
  package static func < (left: Decimal, right: Decimal) -> Bool { order(left, right) < 0 }

  /// Below, at or above 0 as the left side is below, at or above the right.
  private static func order(_ left: Decimal, _ right: Decimal) -> Int {
    if left.numerator.signum() != right.numerator.signum() || left.numerator == 0 {
      return Int(left.numerator.signum() - right.numerator.signum())
    }
    if let (first, second, _) = aligned(left, right) {
      return first < second ? -1 : first > second ? 1 : 0
    }
    let (first, second) = (left.double, right.double)
    return first < second ? -1 : first > second ? 1 : 0
  }

  // MARK: Whole numbers of 128 bits

  /// The numerators over one denominator and one power of ten; nil where they do not fit.
  private static func aligned(
    _ left: Decimal, _ right: Decimal
  ) -> (left: Int128, right: Int128, exponent: Int)? {
    let exponent = min(left.exponent, right.exponent)
    guard let first = product(left.numerator, right.denominator),
      let second = product(right.numerator, left.denominator),
      let left = scaled(first, by: left.exponent - exponent),
      let right = scaled(second, by: right.exponent - exponent)
    else { return nil }
    return (left, right, exponent)
  }

  private static func product(_ left: Int128, _ right: Int128) -> Int128? {
    combined(left, right) { $0.multipliedReportingOverflow(by: $1) }
  }

  private static func combined(
    _ left: Int128, _ right: Int128,
    _ combine: (Int128, Int128) -> (partialValue: Int128, overflow: Bool)
  ) -> Int128? {
    let (result, overflow) = combine(left, right)
    return overflow || result == .min ? nil : result
  }

  /// Digits with zeros appended; nil where they do not fit.
  private static func scaled(_ digits: Int128, by power: Int) -> Int128? {
    if digits == 0 { return 0 }
    guard power <= 38 else { return nil }
    var result: Int128? = digits
    for _ in 0..<power { result = result.flatMap { product($0, 10) } }
    return result
  }

  private static func commonDivisor(_ left: Int128, _ right: Int128) -> Int128 {
    var (left, right) = (left < 0 ? -left : left, right)
    while right != 0 { (left, right) = (right, left % right) }
    return left
  }
}
