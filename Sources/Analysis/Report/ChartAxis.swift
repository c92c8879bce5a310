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

    fileprivate func text(_ value: Double, step: Double) -> String {
      switch self {
      case .metric(let metric): metric.tickText(value)
      case .plain: TickText.plain(value, step: step)
      case .count, .tokens: value.formattedCount
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
    let step = found.count > 1 && !isLogarithmic ? found[1] - found[0] : found.first ?? 1
    ticks = found.map {
      Tick(value: $0, text: unit.text($0, step: isLogarithmic ? abs($0) : step))
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
