// Metric values as people read them: 12.3 MiB, 4.10 M, 1.8234, 61.2 %.
// Files never hold these texts; they hold base units.

internal import Foundation
package import Statistics

extension Metric {
  /// A value for people.
  package func text(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    return scale(for: value).text(value)
  }

  /// The unit of the values in files; nil of plain numbers.
  package var unit: String? {
    switch format {
    case .bytes: name.hasSuffix("_per_s") ? "bytes/s" : "bytes"
    case .seconds: "s"
    case .percent: "%"
    case .scaled where name.hasSuffix("flops_per_s"): "FLOP/s"
    case .scaled where name.hasSuffix("tokens_per_s"): "tokens/s"
    case .scaled where name.hasSuffix("images_per_s"): "images/s"
    default:
      Self.trainingLosses.contains(self)
        ? "nats" : Self.textLosses.contains(self) ? "nats per token" : nil
    }
  }

  /// Those of trainings, per token or per image, whichever is read.
  private static let trainingLosses: Set<Metric> = [
    valLoss, bestValLoss, trainLoss, initialLoss, initialValLoss, zLoss,
  ]
  /// Those of texts alone.
  private static let textLosses: Set<Metric> = [
    decodeLoss, decodeLossChange, lossWithinLength, lossToTwice, lossToFourTimes, lossGrowth,
    textLoss,
  ]

  /// Unit, direction and certainty in words: `nats; lower is better; varies with the seed or
  /// time`.
  package var properties: String {
    let direction = better == .none ? nil : "\(better.rawValue) is better"
    let origin =
      switch certainty {
      case .analytic: "follows from the architecture"
      case .exact: "counted, the same each time"
      case .sampled: isTiming ? "varies with the machine's state" : "varies with the seed"
      }
    return [unit, direction, origin].compactMap(\.self).joined(separator: "; ")
  }

  /// A mean and its standard deviation in one unit, chosen by the mean: `12.3 ± 0.1 MiB`.
  package func text(_ mean: Double, sd: Double) -> String {
    guard mean.isFinite, sd.isFinite else { return text(mean) }
    let scale = scale(for: mean)
    return scale.text(mean, unit: false) + " ± " + scale.text(sd)
  }

  /// A difference with its sign: `-0.1290`, `+12.3 MiB`; of shares in per cent, in points.
  package func difference(_ value: Double) -> String {
    differenceScale(for: value).signed(value, unit: true)
  }

  /// The size of a difference: `0.0310`, `2.5 points`.
  package func distance(_ value: Double) -> String { differenceScale(for: value).text(abs(value)) }

  /// A difference and its interval in one unit: `-0.1290 [-0.1400, -0.1180]`.
  package func difference(_ value: Double, within interval: Interval) -> String {
    let largest = max(abs(value), max(abs(interval.low), abs(interval.high)))
    let scale = differenceScale(for: largest)
    let low = scale.signed(interval.low, unit: false)
    let high = scale.signed(interval.high, unit: false)
    return "\(scale.signed(value, unit: true)) [\(low), \(high)]"
  }

  private func differenceScale(for value: Double) -> Scale {
    if case .percent = format { return Scale(1, " points", 1) }
    return scale(for: value)
  }

  private func scale(for value: Double) -> Scale {
    switch format {
    // A loss of 222739426.3458 has run away: its decimals say nothing.
    case .decimals(let decimals) where abs(value) < 100_000: return Scale(1, "", decimals)
    case .count: return Scale(1, "", value == value.rounded() ? 0 : 1)
    case .percent: return Scale(1, " %", 1)
    case .scientific: return .scientific
    case .seconds: return Scale.seconds(abs(value))
    case .scaled, .decimals:
      return Scale.prefixed(
        abs(value), step: 1000, [" ", " k", " M", " G", " T", " P", " E", " Z", " Y"])
    case .bytes:
      return Scale.prefixed(
        abs(value), step: 1024,
        [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB", " ZiB", " YiB"])
    }
  }
}

/// A unit and a number of decimals for printing.
private struct Scale {
  let divisor: Double
  let unit: String
  let decimals: Int
  private var format = "%.*f"

  /// Such as 1.2e-07.
  static var scientific: Scale {
    var scale = Scale(1, "", 1)
    scale.format = "%.*e"
    return scale
  }

  init(_ divisor: Double, _ unit: String, _ decimals: Int) {
    self.divisor = divisor
    self.unit = unit
    self.decimals = decimals
  }

  func text(_ value: Double, unit: Bool = true) -> String {
    let text = String(format: format, decimals, value / divisor)
    return unit ? text + self.unit : text
  }

  // Minus zero is printed as zero: a sign would claim a direction.
  func signed(_ value: Double, unit: Bool) -> String {
    let text = text(value, unit: false)
    let isZero = text.allSatisfy { !("1"..."9").contains($0) }
    let magnitude = text.hasPrefix("-") ? String(text.dropFirst()) : text
    let sign = isZero ? "" : value > 0 ? "+" : "-"
    return sign + magnitude + (unit ? self.unit : "")
  }

  // Three significant figures, the smallest prefix that keeps the number below `step`.
  static func prefixed(_ value: Double, step: Double, _ units: [String]) -> Scale {
    var index = 0
    var divisor = 1.0
    // 999.5 prints as 1000, so it takes the next prefix already.
    while value / divisor >= step - 0.5, index + 1 < units.count {
      divisor *= step
      index += 1
    }
    let shown = value / divisor
    // Beyond all prefixes.
    if shown >= step { return .scientific }
    let isWhole = index == 0 && value == value.rounded()
    let unit = units[index] == " " ? "" : units[index]
    return Scale(divisor, unit, isWhole || shown >= 99.95 ? 0 : shown >= 9.995 ? 1 : 2)
  }

  static func seconds(_ value: Double) -> Scale {
    switch value {
    case ..<0.000_999_5: Scale(0.000_001, " µs", 1)
    case ..<0.999_5: Scale(0.001, " ms", 1)
    case ..<99.95: Scale(1, " s", 2)
    default: Scale(1, " s", 0)
    }
  }
}
