// How much a variant suffers from a learning rate that is not its best: the mean over a grid of
// rates of min(final loss, loss at init), less the best of them. A run that diverged counts with
// the loss at init. Wortsman et al. 2023, Small-scale proxies for large-scale Transformer training
// instabilities, arXiv 2309.14322.

package import Config
package import Records
package import Statistics

/// The sensitivity of one variant to the learning rate, the other axes held fast.
package struct RateSensitivity: Equatable, Sendable {
  /// The fewest learning rates that make a grid.
  static let fewest = 3

  package let variant: String
  /// The values of the other axes.
  package let others: [CellRow.Entry]
  /// The seeds of which the whole grid is known.
  package let seeds: [Int]
  /// One value per seed, in nats per token.
  package let sample: Sample
  /// The smallest loss, mean over those seeds.
  package let bestLoss: Double
  /// The losses at that rate, one a seed.
  package let bestLosses: Sample
  /// The rate that gave it.
  package let bestRate: JSON
  /// The rates whose losses cannot be told from the best one's.
  ///
  /// The best was chosen by its mean, so Holm's correction goes over all pairs of rates.
  package let ties: [JSON]
  /// About how many seeds would tell the best rate from one of those; nil where none would.
  let seedsToTell: Int?
  package let diverged: Int
  package let cells: Int
  /// What made tokens of the texts.
  let tokenizers: Set<String>

  /// - Parameter blocks: the blocks that differ in nothing but the rate.
  ///
  /// Nil where no seed has a loss at every rate.
  init?(_ variant: String, along axis: String, in blocks: [SummaryBlock]) {
    let grid = blocks.map { $0.rows.filter { $0.variant == variant } }
    let rows = grid.flatMap { $0 }
    var curves: [(seed: Int, losses: [Double])] = []
    for seed in Set(rows.map(\.seed)).sorted() {
      // The loss at init does not depend on the rate, so any cell's will do.
      let initial = rows.lazy.filter { $0.seed == seed }
        .compactMap { $0.value(.initialLoss) }.first
      let losses = grid.compactMap { cells in
        cells.first { $0.seed == seed }.flatMap { Self.loss($0, initial) }
      }
      if losses.count == grid.count { curves.append((seed, losses)) }
    }
    let means = grid.indices.map { index in Sample(curves.map { $0.losses[index] }).mean }
    guard
      let best = zip(grid.indices, means).min(by: { ($0.1 ?? .infinity) < ($1.1 ?? .infinity) }),
      let loss = best.1, let rate = blocks[best.0].axes.first(where: { $0.key == axis })?.value
    else { return nil }
    self.variant = variant
    let ties = Self.ties(of: best.0, curves.map(\.losses))
    self.ties = ties.compactMap { tie in
      blocks[tie.place].axes.first { $0.key == axis }?.value
    }
    let tests = grid.count * (grid.count - 1) / 2
    seedsToTell = ties.compactMap { $0.comparison?.seedsNeeded(tests: tests) }.min()
    bestLoss = loss
    bestLosses = Sample(curves.map { $0.losses[best.0] })
    bestRate = rate
    others = blocks[0].axes.filter { $0.key != axis }
    seeds = curves.map(\.seed)
    sample = Sample(
      curves.compactMap { curve in
        Sample(curve.losses).mean.map { $0 - (curve.losses.min() ?? $0) }
      })
    diverged = rows.count { $0.status == .diverged }
    cells = rows.count
    tokenizers = rows.tokenizers
  }

  /// The places in a grid that are not shown to be worse than one of them, by seed, each with the
  /// comparison that did not show it; one seed tells no rate from another, and is not compared.
  private static func ties(
    of best: Int, _ curves: [[Double]]
  ) -> [(place: Int, comparison: Statistics.Comparison?)] {
    let places = curves.first?.indices ?? 0..<0
    if curves.count < 2 { return places.filter { $0 != best }.map { ($0, nil) } }
    let pairs = places.flatMap { one in places.filter { $0 > one }.map { (one, $0) } }
    var comparisons = pairs.map { one, other in
      Statistics.Comparison(
        subject: curves.map { $0[one] }, baseline: curves.map { $0[other] },
        question: .isBetter(.lower))
    }
    Statistics.Comparison.judge(&comparisons)
    return zip(pairs, comparisons).compactMap { pair, comparison in
      if pair.0 == best, comparison.verdict != .better { return (pair.1, comparison) }
      if pair.1 == best, comparison.verdict != .worse { return (pair.0, comparison) }
      return nil
    }.sorted { $0.place < $1.place }
  }

  private static func loss(_ row: CellRow, _ initial: Double?) -> Double? {
    switch row.status {
    case .diverged: initial
    case .ok:
      row.value(.valLoss).map { min($0, initial ?? $0) }
    default: nil
    }
  }

  var values: [(seed: Int, value: Double)] { zip(seeds, sample.values).map { ($0, $1) } }
}

extension RateSensitivity {
  /// Two variants' sensitivities, the other axes held fast.
  package struct Comparison: Equatable, Sendable {
    package let others: [CellRow.Entry]
    package internal(set) var variants: VariantComparison

    init(_ subject: RateSensitivity, against baseline: RateSensitivity) {
      others = subject.others
      variants = VariantComparison(
        subject.variant, baseline.variant, seeds: subject.seeds.filter(baseline.seeds.contains),
        Statistics.Comparison(
          subject: subject.values, baseline: baseline.values,
          question: Metric.valLoss.question(
            isPrimary: true, isConstant: false,
            tokenizers: subject.tokenizers.union(baseline.tokenizers))))
    }

    /// "qk-norm is less sensitive", or that it cannot be told.
    package var words: String {
      variants.winner.map { "\($0) is less sensitive" } ?? Metric.valLoss.text(variants.verdict)
    }
  }
}

// The section on learning rates, for people and for programs.

extension Summary {
  /// The axis of learning rates: three or more of them, of a training.
  var rateAxis: String? {
    axes.keys.first { key in
      let isRate = key == "optimizer.lr" || key.hasSuffix(".optimizer.lr")
      return isTraining && isRate && axes.values(key).count >= RateSensitivity.fewest
    }
  }

  /// Finds what rests on a grid of learning rates, where there is one; nothing is judged yet.
  mutating func sweepRates() {
    guard let axis = rateAxis else { return }
    let grids = groups(without: axis)
    rateSensitivities = grids.mappedByThreads(part: 16) { [variants] blocks, _ in
      variants.compactMap { RateSensitivity($0, along: axis, in: blocks) }
    }.flatMap(\.self)
    rateComparisons = sensitivityComparisons
    stabilities = unjudgedStabilities(over: grids, along: axis)
  }

  /// Each variant's sensitivity against its baseline's.
  var sensitivityComparisons: [RateSensitivity.Comparison] {
    let points = Dictionary(grouping: rateSensitivities, by: \.others)
    return rateSensitivities.compactMap { subject in
      let baseline = baselines.baseline(of: subject.variant)
      return points[subject.others]?.first { $0.variant == baseline }.map {
        RateSensitivity.Comparison(subject, against: $0)
      }
    }
  }

  /// The section for people; empty where there is no grid of learning rates.
  var rateSensitivityContent: [DocumentBlock] {
    let all = rateSensitivities
    guard let axis = rateAxis, !all.isEmpty else { return [] }
    let rates = axes.values(axis)
    let others = axes.keys.filter { $0 != axis }
    let hasIntervals = all.contains { $0.bestLosses.interval() != nil }
    let table = DocumentBlock.table(
      ["variant"] + others.map(axes.name)
        + [
          "sensitivity", hasIntervals ? "best loss [95 %]" : "best loss", "at rate",
          "not told from it", "diverged",
        ], of: all, left: Set(0...others.count), all: file(ofEntries: all.count)
    ) { one in
      [one.variant]
        + others.map { key in
          axes.text(key, one.others.first { $0.key == key }?.value)
        } + [
          text(one.sample), Self.text(bestLossOf: one), axes.text(axis, one.bestRate),
          one.ties.map { axes.text(axis, $0) }.joined(separator: ", "),
          "\(one.diverged) of \(one.cells)",
        ]
    }
    let left = rateComparisons.count - DocumentBlock.most
    let comparisons =
      rateComparisons.prefix(DocumentBlock.most).map { one in
        let place = axes.label(variant: nil, at: one.others)
        let difference = one.variants.values.difference.map { difference in
          ", difference "
            + (one.variants.values.interval.map {
              Metric.valLoss.difference(difference, within: $0)
            }
              ?? Metric.valLoss.difference(difference))
        }
        return ListItem(
          "\(place.isEmpty ? "" : place + ": ")\(one.variants.subject) against \(one.variants.baseline): "
            + one.words + (difference ?? ""))
      }
      + (left > 0
        ? [ListItem("\(left) more: \(file(ofEntries: rateComparisons.count))")] : [])
    return [
      .heading("Sensitivity to the learning rate", level: 2),
      .paragraph(
        "mean over \(rates.count) rates of min(final loss, loss at init), less the best, in nats per "
          + "token; a diverged run counts with its loss at init"),
    ] + table + (comparisons.isEmpty ? [] : [.list(comparisons)])
  }

  private static func text(bestLossOf one: RateSensitivity) -> String {
    let text = Metric.valLoss.text(one.bestLoss)
    guard let interval = one.bestLosses.interval() else { return text }
    return "\(text) [\(Metric.valLoss.text(interval.low)), \(Metric.valLoss.text(interval.high))]"
  }

  /// The best rate of each variant, and who suffers less from another; empty where there is no grid
  /// of rates.
  var rateAnswers: [ListItem] {
    guard let axis = rateAxis, !rateSensitivities.isEmpty else { return [] }
    let best = rateSensitivities.mappedByThreads { one, _ in
      let place = axes.label(variant: variants.count > 1 ? one.variant : nil, at: one.others)
      return (place.isEmpty ? "" : place + " ") + axes.text(axis, one.bestRate)
        + " (val_loss \(Metric.valLoss.text(one.bestLoss)); \(tied(one, axis)))"
    }
    let comparisons = rateComparisons.mappedByThreads { one, _ in
      let place = axes.label(variant: one.variants.subject, at: one.others)
      return "\(place) against \(one.variants.baseline): \(one.words)"
        + (one.variants.values.difference == nil
          ? "" : ", \(Metric.valLoss.text(one.variants.values))")
    }
    return [
      best.count > 1
        ? ListItem(lead: "Best learning rate?", "", below: best)
        : ListItem(lead: "Best learning rate?", best[0], below: [])
    ]
      + (comparisons.isEmpty
        ? [] : [ListItem(lead: "Less sensitive to the learning rate?", "", below: comparisons)])
      + stabilityAnswers
  }

  /// `seed by seed 0.01 cannot be told from it`.
  private func tied(_ one: RateSensitivity, _ axis: String) -> String {
    let others = axes.values(axis).count - 1
    if one.ties.isEmpty { return "all others are worse" }
    if one.seeds.count < Comparison.fewSeeds, one.ties.count == others {
      return Comparison.Reason.fewSeeds(one.seeds.count).text
    }
    // Two means may be far apart and the seeds not agree which is lower: pairs decide.
    let ties = one.ties.map { axes.text(axis, $0) }.joined(separator: ", ")
    return (one.seeds.count > 1 ? "seed by seed " : "") + ties + " cannot be told from it"
  }

  private func text(_ sample: Sample) -> String {
    guard let mean = sample.mean else { return "-" }
    return sample.sd.map { "\(Metric.valLoss.text(mean, sd: $0)) (\(sample.n))" }
      ?? Metric.valLoss.text(mean)
  }

  var sensitivityList: SummaryList {
    SummaryList("variants", rateSensitivities) { one in
      let values = zip(one.seeds, one.sample.values).map { seed, value -> JSON in
        ["seed": .integer(seed), "value": .real(value)]
      }
      return [
        "variant": .string(one.variant),
        "axes": .object(one.others.map { JSON.Member($0.key, $0.value) }),
        "n": .integer(one.sample.n), "mean": .real(one.sample.mean), "sd": .real(one.sample.sd),
        "best_loss": .real(one.bestLoss),
        "best_loss_low": .real(one.bestLosses.interval()?.low),
        "best_loss_high": .real(one.bestLosses.interval()?.high), "best_rate": one.bestRate,
        "tied_rates": .array(one.ties),
        "diverged": .integer(one.diverged), "cells": .integer(one.cells),
        "values": .array(values),
      ]
    }
  }

  var sensitivityComparisonList: SummaryList {
    SummaryList("comparisons", rateComparisons) { one in
      let values = one.variants.values
      return [
        "variant": .string(one.variants.subject), "baseline": .string(one.variants.baseline),
        "axes": .object(one.others.map { JSON.Member($0.key, $0.value) }),
        "n": .integer(values.n), "difference": .real(values.difference),
        "difference_low": .real(values.interval?.low),
        "difference_high": .real(values.interval?.high), "p": .real(values.p),
        "holm_p": .real(values.holmP), "verdict": .string(one.variants.verdict.word),
        "winner": .string(one.variants.winner), "words": .string(one.words),
      ]
    }
  }
}
