// An axis of a chart: from values to places between 0 and 1, and its ticks.

internal import Foundation
package import Records

/// An axis.
package struct ChartAxis: Equatable, Sendable {
  package struct Tick: Equatable, Sendable {
    package let value: Double
    package let text: String
  }

  /// What the values count, which says where ticks stand.
  package enum Unit: Sendable {
    case plain
    /// Whole things, which are told in full: steps.
    case count
    /// Tokens: whole, and mostly powers of two.
    case tokens
    case metric(Metric)

    fileprivate var isBinary: Bool {
      switch self {
      case .plain, .count: return false
      case .tokens: return true
      case .metric(let metric):
        if case .bytes = metric.format { return true }
        return false
      }
    }

    /// A text a tick, no two alike, and none zero that is not.
    fileprivate func texts(_ ticks: [Double], isLogarithmic: Bool) -> [String] {
      let usual = ticks.map { tick in
        switch self {
        case .metric(let metric): metric.tickText(tick)
        case .plain:
          // Decades have as many decimals as each needs, multiples of a step have all the same.
          isLogarithmic
            ? TickText.figures(tick)
            : TickText.plain(tick, step: TickText.step(at: tick, among: ticks))
        case .count, .tokens: tick.formattedCount
        }
      }
      return TickText.isClear(usual, of: ticks) ? usual : TickText.exact(ticks, in: base)
    }

    // The unit in which files hold the values.
    private var base: String {
      guard case .metric(let metric) = self else { return "" }
      return switch metric.format {
      case .bytes: " B"
      case .seconds: " s"
      case .percent: " %"
      default: ""
      }
    }
  }

  package let low: Double
  package let high: Double
  package let isLogarithmic: Bool
  package let ticks: [Tick]

  /// An axis around values; nil where none can be shown on it.
  ///
  /// - Parameters:
  ///   - isLogarithmic: whether equal ratios take equal room; then values above zero count only.
  ///   - fromZero: whether a linear axis begins at zero.
  ///   - padding: the share of the axis that is left free at each end.
  ///   - at: the places of the ticks where the values themselves are the best ones.
  package init?(
    _ values: [Double], unit: Unit, isLogarithmic: Bool = false, fromZero: Bool = false,
    padding: Double = 0.04, at places: [Double] = []
  ) {
    let shown = values.filter { $0.isFinite && (!isLogarithmic || $0 > 0) }
    guard var low = shown.min(), var high = shown.max() else { return nil }
    if isLogarithmic {
      if low == high { (low, high) = (low / 2, high * 2) }
      let room = pow(high / low, padding)
      (low, high) = (low / room, high * room)
    } else {
      if fromZero { (low, high) = (min(0, low), max(0, high)) }
      if low == high {
        let half = low == 0 ? 1 : abs(low) / 2
        (low, high) = (low - half, high + half)
      }
      let room = (high - low) * padding
      if !fromZero || low < 0 { low -= room }
      high += room
    }
    guard low.isFinite, high.isFinite, low < high else { return nil }
    self.low = low
    self.high = high
    self.isLogarithmic = isLogarithmic
    var found = Set(places).sorted().filter { $0 >= low && $0 <= high }
    if found.count < 2 || found.count > 8 {
      found =
        switch (isLogarithmic, unit.isBinary) {
        case (true, true): Ticks.powersOfTwo(low, high)
        case (true, false): Ticks.decades(low, high)
        case (false, true): Ticks.binary(low, high)
        case (false, false): Ticks.linear(low, high)
        }
    }
    ticks = zip(found, unit.texts(found, isLogarithmic: isLogarithmic)).map {
      Tick(value: $0, text: $1)
    }
  }

  /// Where a value stands, 0 at the low and 1 at the high end; nil where it has no place.
  package func place(_ value: Double) -> Double? {
    guard value.isFinite else { return nil }
    guard isLogarithmic else { return (value - low) / (high - low) }
    guard value > 0 else { return nil }
    return log(value / low) / log(high / low)
  }
}

extension Double {
  /// A whole number with thin spaces between thousands: `131 072`.
  var formattedCount: String {
    guard self == rounded(), abs(self) < 1e15 else { return TickText.plain(self, step: 0.01) }
    var text = ""
    for (index, digit) in String(Int(abs(self))).reversed().enumerated() {
      if index > 0, index % 3 == 0 { text.append("\u{2009}") }
      text.append(digit)
    }
    return (self < 0 ? "-" : "") + String(text.reversed())
  }
}

// Where the ticks of an axis stand: steps of 1, 2 or 5, decades, or powers of two.

/// Sensible places for ticks.
package enum Ticks {
  /// Multiples of 1, 2 or 5 times a power of ten within a range, about `count` of them.
  package static func linear(_ low: Double, _ high: Double, count: Int = 5) -> [Double] {
    guard low.isFinite, high.isFinite, high > low, count > 0 else { return [] }
    return multiples(of: step(high - low, count), low, high)
  }

  /// Multiples of a power of two within a range: for bytes and tokens.
  package static func binary(_ low: Double, _ high: Double, count: Int = 5) -> [Double] {
    guard low.isFinite, high.isFinite, high > low, count > 0 else { return [] }
    return multiples(of: exp2(ceil(log2((high - low) / Double(count)))), low, high)
  }

  /// Powers of ten within a range, with their 2 and 5 where there are few, thinned where there are
  /// many.
  package static func decades(_ low: Double, _ high: Double, count: Int = 6) -> [Double] {
    guard low > 0, high.isFinite, high > low else { return [] }
    let exponents = Array(Int(floor(log10(low)))...Int(ceil(log10(high))))
    func ticks(_ factors: [Double], every stride: Int) -> [Double] {
      let kept = exponents.filter { $0 % stride == 0 }
      let all = kept.flatMap { exponent -> [Double] in
        let power = pow(10, Double(exponent))
        return factors.map { $0 * power }
      }
      return all.filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }
    }
    for factors in [[1.0, 2, 5], [1, 3], [1]] {
      let found = ticks(factors, every: 1)
      if found.count <= count, found.count >= 2 { return found }
    }
    let few = ticks([1, 2, 5], every: 1)
    if few.count < 2 { return linear(low, high, count: 4).filter { $0 > 0 } }
    let span = exponents.count
    return ticks([1], every: max(1, (span + count - 1) / count))
  }

  /// Powers of two within a range, thinned to about `count`.
  package static func powersOfTwo(_ low: Double, _ high: Double, count: Int = 6) -> [Double] {
    guard low > 0, high.isFinite, high > low else { return [] }
    let first = Int(ceil(log2(low) - 1e-9))
    let last = Int(floor(log2(high) + 1e-9))
    let all = first <= last ? Array(first...last) : []
    var stride = 1
    while all.count / stride > count { stride += stride < 3 ? 1 : stride == 3 ? 2 : 5 }
    let ticks = all.filter { $0 % stride == 0 }.map { exp2(Double($0)) }
      .filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }
    return ticks.count < 2 ? binary(low, high, count: 4).filter { $0 > 0 } : ticks
  }

  private static func step(_ span: Double, _ count: Int) -> Double {
    let rough = span / Double(count)
    let power = pow(10, floor(log10(rough)))
    let lead = rough / power
    return power * (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10)
  }

  private static func multiples(of step: Double, _ low: Double, _ high: Double) -> [Double] {
    let first = ceil(low / step - 1e-9)
    let last = floor(high / step + 1e-9)
    guard last >= first, last - first < 100 else { return [] }
    return stride(from: first, through: last, by: 1).map { $0 == 0 ? 0 : $0 * step }
  }
}

// What stands at a tick: the metric's own text, shorter where its last decimals are zeros.

extension Metric {
  /// A tick's text: `1 MiB` rather than `1.00 MiB`.
  func tickText(_ value: Double) -> String {
    if case .seconds = format, value == 0 { return "0 s" }
    return TickText.shorten(text(value))
  }
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

  /// Four significant figures, for what no metric is.
  static func figures(_ value: Double) -> String {
    abs(value) >= 1e4 && abs(value) < 1e6
      ? value.rounded().formattedCount : String(format: "%.4g", value)
  }

  /// How far the nearest other tick is; for a single one its own size.
  static func step(at tick: Double, among ticks: [Double]) -> Double {
    ticks.filter { $0 != tick }.map { abs($0 - tick) }.min() ?? abs(tick)
  }

  /// Whether every text tells its tick from the others, and from zero.
  static func isClear(_ texts: [String], of ticks: [Double]) -> Bool {
    Set(texts).count == texts.count
      && zip(texts, ticks).allSatisfy { text, tick in
        tick == 0 || text.contains { ("1"..."9").contains($0) }
      }
  }

  /// As many significant figures as tell the ticks apart.
  static func exact(_ ticks: [Double], in unit: String) -> [String] {
    for figures in 2...15 {
      let texts = ticks.map { String(format: "%.*g", figures, $0) }
      if isClear(texts, of: ticks) { return texts.map { $0 + unit } }
    }
    return ticks.map { "\($0)\(unit)" }
  }

  /// Without the zeros at the end of its decimals.
  static func shorten(_ text: String) -> String {
    guard let point = text.firstIndex(of: ".") else { return text }
    let digits = text[text.index(after: point)...].prefix { $0.isNumber }
    let rest = text[digits.endIndex...]
    var kept = digits
    while kept.last == "0" { kept.removeLast() }
    return text[..<point] + (kept.isEmpty ? "" : "." + kept) + rest
  }
}
