// ExpectedBound: what an experiment file expects of a metric, and whether a value keeps to it.

package import Config

/// What a value is to be: below or above a number, or between two.
package struct MetricBound: Equatable, Sendable {
  private let lower, upper: Double?
  private let isStrict: Bool
  /// As it is shown: `< 1.92`, `1.8..1.92`.
  package let text: String

  package static let expected = "a bound such as '< 1.92', '>= 0.5' or '1.8..1.92'"

  /// Reads `< 1.92`, `<= 1.92`, `> 0.5`, `>= 0.5` or `1.8..1.92`, whose ends belong to it; nil for
  /// anything else.
  package init?(_ text: String) {
    let parts = text.filter { $0 != " " }
    if let dots = parts.firstRange(of: "..") {
      guard let lower = Self.number(parts[..<dots.lowerBound]),
        let upper = Self.number(parts[dots.upperBound...]), lower <= upper
      else { return nil }
      (self.lower, self.upper, isStrict) = (lower, upper, false)
      self.text = parts
      return
    }
    let sign = String(parts.prefix { "<>=".contains($0) })
    guard ["<", "<=", ">", ">="].contains(sign),
      let limit = Self.number(parts.dropFirst(sign.count))
    else { return nil }
    let isUpper = sign.hasPrefix("<")
    (lower, upper) = (isUpper ? nil : limit, isUpper ? limit : nil)
    isStrict = sign.count == 1
    self.text = "\(sign) \(parts.dropFirst(sign.count))"
  }

  package func allows(_ value: Double) -> Bool {
    let room = room(of: value)
    return isStrict ? room > 0 : room >= 0
  }

  /// How far a value is from the nearer end; below 0 where it is beyond it.
  package func room(of value: Double) -> Double {
    min(upper.map { $0 - value } ?? .infinity, lower.map { value - $0 } ?? .infinity)
  }

  private static func number(_ text: Substring) -> Double? {
    Scalar(text: String(text)).decimal.value?.double
  }
}

/// One bound of an experiment, as its record keeps it.
package struct ExpectedBound: Equatable, Sendable, Record {
  package var metric = ""
  /// The only variant that it is expected of; nil for all.
  package var variant: String?
  /// As `MetricBound` reads it.
  package var bound = ""

  package init() {}

  package init(metric: String, variant: String?, bound: String) {
    self.metric = metric
    self.variant = variant
    self.bound = bound
  }

  package static var fields: [Field<Self>] {
    [
      Field("metric", \.metric, isRequired: true), Field("variant", \.variant),
      Field("bound", \.bound, isRequired: true),
    ]
  }
}

extension [ExpectedBound] {
  /// The bounds as a file has them: those of all variants, then those of one.
  package var members: [JSON.Member] {
    map(\.variant).unique.flatMap { variant -> [JSON.Member] in
      let bounds = filter { $0.variant == variant }.map {
        JSON.Member($0.metric, .string($0.bound))
      }
      return variant.map { [JSON.Member($0, .object(bounds))] } ?? bounds
    }
  }
}
