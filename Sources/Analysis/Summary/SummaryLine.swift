// One metric over the variants: estimates, and comparisons with the baseline.
// Only cells that ended well count; what follows from the architecture is taken from any cell.

package import Records
package import Statistics

/// A line of the summary.
package struct SummaryLine: Sendable {
  package let metric: Metric
  /// One a variant, in their order; of no values where the variant has none.
  package let estimates: [Estimate]
  /// One for each variant that has a baseline, in their order.
  package internal(set) var comparisons: [VariantComparison]

  /// - Parameters:
  ///   - samples: the rows of each variant.
  ///   - isPrimary: whether the metric gets a verdict where that takes a test.
  init(
    _ metric: Metric, _ samples: [VariantRows], baselines: Baselines, isPrimary: Bool
  ) {
    self.metric = metric
    let estimates = samples.map { Estimate(metric, $0.variant, in: $0.rows, $0.tokenizers) }
    self.estimates = estimates
    comparisons = estimates.compactMap { subject in
      let baseline = baselines.baseline(of: subject.variant)
      return estimates.first { $0.variant == baseline }.map {
        VariantComparison(metric, subject, against: $0, isPrimary: isPrimary)
      }
    }
  }

  /// The comparison of a variant with its baseline.
  package func comparison(_ variant: String) -> VariantComparison? {
    comparisons.first { $0.subject == variant }
  }

  /// The estimate of a variant.
  package func estimate(_ variant: String) -> Estimate? {
    estimates.first { $0.variant == variant }
  }
}

/// The rows of one variant.
struct VariantRows {
  let variant: String
  let rows: [CellRow]
  let tokenizers: Set<String>

  init(_ variant: String, _ rows: [CellRow]) {
    self.variant = variant
    self.rows = rows
    tokenizers = rows.tokenizers
  }

  /// The mean of a metric over those that count; nil where none has a value of it.
  func mean(_ metric: Metric) -> Double? {
    // Of one seed, which is asked for most often, without a list of its value.
    if rows.count == 1 { return rows[0].counted(metric) }
    return Sample(rows.compactMap { $0.counted(metric) }).mean
  }
}

/// What the seeds of one variant say about one metric.
package struct Estimate: Equatable, Sendable {
  package let variant: String
  package let seeds: [Int]
  /// One value per seed.
  package let sample: Sample
  /// Seeds that ended well and have no value all the same.
  let valueless: [Int]
  /// Whether these have none as the text has characters that the tokenizer lacks.
  let losesCharacters: Bool
  /// The rounds that each seed's value was measured in; empty where none has any.
  let rounds: [[TimingRound]]
  /// The bound that the values are to keep; nil where there is none.
  let limit: Double?
  /// What made tokens of the texts.
  let tokenizers: Set<String>

  /// What rows of one variant, or of one value of an axis, say.
  init(_ metric: Metric, _ name: String, in rows: [CellRow], _ tokenizers: Set<String>) {
    variant = name
    self.tokenizers = tokenizers
    limit = metric.limit(in: rows)
    var seeds: [Int] = []
    var values: [Double] = []
    var valueless: [Int] = []
    var losesCharacters = false
    var rounds: [[TimingRound]] = []
    let hasRounds = rows.contains { $0.rounds != nil }
    for row in rows {
      guard let value = row.counted(metric) else {
        if row.status == .ok {
          valueless.append(row.seed)
          if metric.isPerByte, row.losesCharacters { losesCharacters = true }
        }
        continue
      }
      seeds.append(row.seed)
      values.append(value)
      if hasRounds { rounds.append(row.rounds ?? []) }
    }
    self.seeds = seeds
    self.valueless = valueless
    self.losesCharacters = losesCharacters
    sample = Sample(values)
    self.rounds = rounds
  }

  package var n: Int { sample.n }

  /// Seed and value, one a cell.
  var values: [(seed: Int, value: Double)] { zip(seeds, sample.values).map { ($0, $1) } }

  /// Seed and rounds, one a cell.
  var timed: [(seed: Int, rounds: [TimingRound])] { zip(seeds, rounds).map { ($0, $1) } }
}

/// One variant held against its baseline in one quantity.
package struct VariantComparison: Equatable, Sendable {
  package let subject: String
  package let baseline: String
  /// The seeds that both have a value of; empty for a count, which needs no pairs.
  package let seeds: [Int]
  package internal(set) var values: Comparison

  init(
    _ metric: Metric, _ subject: Estimate, against baseline: Estimate, isPrimary: Bool
  ) {
    let isConstant = subject.sample.isConstant && baseline.sample.isConstant
    let reason = metric.reasonOfNoPair(subject, baseline)
    let question =
      reason.map { .barred(.valueless($0)) }
      ?? metric.question(
        isPrimary: isPrimary, isConstant: isConstant, limits: [subject.limit, baseline.limit],
        tokenizers: subject.tokenizers == baseline.tokenizers
          ? subject.tokenizers : subject.tokenizers.union(baseline.tokenizers))
    if case .isCounted = question {
      self.init(
        subject.variant, baseline.variant, seeds: [],
        Comparison(
          subject: Array(subject.sample.values.prefix(1)),
          baseline: Array(baseline.sample.values.prefix(1)), isPaired: false, question: question))
    } else {
      self.init(
        subject.variant, baseline.variant,
        seeds: subject.seeds == baseline.seeds
          ? subject.seeds : subject.seeds.filter(baseline.seeds.contains),
        Comparison(
          subject: subject.values, baseline: baseline.values, isRatio: metric.comparesByRatio,
          rounds: metric.isTiming ? metric.rounds(subject.timed, baseline.timed) : nil,
          question: question))
    }
  }

  init(_ subject: String, _ baseline: String, seeds: [Int], _ values: Comparison) {
    self.subject = subject
    self.baseline = baseline
    self.seeds = seeds
    self.values = values
  }

  /// `modern against classic`.
  var title: String { "\(subject) against \(baseline)" }

  /// Whether it is of counts, without statistics.
  package var isExact: Bool {
    if case .isCounted = values.question { true } else { false }
  }

  package var verdict: Comparison.Verdict { values.verdict }

  /// The variant that is better, where that may be said.
  package var winner: String? {
    switch verdict {
    case .better: subject
    case .worse: baseline
    default: nil
    }
  }
}

extension Metric {
  /// Why no seed has a value on both sides though one has ended well on both; nil where that is not
  /// so.
  fileprivate func reasonOfNoPair(_ subject: Estimate, _ baseline: Estimate) -> String? {
    let sides = [subject, baseline]
    guard sides.contains(where: { !$0.valueless.isEmpty }) else { return nil }
    // Counts need no pairs.
    if isExact, sides.allSatisfy({ $0.n > 0 }) { return nil }
    let valued = Set(subject.seeds).intersection(baseline.seeds)
    let ended = Set(subject.seeds + subject.valueless)
      .intersection(baseline.seeds + baseline.valueless)
    guard valued.isEmpty, !ended.isEmpty else { return nil }
    if sides.contains(where: \.losesCharacters) {
      return "no bits a byte, for characters are lost"
    }
    let without = sides.filter { $0.n == 0 }.map(\.variant)
    return without.isEmpty
      ? "no seed has \(name) in both" : "\(without.joined(separator: " and ")) without \(name)"
  }
}

extension CellRow {
  /// Its value of a metric, as far as that counts; nil where there is none, or where the cell did
  /// not end well and the metric does not follow from the architecture.
  func counted(_ metric: Metric) -> Double? {
    status == .ok || metric.certainty == .analytic ? value(metric) : nil
  }
}
