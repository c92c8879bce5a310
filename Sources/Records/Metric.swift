// What a metric is: its name with the unit in it, what it means, which way is better, how sure
// it is, and how people read it. The list of all metrics is in Metric+All.swift.

package import Config

/// A quantity that a cell reports.
package struct Metric: Hashable, Sendable {
  /// Which direction is an improvement.
  package enum Better: String, Sendable {
    case lower, higher
    /// The quantity describes a cell and is no merit in itself.
    case none
  }

  /// Where a value comes from, and so what one run of it is worth.
  package enum Certainty: String, Sendable {
    /// Follows from the architecture; known before anything runs, the same for every seed.
    case analytic
    /// Counted; the same whenever the same cell runs to its end.
    case exact
    /// Varies with seed or time; one value is one sample.
    case sampled
  }

  /// How a value is printed for people; files always hold plain base units.
  package enum Format: Sendable {
    /// A real number with so many decimals: 1.823.
    case decimals(Int)
    /// A whole number: 2.
    case count
    /// A large number with a decimal prefix: 4.10 M.
    case scaled
    /// Bytes with a binary prefix: 12.3 MiB.
    case bytes
    /// Seconds: 0.812 s, 3 min 20 s.
    case seconds
    /// A very small number: 1.2e-07.
    case scientific
    /// Per cent, given as 0 to 100: 61.2 %.
    case percent
  }

  /// The column's name, with the unit where there is one: `tokens_per_s`.
  package let name: String
  /// One sentence for docs/results.md.
  package let meaning: String
  package let better: Better
  package let certainty: Certainty
  package let format: Format
  /// Whether values are whole numbers, written without a fraction.
  package let isWhole: Bool

  /// Whether equal cells give equal values, so that two values compare without statistics.
  package var isExact: Bool { certainty != .sampled }

  package init(
    _ name: String, _ meaning: String, better: Better, _ certainty: Certainty, as format: Format,
    whole: Bool = false
  ) {
    self.name = name
    self.meaning = meaning
    self.better = better
    self.certainty = certainty
    self.format = format
    isWhole = whole
  }

  /// The text of a value for CSV and JSON; nil where it is not finite.
  package func fileText(_ value: Double) -> String? {
    isWhole ? NumberText.integer(value) : NumberText.real(value)
  }

  /// The JSON of a value: whole where the metric is, null where it is not finite.
  package func json(_ value: Double?) -> JSON {
    guard let value, value.isFinite else { return .null }
    if isWhole, let whole = Int(exactly: value) { return .integer(whole) }
    return .real(value)
  }

  package static func == (left: Metric, right: Metric) -> Bool { left.name == right.name }

  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Metric {
  /// Whether it is a time, a rate or a share of a measured peak, and so differs when the same cell runs again.
  package var isTiming: Bool { restsOnClock && predicts == nil }

  /// Whether the same cell gives the same bits each time it runs.
  ///
  /// Losses are sampled, over seeds, and yet a cell with its seed has always the same. What rests on the clock, the
  /// number of repetitions within a time, and what the system says of the process have not.
  package var isRepeatable: Bool {
    isExact || !(restsOnClock || self == .repeats || self == .peakResidentBytes)
  }

  /// Whether it is measured in time, or worked out from a peak that is.
  private var restsOnClock: Bool {
    guard certainty == .sampled else { return false }
    return name == "seconds" || name.hasSuffix("_seconds") || name.hasSuffix("_per_s")
      || name.hasSuffix("peak_percent") || name == Metric.bandwidthPercent.name
  }
}
