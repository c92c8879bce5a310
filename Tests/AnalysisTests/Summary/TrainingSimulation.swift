// Simulated trainings of variants that do not differ, or in the validation loss alone: rows as the
// engine writes them.

import Config
import Foundation
import Records
import TestSupport

/// Makes the rows of simulated runs.
struct TrainingSimulation {
  enum Noise: String, CaseIterable { case normal, skewed, heavyTailed }

  /// What a training reports and varies from seed to seed, with its spread as a share.
  private static let metrics: [(Metric, Double)] = [
    (.valLoss, 0.01), (.bestValLoss, 0.01), (.trainLoss, 0.02), (.tokensPerSecond, 0.05),
    (.stepSeconds, 0.05), (.trainSeconds, 0.05), (.seconds, 0.06), (.peakPercent, 0.05),
    (.peakResidentBytes, 0.02), (.gradNormMean, 0.1), (.gradNormSD, 0.2), (.gradNormMax, 0.3),
    (.gradNormCV, 0.2), (.maxAttentionLogit, 0.2),
  ]

  let noise: Noise
  let variants: Int
  let seeds: Int
  private var random: Simulation
  /// Of each seed and metric: seeds share data and initial values, so part of the noise is common
  /// to all variants.
  private var shared: [[Double]] = []

  init(_ noise: Noise, variants: Int, seeds: Int, seed: UInt64) {
    self.noise = noise
    self.variants = variants
    self.seeds = seeds
    random = Simulation(seed: seed)
    drawSeeds()
  }

  private mutating func draw() -> Double {
    switch noise {
    case .normal: random.normal()
    case .skewed: random.skewed()
    case .heavyTailed: random.heavyTailed()
    }
  }

  /// Other seeds, for the next run that has nothing to do with the last.
  mutating func drawSeeds() {
    shared = (0..<seeds).map { _ in Self.metrics.map { _ in draw() } }
  }

  /// The rows of a run on these seeds.
  ///
  /// - Parameters:
  ///   - shift: of the first variant's validation loss, in standard deviations.
  ///   - state: how far the machine's state in this run moves the logarithms of its times.
  mutating func rows(shift: Double = 0, state: Double = 0) -> [CellRow] {
    let pace = exp(state * random.normal())
    return (0..<variants).flatMap { variant in
      (0..<seeds).map { seed in
        var row = CellRow(
          cell: "c-\(variant)-\(seed)", experiment: "aa", variant: "v\(variant)", seed: seed + 1,
          status: .ok)
        for (index, (metric, sd)) in Self.metrics.enumerated() {
          let own = draw() + (metric == .valLoss && variant == 0 ? shift : 0)
          let value = 2 * (1 + sd * (own + shared[seed][index]))
          // Far out in the tails a spread of 0.3 would make a negative norm.
          row.metrics[metric] = max(value, 0.01) * (metric.isTiming ? pace : 1)
        }
        row.metrics.addUnitsOfLoss()
        row.metrics.set(.lossSpikes, Int(max(0, draw()).rounded()))
        row.metrics.set(.peakBytes, 1 << 20)
        row.metrics.set(.parameters, 1000)
        return row
      }
    }
  }

  /// The same as a run that was read from a folder.
  mutating func run(in folder: RunFolder, shift: Double = 0, state: Double = 0) -> StoredRun {
    var record = RunRecord()
    record.summary.isTraining = true
    record.summary.headline = Metric.trainingHeadline.map(\.name)
    record.summary.primary = ["val_loss", "tokens_per_s", "peak_bytes"]
    let cells = rows(shift: shift, state: state).enumerated().map { index, row in
      var line = PlanLine()
      (line.index, line.cell, line.label) = (index, row.cell, row.cell)
      (line.variant, line.seed) = (row.variant, row.seed)
      line.configuration = ["workload": ["type": "train"]]
      return StoredCell(line, row: row, in: folder)
    }
    return StoredRun(folder, record: record, cells: cells)
  }
}
