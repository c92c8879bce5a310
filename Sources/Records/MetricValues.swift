// The metric values of one cell. A missing value is absent, a NaN or infinity is absent too but
// remembered by name, so that a diverged run tells what it met without poisoning its files.

package import Config

/// Values by metric, in the order of `Metric.all`.
package struct MetricValues: Equatable, Sendable, JSONRepresentable {
  private var values: [String: Double] = [:]
  private var known: [String: Metric] = [:]
  /// What a metric was where it was not a finite number: "nan", "inf" or "-inf".
  private var markers: [String: String] = [:]

  package init() {}

  /// The value of a metric, nil where missing or not finite; setting NaN leaves a marker.
  package subscript(metric: Metric) -> Double? {
    get { values[metric.name] }
    set {
      known[metric.name] = metric
      values[metric.name] = nil
      markers[metric.name] = nil
      guard let value = newValue else { return }
      if value.isFinite {
        values[metric.name] = value
      } else {
        markers[metric.name] = value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
      }
    }
  }

  /// Sets a metric from a whole number.
  package mutating func set(_ metric: Metric, _ value: Int?) {
    self[metric] = value.map(Double.init)
  }

  /// The metrics that have a finite value, in the order of `Metric.all`, unlisted ones after.
  package var metrics: [Metric] { Metric.inOrder(unordered) }

  /// The same in any order: for who looks at many rows.
  package var unordered: [Metric] { known.values.filter { values[$0.name] != nil } }

  /// The metrics met as NaN or infinity: `train_loss=nan;grad_norm_max=inf`; nil if none.
  package var nonfinite: String? {
    get {
      let met = Metric.inOrder(known.values.filter { markers[$0.name] != nil })
      if met.isEmpty { return nil }
      return met.map { "\($0.name)=\(markers[$0.name] ?? "")" }.joined(separator: ";")
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
}

extension Metric {
  /// The place of each listed metric in `all`.
  private static let places = Dictionary(
    uniqueKeysWithValues: all.enumerated().map { ($1.name, $0) })

  /// Sorts metrics as `all` does; those not in it follow by name.
  package static func inOrder(_ metrics: some Collection<Metric>) -> [Metric] {
    metrics.sorted { first, second in
      switch (places[first.name], places[second.name]) {
      case (let first?, let second?): first < second
      case (nil, nil): first.name < second.name
      case (let first, _): first != nil
      }
    }
  }

  /// A metric met in a file but not in the list: one of another version of the program.
  package static func unlisted(_ name: String) -> Metric {
    Metric(
      name, "A metric that this version does not know.", better: .none, .sampled,
      as: .decimals(4))
  }
}
