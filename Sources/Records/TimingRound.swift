// TimingRound: a cell's time is measured in rounds, each in a process of its own, and the cells
// that are compared take turns: so that each round of one has a partner that met the machine in the
// same state. `rounds.jsonl` in the cell's folder has a line per round.

import Config
internal import Foundation

/// One round of a cell's measurement.
package struct TimingRound: Equatable, Sendable, Record {
  /// The file in a cell's folder.
  package static let file = "rounds.jsonl"

  /// When it began, in seconds since 1970.
  package var start = 0.0
  /// Seconds that it took, all of its process.
  package var seconds = 0.0
  /// What it measured: of what was repeated, the medians.
  package var metrics = MetricValues()
  /// Every single time in seconds, by the metric whose median it belongs to; nil in a cell's row.
  package var repeats: [String: [Double]]?
  /// The node of a cluster that it was measured on; nil for the local runner's machine.
  package var node: String?

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("start", \.start, isRequired: true), Field("seconds", \.seconds, isRequired: true),
    Field("metrics", \.metrics), Field("repeats", \.repeats, omitsNull: true),
    Field("node", \.node, omitsNull: true),
  ]

  /// Adds the times of what was repeated, and their median as the value of a metric.
  package mutating func add(_ metric: Metric, median: Double?, of times: [Double]) {
    metrics[metric] = median
    repeats = (repeats ?? [:]).merging([metric.name: times]) { $1 }
  }

  /// The rounds that earlier processes left in a cell's folder.
  ///
  /// - Parameter count: how many there are in all. Where they are all there, the cell is measured
  ///   afresh.
  /// - Returns: none where the file is not there or not whole.
  package static func begun(in folder: String, of count: Int) -> [TimingRound] {
    let lines = ((try? AtomicFile.read("\(folder)/\(file)")) ?? "").split(separator: "\n")
    let rounds = lines.compactMap { line in
      (try? JSON(reading: String(line))).flatMap { TimingRound(json: $0) }
    }
    return rounds.count == lines.count && rounds.count < count ? rounds : []
  }

  package static func write(_ rounds: [TimingRound], in folder: String) throws(ResultsError) {
    try AtomicFile.write(rounds.map { $0.json.line + "\n" }.joined(), to: "\(folder)/\(file)")
  }
}

extension [TimingRound] {
  /// The geometric mean of a time or rate, so that ratios of such means are means of the rounds'
  /// ratios; nil where a round lacks it.
  package func mean(_ metric: Metric) -> Double? {
    let logs = compactMap { round in round.metrics[metric].flatMap { $0 > 0 ? log($0) : nil } }
    if count == 1 { return first?.metrics[metric] }
    return isEmpty || logs.count < count ? nil : exp(logs.reduce(0, +) / Double(count))
  }

  /// Whether these rounds and others took turns: on one machine, and no round of either began
  /// before the round before it had begun on both sides.
  package func tookTurns(with others: [TimingRound]) -> Bool {
    guard count == others.count, count > 1, Set((self + others).map(\.node)).count == 1 else {
      return false
    }
    return zip(indices.dropLast(), indices.dropFirst()).allSatisfy { round, next in
      Swift.max(self[round].start, others[round].start)
        < Swift.min(self[next].start, others[next].start)
    }
  }
}
