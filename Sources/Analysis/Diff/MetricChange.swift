// MetricChange: one metric at one point, on both sides of a diff.

package import Records
package import Statistics

/// A metric's values on both sides at one variant and point.
package struct MetricChange: Sendable {
  package let point: String
  package let metric: Metric
  /// The new side, held against the base.
  package internal(set) var values: Comparison

  /// - Parameters:
  ///   - isPrimary: whether the metric gets a verdict where that takes a test.
  ///   - noise: where the noise of a time of such cells shows.
  /// - Returns: nil where a side has no value.
  init?(
    _ metric: Metric, of match: DiffMatch, isPrimary: Bool,
    noise: (Metric, [CellRow]) -> Comparison.Noise
  ) {
    let sides = match.values(of: metric)
    guard sides.allSatisfy({ !$0.isEmpty }) else { return nil }
    point = match.label
    self.metric = metric
    let noise =
      metric.isTiming ? noise(metric, (match.base + match.new).map(\.row)) : .inSeeds
    let isConstant = sides.allSatisfy { side in side.allSatisfy { $0.value == side[0].value } }
    var question = metric.question(
      isPrimary: isPrimary, isConstant: isConstant, noise: noise,
      limits: [match.new, match.base].map { metric.limit(in: $0.map(\.row)) },
      tokenizers: match.tokenizers)
    if match.hasOtherData, metric.isOfData {
      question = .barred(match.readsImages ? .otherImages : .otherText)
    }
    values = Comparison(
      subject: sides[1], baseline: sides[0], isRatio: metric.comparesByRatio,
      rounds: metric.rounds(of: match, noise),
      question: question)
  }

  package var base: Sample { values.baseline }
  package var new: Sample { values.subject }
  package var difference: Double { values.difference ?? .nan }
  package var verdict: Comparison.Verdict { values.verdict }

  /// More than this, as a share of the base, is no longer told as one: the base is next to nothing.
  private static let largestShare = 10.0

  /// The difference as a share of the base's mean; of times, by the ratio.
  ///
  /// Nil where a share says nothing: of what is a share or a difference already, of what has a
  /// bound, and where the base is zero, or next to it beside its spread or the difference.
  package var change: Double? {
    guard metric.isRatioTold, let mean = base.mean, mean != 0 else { return nil }
    if metric.comparesByRatio { return values.ratio.map { $0 - 1 } }
    let share = difference / abs(mean)
    return abs(share) <= Self.largestShare && (base.sd ?? 0) < abs(mean) ? share : nil
  }

  /// The interval as shares of the base's mean; nil where `change` is.
  package var changeInterval: Interval? {
    guard change != nil, let mean = base.mean else { return nil }
    let interval = metric.comparesByRatio ? values.ratioInterval : values.interval
    return interval.map {
      metric.comparesByRatio
        ? Interval(low: $0.low - 1, high: $0.high - 1)
        : Interval(low: $0.low / abs(mean), high: $0.high / abs(mean))
    }
  }

  var isSame: Bool { base.values == new.values || verdict == .same }

  /// For people: the seeds that would show the change, `24` or `> 100`.
  func seedsText(tests: Int) -> String? {
    values.seedsNeeded(tests: tests).map { seeds in
      seeds > Comparison.mostSeeds ? "> \(Comparison.mostSeeds)" : "\(seeds)"
    }
  }
}

extension Metric {
  /// What the rounds of measurement say of both sides: in turn where they are of one run;
  /// elsewhere, of too few seeds, as two samples, and the noise between runs has its say as well.
  fileprivate func rounds(of match: DiffMatch, _ noise: Comparison.Noise) -> MeanDifference? {
    let sides = [match.new, match.base].map { cells in
      cells.map(\.row).filter { $0.status == .ok && $0.metrics[self] != nil }
    }
    if noise == .inSeeds {
      let timed = sides.map { rows in rows.map { ($0.seed, $0.rounds ?? []) } }
      return rounds(timed[0], timed[1])
    }
    let isFew = sides.contains { $0.count < Comparison.fewSeeds }
    return isFew ? roundsApart(sides[0], sides[1]) : nil
  }

  /// Whether it depends on which text was read: all that varies with the seed, and not with the
  /// clock.
  var isOfData: Bool { certainty == .sampled && isRepeatable }
}
