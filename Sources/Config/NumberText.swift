// Numbers as text for machines: the shortest decimal that reads back as the same double, always
// with a fraction: a column of reals never looks like one of integers, and `1e-05` is no number to
// YAML 1.1 (PyYAML).

extension Float {
  /// The number that its shortest text stands for: 1e-6, where `Double(self)` is
  /// 9.999999974752427e-07.
  package var written: Double { Double(description) ?? Double(self) }
}

/// The text of numbers in JSON, CSV and YAML files.
package enum NumberText {
  /// The shortest round-trip decimal with a fraction (`1.0`, `1.0e-05`); nil for NaN and
  /// infinities.
  package static func real(_ value: Double) -> String? {
    guard value.isFinite else { return nil }
    var text = value.description
    // Most have one, near the front.
    let hasPoint = text.withUTF8 { $0.contains(UInt8(ascii: ".")) }
    guard !hasPoint, let exponent = text.utf8.firstIndex(of: UInt8(ascii: "e")) else {
      return text
    }
    return text[..<exponent] + ".0" + text[exponent...]
  }

  /// A whole number where the value is one that a double holds exactly, else as `real`.
  package static func integer(_ value: Double) -> String? {
    guard let whole = Int(exactly: value), abs(value) <= 9_007_199_254_740_992 else {
      return real(value)
    }
    return String(whole)
  }
}
