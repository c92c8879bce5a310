// Allowed ranges of numeric options, closed or open at either end, and how they read in a sentence.

/// What a numeric option may be: `1...1024`, `1...`, or with exclusive ends `Bounds.above(0)`.
package protocol AllowedRange<Number> {
  associatedtype Number: BoundedNumber
  var bounds: Bounds<Number> { get }
}

/// A number that an option can have.
package protocol BoundedNumber: Comparable, Sendable, Hashable {
  var value: JSON { get }
  /// As in a sentence: `10`, `0.001`.
  var text: String { get }
  /// What a 32-bit float makes of a number that it cannot stand for; nil where it can.
  func roundedAway(_ bounds: Bounds<Self>) -> String?
  /// The number for a part of another one.
  init(portion: Decimal)
}

extension Int: BoundedNumber {
  package func roundedAway(_ bounds: Bounds<Int>) -> String? { nil }
  /// Rounded up, so that no part of something is nothing.
  package init(portion: Decimal) {
    let whole = Int(exactly: portion.double.rounded(.down)) ?? .max
    self = Decimal(whole) < portion ? whole + 1 : whole
  }
  package var value: JSON { .integer(self) }
  package var text: String { String(self) }
}

extension Double: BoundedNumber {
  /// Kernels compute in 32-bit floats, in which a number may be 0, infinite, or at an end that is
  /// excluded.
  package func roundedAway(_ bounds: Bounds<Double>) -> String? {
    let single = Double(Float(self))
    if single.isInfinite { return self < 0 ? "minus infinity" : "infinity" }
    return single == 0 && self != 0 || !bounds.contains(excluded: single) ? single.text : nil
  }

  /// 0 where a 32-bit float, which kernels compute in, has nothing as small.
  package init(portion: Decimal) {
    let number = portion.double
    self = Float(number) == 0 ? 0 : number
  }

  package var value: JSON { .real(self) }
  package var text: String {
    if let whole = Int(exactly: self), abs(whole) < 1 << 53 { return String(whole) }
    return description
  }
}

/// Lower and upper ends of an allowed range, each inclusive or exclusive, each optional.
package struct Bounds<Number: BoundedNumber>: AllowedRange, Sendable, Hashable {
  package var lower: Number?
  package var upper: Number?
  package var excludesLower = false
  package var excludesUpper = false

  package var bounds: Bounds { self }

  /// Every finite number.
  package static var any: Bounds { Bounds() }

  /// Strictly above a value.
  package static func above(_ lower: Number) -> Bounds {
    Bounds(lower: lower, excludesLower: true)
  }

  /// Strictly above one value, at most another.
  package static func above(_ lower: Number, through upper: Number) -> Bounds {
    Bounds(lower: lower, upper: upper, excludesLower: true)
  }

  /// Strictly between two values.
  package static func above(_ lower: Number, below upper: Number) -> Bounds {
    Bounds(lower: lower, upper: upper, excludesLower: true, excludesUpper: true)
  }

  /// Whether a number is within the ends that are excluded, whatever the others say.
  func contains(excluded number: Number) -> Bool {
    if let lower, excludesLower, number <= lower { return false }
    if let upper, excludesUpper, number >= upper { return false }
    return true
  }

  func contains(_ number: Number) -> Bool {
    if let lower, excludesLower ? number <= lower : number < lower { return false }
    if let upper, excludesUpper ? number >= upper : number > upper { return false }
    return true
  }

  /// "from 1 to 1024", "at least 1", "above 0 and at most 1"; nil when all is allowed.
  package var text: String? {
    if let lower, let upper, !excludesLower, !excludesUpper {
      return "from \(lower.text) to \(upper.text)"
    }
    let ends = [
      lower.map { (excludesLower ? "above " : "at least ") + $0.text },
      upper.map { (excludesUpper ? "below " : "at most ") + $0.text },
    ].compactMap(\.self)
    return ends.isEmpty ? nil : ends.joined(separator: " and ")
  }

  /// The keywords of JSON Schema that say the same.
  package var schema: [JSON.Member] {
    var fields: [JSON.Member] = []
    if let lower {
      fields.append(JSON.Member(excludesLower ? "exclusiveMinimum" : "minimum", lower.value))
    }
    if let upper {
      fields.append(JSON.Member(excludesUpper ? "exclusiveMaximum" : "maximum", upper.value))
    }
    return fields
  }
}

extension ClosedRange: AllowedRange where Bound: BoundedNumber {
  package typealias Number = Bound
  package var bounds: Bounds<Bound> { Bounds(lower: lowerBound, upper: upperBound) }
}

extension Range: AllowedRange where Bound: BoundedNumber {
  package typealias Number = Bound
  package var bounds: Bounds<Bound> {
    Bounds(lower: lowerBound, upper: upperBound, excludesUpper: true)
  }
}

extension PartialRangeFrom: AllowedRange where Bound: BoundedNumber {
  package typealias Number = Bound
  package var bounds: Bounds<Bound> { Bounds(lower: lowerBound) }
}

extension PartialRangeThrough: AllowedRange where Bound: BoundedNumber {
  package typealias Number = Bound
  package var bounds: Bounds<Bound> { Bounds(upper: upperBound) }
}
