// What an unquoted scalar is as a number or a boolean, and why it is none.
// Decimal only: `010`, `0x10`, `1_000` and `1:30` mean different things to different YAML readers.

enum Numeral {
  enum Outcome<Number> {
    case value(Number)
    /// Not this kind of value; a hint when it looks like one.
    case not(Fault.ValueHint?)
  }

  /// Whether the text looks like a number, well written or not.
  static func looksNumeric(_ text: String) -> Bool {
    if parts(text) != nil { return true }
    let odd: Outcome<Double> = oddNumber(text)
    if case .not(.some) = odd { return true }
    return false
  }

  static func integer(_ scalar: Scalar) -> Outcome<Int> {
    if scalar.isQuoted { return quoted(scalar, integer) }
    guard let parts = parts(scalar.text) else { return oddNumber(scalar.text) }
    if parts.hasLeadingZero { return .not(.leadingZero(write: parts.withoutLeadingZeros)) }
    if !parts.isWhole {
      guard let number = Double(scalar.text), let whole = Int(exactly: number) else {
        return .not(.notWhole(write: nil))
      }
      return .not(.notWhole(write: String(whole)))
    }
    return Int(scalar.text).map { .value($0) } ?? .not(.tooLarge)
  }

  static func double(_ scalar: Scalar) -> Outcome<Double> {
    if scalar.isQuoted { return quoted(scalar, double) }
    guard let parts = parts(scalar.text) else { return oddNumber(scalar.text) }
    if parts.hasLeadingZero { return .not(.leadingZero(write: parts.withoutLeadingZeros)) }
    // Swift reads neither `1.` nor `.5`, which YAML allows.
    guard let number = Double(parts.normalised) else { return .not(nil) }
    // No option tells -0.0 from 0.
    return number.isFinite ? .value(number == 0 ? 0 : number) : .not(.tooLarge)
  }

  /// The number with all its digits, within the range of doubles.
  static func decimal(_ scalar: Scalar) -> Outcome<Decimal> {
    switch double(scalar) {
    case .not(let hint): return .not(hint)
    case .value(let nearest):
      guard let parts = parts(scalar.text) else { return .not(nil) }
      let fraction = parts.fraction ?? ""
      guard
        let number = Decimal(
          digits: parts.whole + fraction,
          exponent: (parts.exponent.flatMap { Int($0) } ?? 0) - fraction.utf8.count)
      else { return .not(.tooManyDigits(limit: Decimal.digitLimit)) }
      if nearest == 0, number != Decimal(0) { return .not(.tooSmall) }
      return .value(parts.sign == "-" ? -number : number)
    }
  }

  static func boolean(_ scalar: Scalar) -> Outcome<Bool> {
    let word = scalar.text.lowercased()
    if scalar.isQuoted {
      return .not(word == "true" || word == "false" ? .quoted(write: word) : nil)
    }
    switch scalar.text {
    case "true": return .value(true)
    case "false": return .value(false)
    default: break
    }
    switch word {
    case "yes", "on", "y", "true", "1": return .not(.booleanWord(write: "true"))
    case "no", "off", "n", "false", "0": return .not(.booleanWord(write: "false"))
    default: return .not(nil)
    }
  }

  private static func quoted<Number>(
    _ scalar: Scalar, _ parse: (Scalar) -> Outcome<Number>
  ) -> Outcome<Number> {
    guard case .value = parse(Scalar(text: scalar.text)) else { return .not(nil) }
    return .not(.quoted(write: scalar.text))
  }

  /// A decimal number cut into sign, digits, fraction and exponent.
  private struct Parts {
    var sign = ""
    var whole = ""
    var fraction: String?
    var exponent: String?

    var isWhole: Bool { fraction == nil && exponent == nil }
    var hasLeadingZero: Bool { whole.count > 1 && whole.first == "0" }

    var withoutLeadingZeros: String {
      let digits = whole.drop { $0 == "0" }
      return sign + (digits.isEmpty ? "0" : digits) + (fraction.map { "." + $0 } ?? "")
        + (exponent.map { "e" + $0 } ?? "")
    }

    var normalised: String {
      let fraction = fraction.map { $0.isEmpty ? "0" : $0 } ?? "0"
      return "\(sign)\(whole.isEmpty ? "0" : whole).\(fraction)e\(exponent ?? "0")"
    }
  }

  private static func parts(_ text: String) -> Parts? {
    var rest = Substring(text)
    var parts = Parts()
    if let sign = rest.first, sign == "+" || sign == "-" { parts.sign = String(rest.removeFirst()) }
    parts.whole = digits(&rest)
    if rest.first == "." {
      rest.removeFirst()
      parts.fraction = digits(&rest)
    }
    if parts.whole.isEmpty && (parts.fraction ?? "").isEmpty { return nil }
    if rest.first == "e" || rest.first == "E" {
      rest.removeFirst()
      var sign = ""
      if let first = rest.first, first == "+" || first == "-" { sign = String(rest.removeFirst()) }
      let exponent = digits(&rest)
      if exponent.isEmpty { return nil }
      parts.exponent = sign + exponent
    }
    return rest.isEmpty ? parts : nil
  }

  private static func digits(_ rest: inout Substring) -> String {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest[digits.endIndex...]
    return String(digits)
  }

  /// Numbers that other readers of YAML accept and we do not, with what to write instead.
  private static func oddNumber<Number>(_ text: String) -> Outcome<Number> {
    let lower = text.lowercased()
    let unsigned = lower.drop { $0 == "+" || $0 == "-" }
    if [".inf", ".nan", "inf", "nan", "infinity"].contains(String(unsigned)) {
      return .not(.notFinite)
    }
    let sign = lower.first == "-" ? "-" : ""
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where unsigned.hasPrefix(prefix) {
      let digits = unsigned.dropFirst(2).filter { $0 != "_" }
      guard let number = Int(digits, radix: radix) else { return .not(nil) }
      return .not(.otherBase(write: sign + String(number)))
    }
    if unsigned.contains("_"), let first = unsigned.first, first.isASCII, first.isNumber {
      let plain = lower.filter { $0 != "_" }
      return .not(parts(plain) == nil ? nil : .underscore(write: plain))
    }
    if unsigned.contains(":") {
      var total = 0
      for part in unsigned.split(separator: ":", omittingEmptySubsequences: false) {
        guard let number = Int(part), (0...99_999).contains(number), total < 1 << 40 else {
          return .not(nil)
        }
        total = total * 60 + number
      }
      return .not(.sexagesimal(write: sign + String(total)))
    }
    return .not(nil)
  }
}
