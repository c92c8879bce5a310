// What stands at a tick: the metric's own text, shorter where its last decimals are zeros.

internal import Foundation
import Records

extension Metric {
  /// A tick's text: `1 MiB` rather than `1.00 MiB`.
  func tickText(_ value: Double) -> String { TickText.shorten(text(value)) }
}

enum TickText {
  /// A number with as many decimals as its neighbours need.
  static func plain(_ value: Double, step: Double) -> String {
    guard value != 0 else { return "0" }
    if abs(value) >= 1_000_000 || abs(value) < 0.0001 {
      return shorten(String(format: "%.1e", value))
    }
    let decimals = step >= 1 ? 0 : min(6, Int(ceil(-log10(step) - 1e-9)))
    return String(format: "%.*f", decimals, value)
  }

  /// Seconds with three significant figures at most.
  static func shorten(_ text: String) -> String {
    guard let point = text.firstIndex(of: ".") else { return text }
    let digits = text[text.index(after: point)...].prefix { $0.isNumber }
    let rest = text[digits.endIndex...]
    var kept = digits
    while kept.last == "0" { kept.removeLast() }
    return text[..<point] + (kept.isEmpty ? "" : "." + kept) + rest
  }
}
