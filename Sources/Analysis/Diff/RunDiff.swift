// RunDiff: two runs compared: what differs in their settings, what in their results, and what may
// be concluded.

internal import Foundation
package import Records
import Statistics

/// The comparison of two sides.
package struct RunDiff: Sendable {
  package let base: DiffSide
  package let new: DiffSide
  package let factors: DiffFactors
  /// By point, then metric.
  package let changes: [MetricChange]
  /// Metrics that would stand beside these, if both sides had them.
  package let oneSided: [OneSidedMetric]
  /// Metrics that were asked for and that neither side has.
  package let missing: [Metric]
  /// Cells that are on one side only, or did not end well there, with the reason.
  package let gaps: [DiffGap]
  /// Cells, by seed, that were compared, and how many there are on either side.
  package let compared: Int
  package let planned: Int
  /// Why nothing can be compared; nil where something can.
  package let obstacle: String?
  /// Whether both sides are of one run.
  let isOneRun: Bool
  /// How many tests Holm's correction goes over: of this table, and of the run's summary where both
  /// sides are of one.
  package let tests: Int
  /// What is known of the noise of this host, in words; nil where no time was compared.
  package let noise: String?
  /// The least relative change that counts as a regression.
  package let threshold: Double

  /// What to compare and how.
  package struct Options: Sendable {
    /// Metrics to show; of none the headline of the runs, and exact ones that differ.
    package var metrics: [Metric] = []
    /// Whether to show and test all metrics.
    package var showsAll = false
    /// The least relative change that counts as a regression.
    package var threshold = 0.01
    /// How far equal runs of such cells lie apart on this host; nil where that is not known.
    package var floor: @Sendable (Metric, [CellRow]) -> Double? = { _, _ in nil }
    /// What to say of the floor; nil where there is no calibration of this host.
    package var calibration: String?

    package init() {}
  }

  package init(_ base: DiffSide, _ new: DiffSide, _ options: Options = Options()) {
    self.base = base
    self.new = new
    threshold = options.threshold
    let matches = DiffMatch.all(base, new)
    let factors = DiffFactors(base, new, matches)
    self.factors = factors
    let pairs = matches.filter(\.isOnBothSides)
    let (shown, judged) = Self.headline(base, new, pairs)
    let metrics = Self.metrics(shown, pairs, options)
    let headline = Set(shown)
    let asked = options.metrics
    let primary = Set(asked.isEmpty ? judged : asked)
    let isOneRun = base.run.folder.path == new.run.folder.path
    self.isOneRun = isOneRun
    // The seeds of a run share the machine's state, so their scatter says nothing of two runs:
    // without the noise between runs, two equal ones would differ in almost half of the tables.
    // Variants of one run took turns.
    func noise(_ metric: Metric, _ cells: [CellRow]) -> Comparison.Noise {
      if isOneRun { return .inSeeds }
      return options.floor(metric, cells).map(Comparison.Noise.betweenRuns) ?? .unknownBetweenRuns
    }
    func isShown(_ metric: Metric, isSame: Bool = false) -> Bool {
      options.showsAll || !asked.isEmpty || headline.contains(metric) || metric.isExact && !isSame
    }
    var changes = pairs.flatMap { pair in
      metrics.compactMap { metric in
        MetricChange(metric, of: pair, isPrimary: primary.contains(metric), noise: noise)
      }
    }.filter { isShown($0.metric, isSame: $0.isSame) }
    var values = changes.map(\.values)
    // What the run's own summary says of the same cells must hold here as well.
    tests = Comparison.judge(
      &values, among: isOneRun ? base.run.summary.comparisons : [])
    for (place, value) in values.enumerated() { changes[place].values = value }
    self.changes = changes
    gaps = DiffGap.all(matches)
    compared = pairs.reduce(0) { $0 + $1.comparedSeeds.count }
    planned = matches.reduce(0) { total, match in
      total
        + Set((match.base + match.new).filter { $0.row.status != .excluded }.map(\.row.seed)).count
    }
    self.noise =
      !isOneRun && changes.contains { $0.metric.isTiming }
      ? options.calibration
        ?? "times: this host is not calibrated, so how far equal runs lie apart is not known, and no change of a time or rate "
        + "is claimed; 'runexp calibrate' measures it"
      : nil
    let workloads = Self.otherWorkloads(base, new)
    oneSided = workloads == nil ? OneSidedMetric.all(metrics.filter { isShown($0) }, pairs) : []
    missing =
      workloads != nil || pairs.isEmpty
      ? []
      : asked.filter { metric in
        pairs.allSatisfy { $0.values(of: metric).allSatisfy(\.isEmpty) }
      }
    obstacle = workloads ?? Self.obstacle(pairs, changes)
  }

  /// Changes for the worse that are past the threshold, and cells that no longer end well.
  package var regressions: [String] {
    changes.filter { change in
      change.values.breaksBound
        || change.verdict == .worse && abs(change.change ?? .infinity) > threshold
    }.map {
      ($0.point.isEmpty ? "" : "\($0.point): ") + $0.metric.name
    } + gaps.filter(\.isRegression).map(\.label)
  }

  package var exitCode: Int32 {
    if obstacle != nil { return ExitCode.notComparable }
    return regressions.isEmpty ? ExitCode.ok : ExitCode.found
  }

  /// The geometric means of new over base, for metrics with more than one point.
  package var means: [(metric: Metric, ratio: Double, points: Int)] {
    changes.map(\.metric).unique.filter(\.isRatioTold).compactMap { metric in
      let ratios = changes.filter { $0.metric == metric }.compactMap { change -> Double? in
        guard let before = change.base.mean, let after = change.new.mean, before > 0, after > 0
        else { return nil }
        return after / before
      }
      return ratios.count > 1
        ? (metric, exp(ratios.reduce(0) { $0 + log($1) } / Double(ratios.count)), ratios.count)
        : nil
    }
  }

  /// What is said of metrics that are not compared.
  var notCompared: [String] {
    let names = missing.map(\.name).joined(separator: ", ")
    return oneSided.texts + (missing.isEmpty ? [] : ["neither base nor new has \(names)"])
  }

  /// The metrics of the overviews, and those that get a verdict.
  private static func headline(
    _ base: DiffSide, _ new: DiffSide, _ pairs: [DiffMatch]
  ) -> (shown: [Metric], judged: [Metric]) {
    let shown = (base.run.summary.headline + new.run.summary.headline).unique
    let judged = (base.run.summary.primary + new.run.summary.primary).unique
    // Where a token is not the same part of a text on both sides, losses a token do not compare.
    let tokenizers = pairs.reduce(into: Set<String>()) { $0.formUnion($1.tokenizers) }
    guard tokenizers.count > 1 else { return (shown, judged) }
    return (shown.comparingTokenizers(keeping: true), judged.comparingTokenizers(keeping: false))
  }

  private static func metrics(
    _ headline: [Metric], _ pairs: [DiffMatch], _ options: Options
  ) -> [Metric] {
    if !options.metrics.isEmpty { return options.metrics }
    let rows = pairs.flatMap { $0.base + $0.new }.map(\.row)
    let all = rows.measured
    return headline + all.filter { !headline.contains($0) && $0.predicts == nil }
  }

  /// That the two sides have no workload in common; nil where they have.
  private static func otherWorkloads(_ base: DiffSide, _ new: DiffSide) -> String? {
    let (before, after) = (base.workloads, new.workloads)
    guard !before.isEmpty, !after.isEmpty, Set(before).isDisjoint(with: after) else { return nil }
    return
      "the workloads differ: \(before.joined(separator: ", ")) and \(after.joined(separator: ", "))"
  }

  private static func obstacle(_ pairs: [DiffMatch], _ changes: [MetricChange]) -> String? {
    if pairs.isEmpty { return "no variant and point of the axes is on both sides" }
    if changes.isEmpty { return "no metric has a value on both sides" }
    return nil
  }
}

// DiffGap: a cell that could not be compared. It is listed with the reason, never left out.

/// A planned cell without a partner that ended well.
package struct DiffGap: Equatable, Sendable {
  /// Such as `modern, sequence 128`; empty where there is one point alone.
  package let point: String
  package let seed: Int
  /// How it ended on either side, with the reason; nil where it was not planned.
  package let base: String?
  package let new: String?
  /// Whether it ended well before and no longer does.
  package let isRegression: Bool

  static func all(_ matches: [DiffMatch]) -> [DiffGap] {
    matches.flatMap { match in
      let compared = match.comparedSeeds
      return (match.base + match.new).map(\.row.seed).unique.compactMap { seed -> DiffGap? in
        let base = match.base.first { $0.row.seed == seed }?.row
        let new = match.new.first { $0.row.seed == seed }?.row
        // Whoever did not end well on one side is no less a gap for having been compared on the
        // other.
        let isOk =
          compared.contains(seed)
          && [base, new].allSatisfy { $0 == nil || $0?.status == .ok }
        let isExcluded = [base, new].allSatisfy { $0 == nil || $0?.status == .excluded }
        if isOk || isExcluded { return nil }
        return DiffGap(
          point: match.label, seed: seed, base: base.map(text), new: new.map(text),
          isRegression: base?.status == .ok && new.map { $0.status.isBad } == true)
      }
    }
  }

  /// Such as `modern, sequence 128, seed 2`.
  package var label: String { label(seeds: [seed]) }

  private func label(seeds: [Int]) -> String {
    let list = seeds.map(String.init).joined(separator: ", ")
    return (point.isEmpty ? "" : "\(point), ") + (seeds.count == 1 ? "seed " : "seeds ") + list
  }

  /// Whether another seed of the same point fared alike.
  func isLike(_ other: DiffGap) -> Bool {
    point == other.point && base == other.base && new == other.new
  }

  /// The line for people.
  func text(seeds: [Int]) -> String {
    let label = label(seeds: seeds)
    return switch (base, new) {
    case (let base?, let new?): "\(label): base \(base), new \(new)"
    case (let base?, nil): "\(label): only in base (\(base))"
    case (nil, let new?): "\(label): only in new (\(new))"
    case (nil, nil): label
    }
  }

  private static func text(_ row: CellRow) -> String {
    row.status.words + (row.reason.map { ": \($0)" } ?? "")
  }
}

extension CellStatus {
  /// Whether the cell ran and did not end well.
  var isBad: Bool { [.failed, .oom, .timeout, .diverged, .killed].contains(self) }
}
