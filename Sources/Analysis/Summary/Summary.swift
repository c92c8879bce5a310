// The matrix of a run: a line per metric, the variants side by side, ratio, difference and what
// can be claimed from it. This file is the data; SummaryDocument and SummaryFiles print it.

import Config
package import Records
import Statistics

/// The summary of a run's cells.
package struct Summary: Sendable {
  package let experiment: String
  /// What the experiment asks; nil where its file does not say.
  package let question: String?
  /// The variants in the order of the file.
  package let variants: [String]
  /// What each variant is held against.
  package let baselines: Baselines
  /// The axes by short name, and the texts of their values.
  package let axes: AxisNames
  /// One block per combination of axis values, in the order of the plan.
  package internal(set) var blocks: [SummaryBlock]
  package let coverage: Coverage
  /// The cells of all blocks.
  let rows: [CellRow]
  /// The keys of all their facts.
  let facts: Set<String>
  /// The metrics that any of them has a value of, in the order of `Metric.all`.
  let measured: [Metric]
  /// Why no cell is ok, where that is the same for all: one sentence instead of a table without
  /// figures.
  let commonReason: String?
  /// Every prediction that was measured, equal ones once, by metric and then in the plan's order.
  package private(set) var predictions: [Prediction] = []
  /// The fits of all scaling metrics along all axes of at least three whole numbers.
  package var growths: [Growth] {
    fits.value { fittedGrowths(of: scalingMetrics) }
  }
  private let fits = Lazily<[Growth]>()
  /// Who keeps the bounds that metrics have, by metric, point and variant.
  package private(set) var bounds: [BoundAnswer] = []
  /// The metrics of the overview that any cell has a value of, one a column.
  package let headline: [Metric]
  /// The metrics that get a verdict where that takes a test; all others are described.
  package let primary: [Metric]
  /// How many tests Holm's correction goes over.
  package internal(set) var tests = 0
  /// How each variant does over the learning rates, where there is a grid of them.
  package internal(set) var rateSensitivities: [RateSensitivity] = []
  /// Each variant's sensitivity to the learning rate against its baseline's.
  package internal(set) var rateComparisons: [RateSensitivity.Comparison] = []
  /// How stable each variant is over the learning rates, beside its baseline.
  var stabilities: [SweptStability] = []
  /// What the values of an axis change, where they are no sizes.
  package internal(set) var axisComparisons: [AxisComparison] = []
  /// The metrics whose growth along an axis is fitted.
  package let scalingMetrics: [Metric]
  /// How far a prediction may be off, in per cent.
  package var tolerance = 1.0
  /// So many points, and entries of each list, are in summary.json: a program that wants thousands
  /// reads them line by line.
  package var mostEntries = 1000
  /// Whether the workload is train.
  package let isTraining: Bool
  /// What else the machine did while times were measured; nil where it was quiet, or nobody looked.
  package var loadNote: String?
  /// Which GPU cells ran on, or why none, though there is a plugin; nil where the CPU was all that
  /// there was, or that was asked for.
  package var deviceNote: String?
  /// The bounds that metrics are expected to keep.
  package var expectations: [ExpectedBound] = []

  /// Summarises the rows of a run.
  ///
  /// - Parameters:
  ///   - question: what the experiment asks.
  ///   - rows: one a planned cell, in the order of the plan.
  ///   - baseline: the usual variant to hold others against; see `Baselines`.
  ///   - compare: the baseline of variants that are not held against the usual one.
  ///   - isTraining: whether the workload is train, so that its questions are asked.
  ///   - headline: the metrics of the overview; of none, the first that were measured.
  ///   - primary: the metrics that get a verdict; of none, those of the overview that have a better
  ///     direction.
  ///   - scaling: the metrics whose growth along numeric axes is fitted.
  package init(
    experiment: String, question: String? = nil, rows: [CellRow], baseline: String? = nil,
    compare: [String: String] = [:], isTraining: Bool, headline: [Metric] = [],
    primary: [Metric] = [], scaling: [Metric] = []
  ) {
    self.experiment = experiment
    self.question = question
    self.isTraining = isTraining
    scalingMetrics = scaling
    let variants = rows.lazy.map(\.variant).unique
    self.variants = variants
    let baselines = Baselines(of: variants, usual: baseline, stated: compare)
    self.baselines = baselines
    coverage = Coverage(rows)
    axes = AxisNames(rows)
    facts = rows.factKeys

    let usual = isTraining ? Metric.trainingHeadline : []
    let measured = rows.measured
    self.measured = measured
    let shown = Self.headline(headline.isEmpty ? usual : headline, of: measured)
    self.headline = shown
    let judged = (primary.isEmpty ? shown : primary).filter { $0.direction != nil }
    self.primary = judged
    let asked = isTraining && variants.count == 2 ? judged + TrainingQuestions.stability : judged
    let points = Self.points(of: rows)
    self.rows = points.flatMap(\.self)
    commonReason = Self.commonReason(of: rows, coverage)
    let verdicts = Set(asked)
    blocks = points.mappedByThreads { point, before in
      SummaryBlock(
        axes: point[0].axes, rows: point, variants: variants, baselines: baselines,
        primary: verdicts, like: before)
    }
    sweepRates()
    axisComparisons = unjudgedAxisComparisons
    judge()
    readBlocks()
  }

  /// Judges all that the summary compares as one table.
  private mutating func judge() {
    var all = comparisons
    tests = Comparison.judge(&all)
    var next = all.makeIterator()
    for block in blocks.indices {
      for line in blocks[block].judged.indices {
        for place in blocks[block].judged[line].comparisons.indices {
          if let values = next.next() {
            blocks[block].judged[line].comparisons[place].values = values
          }
        }
      }
    }
    for place in rateComparisons.indices {
      if let values = next.next() { rateComparisons[place].variants.values = values }
    }
    for place in axisComparisons.indices {
      if let values = next.next() { axisComparisons[place].values.values = values }
    }
    for place in stabilities.indices {
      for measure in stabilities[place].measures.indices {
        if let values = next.next() {
          stabilities[place].measures[measure].comparison.values = values
        }
      }
    }
  }

  /// All that is compared, as it was judged.
  var comparisons: [Comparison] {
    blocks.flatMap { $0.judged.flatMap { $0.comparisons.map(\.values) } }
      + rateComparisons.map(\.variants.values) + axisComparisons.map(\.values.values)
      + stabilities.flatMap { $0.measures.map(\.comparison.values) }
  }

  // Grouped in one pass: a matrix may have thousands of points.
  private static func points(of rows: [CellRow]) -> [[CellRow]] {
    var points: [[CellRow]] = []
    var places: [Point: Int] = [:]
    for (row, point) in zip(rows, rows.mappedByThreads { row, _ in Point(row.axes) }) {
      if let place = places[point] {
        points[place].append(row)
      } else {
        places[point] = points.count
        points.append([row])
      }
    }
    return points
  }

  /// Where the variants are not compared on equal terms: in size, in work, in what ran.
  package var fairnessNotes: [String] { OverviewNotes(summary: self).fairness }

  /// Finds what rests on the blocks as they are now.
  mutating func readBlocks() {
    predictions = measuredPredictions
    bounds = answeredBounds
  }

  static func commonReason(of rows: [CellRow], _ coverage: Coverage) -> String? {
    if coverage.ok > 0 { return nil }
    let reasons = rows.lazy.filter(\.status.isPlanned).map {
      [$0.status.words, $0.reason].compactMap(\.self).joined(separator: ": ")
    }.unique
    return reasons.count == 1 ? reasons[0] : nil
  }

  /// The variant that those are held against which state no other.
  package var baseline: String? { baselines.usual }

  /// Whether the questions of a training are answered: a train workload of two variants.
  package var asksVerdict: Bool { isTraining && variants.count == 2 }

  /// Whether one table of all that was varied says more than one a point: all but the training of
  /// one or two variants.
  package var isWide: Bool {
    !blocks.isEmpty && (!isTraining || variants.count > 2 || !axes.keys.isEmpty)
  }

  private static func headline(_ metrics: [Metric], of measured: [Metric]) -> [Metric] {
    if metrics.isEmpty { return Array(measured.filter { $0.predicts == nil }.prefix(6)) }
    return metrics.filter(measured.contains)
  }
}

/// A point of the axes as a key, whose hash is made with it, by any thread.
struct Point: Hashable, Sendable {
  let axes: [CellRow.Entry]
  private let hash: Int

  init(_ axes: [CellRow.Entry]) {
    self.axes = axes
    // By the values alone: mostly all points have the same axes.
    var hasher = Hasher()
    for entry in axes { hasher.combine(entry.value) }
    hash = hasher.finalize()
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

/// How many of the planned cells ended well, and how the others ended.
package struct Coverage: Equatable, Sendable {
  /// The number of cells by status.
  package let counts: [CellStatus: Int]

  package init(_ rows: some Sequence<CellRow>) {
    counts = rows.reduce(into: [:]) { $0[$1.status, default: 0] += 1 }
  }

  package var ok: Int { counts[.ok] ?? 0 }

  /// All cells but the excluded ones.
  package var planned: Int { counts.filter { $0.key.isPlanned }.values.reduce(0, +) }

  /// `46 of 48 cells ok: 1 oom, 1 diverged; 2 excluded`.
  package var text: String {
    let others = CellStatus.allCases.filter { $0.isPlanned && $0 != .ok }.compactMap { status in
      counts[status].map { "\($0) \(status.rawValue.replacing("_", with: " "))" }
    }
    let excluded = counts[.excluded].map { "; \($0) excluded" } ?? ""
    let listed = others.isEmpty ? "" : ": " + others.joined(separator: ", ")
    return "\(ok) of \(planned) \(planned == 1 ? "cell" : "cells") ok" + listed + excluded
  }
}

// The summary of a run on disk, with what its record says of the experiment.

extension StoredRun {
  /// The summary of what there is.
  package var summary: Summary { summary(of: rows) }

  /// The summary of rows that may be newer than those of this run.
  package func summary(of rows: [CellRow]) -> Summary {
    Summary(
      of: MachineFact.completed(rows, record?.host), record, experiment: folder.experiment,
      question: question)
  }
}

extension Summary {
  /// The summary of rows, as the run's record asks for it.
  init(of rows: [CellRow], _ record: RunRecord?, experiment: String, question: String?) {
    let told = record?.summary ?? RunRecord.SummaryOptions()
    self.init(
      experiment: experiment, question: question, rows: rows, compare: told.compare,
      isTraining: told.isTraining,
      headline: told.headline.compactMap(Metric.named),
      primary: told.primary.compactMap(Metric.named),
      scaling: told.scaling.compactMap(Metric.named))
    expectations = told.expectations
    // Where nothing was measured nothing was disturbed.
    loadNote =
      coverage.ok == 0 ? nil : record.flatMap { $0.load?.note(cores: $0.host.logicalCores) }
    let devices = rows.devices
      .filter { $0.isGPU || $0.fallback != nil && record?.plugin != nil }
    deviceNote =
      devices.isEmpty ? nil : "ran on " + devices.map(\.text).unique.joined(separator: "; on ")
  }
}
