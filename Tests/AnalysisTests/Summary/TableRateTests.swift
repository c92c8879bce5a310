// How often a whole summary is wrong and how often it is right, counted over simulated runs: every verdict that a
// reader could take for a winner counts, wherever it stands.

import Analysis
import Foundation
import Records
import Statistics
import TestSupport
import Testing

@Suite("How often the summary errs")
struct TableRateTests {
  /// Tables of each kind; RUNEXP_TABLES asks for more.
  private static let tables =
    ProcessInfo.processInfo.environment["RUNEXP_TABLES"].flatMap { Int($0) } ?? 100

  enum Noise: String, CaseIterable { case normal, skewed, heavyTailed }

  private static func draw(_ noise: Noise, _ random: inout Simulation) -> Double {
    switch noise {
    case .normal: random.normal()
    case .skewed: random.skewed()
    case .heavyTailed: random.heavyTailed()
    }
  }

  /// What a training reports and varies from seed to seed, with its spread as a share.
  private static let metrics: [(Metric, Double)] = [
    (.valLoss, 0.01), (.bestValLoss, 0.01), (.trainLoss, 0.02), (.tokensPerSecond, 0.05),
    (.stepSeconds, 0.05), (.trainSeconds, 0.05), (.seconds, 0.06), (.peakPercent, 0.05),
    (.peakResidentBytes, 0.02), (.gradNormMean, 0.1), (.gradNormSD, 0.2), (.gradNormMax, 0.3),
    (.gradNormCV, 0.2), (.maxAttentionLogit, 0.2),
  ]

  /// The rows of a run whose first variant has another validation loss, by so many standard deviations.
  private static func rows(
    variants: Int, seeds: Int, _ noise: Noise, shift: Double = 0, _ random: inout Simulation
  ) -> [CellRow] {
    // Seeds share data and initial values, so part of the noise is common to all variants.
    let shared = (0..<seeds).map { _ in metrics.map { _ in draw(noise, &random) } }
    return (0..<variants).flatMap { variant in
      (0..<seeds).map { seed in
        var row = CellRow(
          cell: "c-\(variant)-\(seed)", experiment: "aa", variant: "v\(variant)", seed: seed + 1,
          status: .ok)
        for (index, (metric, sd)) in metrics.enumerated() {
          let own = draw(noise, &random) + (metric == .valLoss && variant == 0 ? shift : 0)
          row.metrics[metric] = 2 * (1 + sd * (own + shared[seed][index]))
        }
        row.metrics.set(.lossSpikes, Int(max(0, draw(noise, &random)).rounded()))
        row.metrics.set(.peakBytes, 1 << 20)
        row.metrics.set(.parameters, 1000)
        return row
      }
    }
  }

  /// Every claim of a difference that the summary makes.
  private static func claims(_ summary: Summary) -> [String] {
    let lines = summary.blocks.flatMap(\.lines).flatMap { line in
      line.comparisons.compactMap { $0.winner == nil ? nil : line.metric.name }
    }
    let questions = summary.asksVerdict ? summary.blocks.compactMap(TrainingQuestions.init) : []
    let answers = questions.flatMap(\.questions).filter { question in
      // "Within 1 %" claims no difference.
      question.answer == .yes && !question.words.contains("within") || question.answer == .no
        || question.answer == .mixed
    }
    return lines + answers.map(\.key)
  }

  private static func alarms(variants: Int, seeds: Int, _ noise: Noise) -> Int {
    var random = Simulation(seed: UInt64(100 * variants + seeds))
    return (0..<tables).count { _ in
      let rows = rows(variants: variants, seeds: seeds, noise, &random)
      return !claims(Summary(experiment: "aa", rows: rows, isTraining: true)).isEmpty
    }
  }

  // Three standard deviations of the share that is allowed, over so many tables.
  private static func limit(_ share: Double) -> Double {
    let n = Double(tables)
    return share * n + 3 * (share * (1 - share) * n).squareRoot()
  }

  @Test(
    "equal variants: a winner is named in at most 5 % of the tables, 7 % where the noise is no normal one",
    arguments: [2, 3, 4], [2, 3, 6, 10])
  func equal(variants: Int, seeds: Int) {
    for noise in Noise.allCases {
      let found = Self.alarms(variants: variants, seeds: seeds, noise)
      if Self.tables >= 1000 {
        print("\(variants) variants, \(seeds) seeds, \(noise.rawValue): \(found) of \(Self.tables)")
      }
      #expect(
        Double(found) <= Self.limit(noise == .normal ? 0.05 : 0.07),
        "\(noise.rawValue): \(found) of \(Self.tables)")
    }
  }

  @Test(
    "a planted effect is found in nine of ten tables: 3 sd with 10 seeds, 20 sd with 3",
    arguments: [(10, 3.0), (3, 20.0)], [2, 4])
  func planted(_ effect: (seeds: Int, sd: Double), variants: Int) {
    var random = Simulation(seed: 7)
    let found = (0..<Self.tables).count { _ in
      let rows = Self.rows(
        variants: variants, seeds: effect.seeds, .normal, shift: -effect.sd, &random)
      let line = Summary(
        experiment: "aa", rows: rows, compare: variants > 2 ? ["v0": "v1"] : [:], isTraining: true
      ).blocks.first?.line(.valLoss)
      return line?.comparison("v0")?.winner == "v0"
    }
    #expect(Double(found) >= 0.9 * Double(Self.tables), "\(found) of \(Self.tables)")
  }
}
