// Decimal: a number as its decimal digits, so that sums and products of what people write are what they expect.

/// A decimal number, digits times a power of ten; exact while its digits fit 64 bits.
struct Decimal {
  private let digits: Int
  private let exponent: Int

  init(digits: Int, exponent: Int) {
    var (digits, exponent) = (digits, exponent)
    while digits != 0, digits % 10 == 0 { (digits, exponent) = (digits / 10, exponent + 1) }
    self.digits = digits
    self.exponent = digits == 0 ? 0 : exponent
  }

  /// A number as it is written, which must be one; nil where it has too many digits.
  init?(_ text: String) {
    let parts = text.lowercased().split(separator: "e", maxSplits: 1)
    guard let mantissa = parts.first, parts.count == 1 || Int(parts[1]) != nil else { return nil }
    let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let halves = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = halves.count > 1 ? halves[1] : ""
    guard let digits = Int(String(halves[0]) + fraction), abs(power) < 1000 else { return nil }
    self.init(digits: digits, exponent: power - fraction.utf8.count)
  }

  private init(_ value: Double) {
    // Beyond 64 bits the nearest double has to do; its shortest text is its digits.
    if let exact = Decimal(value.description) {
      self = exact
    } else {
      self.init(digits: value < 0 ? .min + 1 : .max, exponent: 1000)
    }
  }

  var value: Double { Double("\(digits)e\(exponent)") ?? .infinity }

  /// As people write it: `128`, `0.25`, `1e-05`.
  var text: String {
    if exponent >= 0, let whole = Self.scaled(digits, by: exponent) { return String(whole) }
    return value.description
  }

  static func + (left: Decimal, right: Decimal) -> Decimal {
    let exponent = min(left.exponent, right.exponent)
    if let first = scaled(left.digits, by: left.exponent - exponent),
      let second = scaled(right.digits, by: right.exponent - exponent)
    {
      let (sum, overflow) = first.addingReportingOverflow(second)
      if !overflow { return Decimal(digits: sum, exponent: exponent) }
    }
    return Decimal(left.value + right.value)
  }

  static func * (left: Decimal, right: Decimal) -> Decimal {
    let (product, overflow) = left.digits.multipliedReportingOverflow(by: right.digits)
    if !overflow { return Decimal(digits: product, exponent: left.exponent + right.exponent) }
    return Decimal(left.value * right.value)
  }

  /// Digits with zeros appended; nil where they do not fit.
  private static func scaled(_ digits: Int, by power: Int) -> Int? {
    if digits == 0 { return 0 }
    guard power <= 18 else { return nil }
    var result = digits
    for _ in 0..<power {
      let (next, overflow) = result.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      result = next
    }
    return result
  }
}
