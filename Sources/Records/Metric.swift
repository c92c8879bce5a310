// What a metric is: its name with the unit in it, what it means, which way is better, how sure
// it is, and how people read it. The list of all metrics is in Metric+All.swift.

package import Config
internal import Foundation
internal import Synchronization

/// A quantity that a cell reports.
///
/// It points to what it is, which is never freed: large runs hand on millions of metrics, by several
/// threads, and none of them counts references.
package struct Metric: Hashable, @unchecked Sendable {
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
  package enum Format: Hashable, Sendable {
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

  private struct Definition: Hashable, Sendable {
    let name, meaning: String
    let better: Better
    let certainty: Certainty
    let format: Format
    let isWhole: Bool
    /// Whether it is measured in time, or worked out from a peak that is.
    let restsOnClock: Bool

    init(
      _ name: String, _ meaning: String, _ better: Better, _ certainty: Certainty,
      _ format: Format, _ isWhole: Bool
    ) {
      (self.name, self.meaning, self.better) = (name, meaning, better)
      (self.certainty, self.format, self.isWhole) = (certainty, format, isWhole)
      restsOnClock =
        certainty == .sampled
        && (name == "seconds" || name == "bandwidth_percent"
          || ["_seconds", "_per_s", "peak_percent"].contains { name.hasSuffix($0) })
    }
  }

  /// The metrics that were made so far; each is made once.
  private static let made = Mutex<[Definition: Metric]>([:])

  private let definition: UnsafePointer<Definition>
  /// Of the name.
  private let hash: Int

  /// The column's name, with the unit where there is one: `tokens_per_s`.
  package var name: String { definition.pointee.name }
  /// One sentence for docs/results.md.
  package var meaning: String { definition.pointee.meaning }
  package var better: Better { definition.pointee.better }
  package var certainty: Certainty { definition.pointee.certainty }
  package var format: Format { definition.pointee.format }
  /// Whether values are whole numbers, written without a fraction.
  package var isWhole: Bool { definition.pointee.isWhole }

  /// Whether equal cells give equal values, so that two values compare without statistics.
  package var isExact: Bool { certainty != .sampled }

  package init(
    _ name: String, _ meaning: String, better: Better, _ certainty: Certainty, as format: Format,
    whole: Bool = false
  ) {
    let definition = Definition(name, meaning, better, certainty, format, whole)
    self = Self.made.withLock { made in
      if let known = made[definition] { return known }
      let metric = Metric(keeping: definition)
      made[definition] = metric
      return metric
    }
  }

  private init(keeping definition: Definition) {
    let place = UnsafeMutablePointer<Definition>.allocate(capacity: 1)
    place.initialize(to: definition)
    self.definition = UnsafePointer(place)
    hash = definition.name.hashValue
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

  package static func == (left: Metric, right: Metric) -> Bool {
    left.hash == right.hash
      && (left.definition == right.definition || left.name == right.name)
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension Metric {
  /// What it may be at most where a property holds, and the question that this answers; nil for
  /// what has no bound.
  ///
  /// A bound is kept or it is not: no test is needed, and less is no better.
  package var bound: (most: Metric, question: String)? {
    self == .relativeError
      ? (.relativeErrorBound, "Do scores depend on the distance of two tokens alone?") : nil
  }

  /// The fact that says why a cell has no value of it; nil where none does.
  package var absenceFact: String? {
    if [.lossToTwice, .lossToFourTimes, .lossGrowth].contains(self) { return "extrapolation_note" }
    return Self.resolution.contains(self) ? "resolution_note" : nil
  }

  /// All such facts.
  package static let absenceFacts = all.compactMap(\.absenceFact).unique

  /// Whether it is the difference of two values, so that zero is no lower end and a ratio says
  /// nothing.
  package var isDifference: Bool {
    [.decodeLossChange, .lossGrowth, .accuracyLoss].contains(self)
  }

  /// Whether it is a time, a rate or a share of a measured peak, and so differs when the same cell
  /// runs again.
  package var isTiming: Bool { restsOnClock && predicts == nil }

  /// Whether the same cell gives the same bits each time it runs.
  ///
  /// Losses are sampled, over seeds, and yet a cell with its seed has always the same. What rests
  /// on the clock, the number of repetitions within a time, and what the system says of the process
  /// have not.
  package var isRepeatable: Bool {
    isExact || !(restsOnClock || self == .repeats || self == .peakResidentBytes)
  }

  private var restsOnClock: Bool { definition.pointee.restsOnClock }
}

// The metric values of one cell. A missing value is absent, a NaN or infinity is absent too but
// remembered by name, so that a diverged run tells what it met without poisoning its files.

/// Values by metric, in the order of `Metric.all`.
package struct MetricValues: Equatable, Sendable, JSONRepresentable {
  // In the order in which they were set, which is mostly that of `Metric.all`. There are some
  // dozens, and going through them is faster than any dictionary.
  private var keys: [Metric] = []
  /// What was set of each, finite or not.
  private var values: [Double] = []

  package init() {}

  /// Whether nothing was set, finite or not.
  package var isEmpty: Bool { keys.isEmpty }

  /// Keeps the list of metrics in one place of memory with another row's, where it is the same.
  mutating func share(with other: MetricValues) {
    if keys == other.keys { keys = other.keys }
  }

  /// The value of a metric, nil where missing or not finite; setting NaN leaves a marker.
  package subscript(metric: Metric) -> Double? {
    get {
      guard let place = place(of: metric), values[place].isFinite else { return nil }
      return values[place]
    }
    set {
      switch (place(of: metric), newValue) {
      case (let place?, let value?): values[place] = value
      case (let place?, nil):
        keys.remove(at: place)
        values.remove(at: place)
      case (nil, let value?):
        keys.append(metric)
        values.append(value)
      case (nil, nil): break
      }
    }
  }

  private func place(of metric: Metric) -> Int? { keys.firstIndex(of: metric) }

  package static func == (left: MetricValues, right: MetricValues) -> Bool {
    left.keys.count == right.keys.count
      && zip(left.keys, left.values).allSatisfy { metric, value in
        right.place(of: metric).map { place in
          let other = right.values[place]
          return value == other || value.isNaN && other.isNaN
        } ?? false
      }
  }

  /// Sets a metric from a whole number.
  package mutating func set(_ metric: Metric, _ value: Int?) {
    self[metric] = value.map(Double.init)
  }

  /// The metrics that have a finite value, in the order of `Metric.all`, unlisted ones after.
  package var metrics: [Metric] { Metric.inOrder(unordered) }

  /// The same in any order: for who looks at many rows.
  package var unordered: [Metric] {
    values.allSatisfy(\.isFinite)
      ? keys : zip(keys, values).filter { $0.1.isFinite }.map(\.0)
  }

  /// The metrics met as NaN or infinity: `train_loss=nan;grad_norm_max=inf`; nil if none.
  package var nonfinite: String? {
    get {
      if values.allSatisfy(\.isFinite) { return nil }
      let met = zip(keys, values).filter { !$0.1.isFinite }
      return Metric.inOrder(met.map(\.0)).map { metric in
        let value = met.first { $0.0 == metric }?.1 ?? .nan
        return "\(metric.name)=\(value.isNaN ? "nan" : value < 0 ? "-inf" : "inf")"
      }.joined(separator: ";")
    }
    set {
      for part in (newValue ?? "").split(separator: ";") {
        let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2 else { continue }
        self[Metric.named(pair[0]) ?? .unlisted(pair[0])] = Double(pair[1]) ?? .nan
      }
    }
  }

  /// The values that are finite, by the metric's name.
  package var json: JSON { .object(metrics.map { JSON.Member($0.name, $0.json(self[$0])) }) }

  package init?(json: JSON) {
    guard case .object(let members) = json else { return nil }
    for member in members {
      self[Metric.named(member.key) ?? .unlisted(member.key)] = member.value.number
    }
  }

  package init?(reading reader: inout JSONReader) throws(JSONError) {
    guard reader.isAt("{") else {
      try reader.skip()
      return nil
    }
    try reader.openObject()
    // Most rows of a run have the metrics of the one before, in its order: so far this one has.
    let usual = Self.lastRead.withLock { $0 }
    // And the units of loss that are added.
    values.reserveCapacity(usual.count + 2)
    var isUsual = true
    while try reader.nextMember() {
      let place = values.count
      if isUsual, place < usual.count, try reader.takeKey(usual[place].name) {
        if let value = try reader.value().number {
          values.append(value)
        } else {
          (isUsual, keys) = (false, Array(usual.prefix(place)))
        }
        continue
      }
      if isUsual { (isUsual, keys) = (false, Array(usual.prefix(place))) }
      let key = try reader.key()
      self[Metric.named(key) ?? .unlisted(key)] = try reader.value().number
    }
    if isUsual {
      keys = values.count == usual.count ? usual : Array(usual.prefix(values.count))
    } else {
      Self.lastRead.withLock { [keys] in $0 = keys }
    }
  }

  /// The metrics of a row that was read, which are in one place of memory for all that have them.
  private static let lastRead = Mutex<[Metric]>([])
}

extension MetricValues {
  /// Adds what the validation loss is in other units, to rows of older versions as well.
  ///
  /// - Parameter readsCharacters: whether a token is a character.
  package mutating func addUnitsOfLoss(readsCharacters: Bool = true) {
    guard let loss = self[.valLoss] else { return }
    self[.valPerplexity] = exp(loss)
    if readsCharacters { self[.valBitsPerCharacter] = loss / log(2) }
  }
}

extension Metric {
  /// The place of each listed metric in `all`.
  private static let places = Dictionary(
    uniqueKeysWithValues: all.enumerated().map { ($1, $0) })

  /// Sorts metrics as `all` does; those not in it follow by name.
  package static func inOrder(_ metrics: some Collection<Metric>) -> [Metric] {
    // Each is looked up once: a summary of many points asks for the order at each of them.
    let placed = metrics.map { (metric: $0, place: places[$0] ?? all.count) }
    return placed.sorted { first, second in
      first.place == second.place
        ? first.place == all.count && first.metric.name < second.metric.name
        : first.place < second.place
    }.map(\.metric)
  }

  /// A metric met in a file but not in the list: one of another version of the program.
  package static func unlisted(_ name: String) -> Metric {
    Metric(
      name, "A metric that this version does not know.", better: .none, .sampled,
      as: .decimals(4))
  }
}
