// How often diff is wrong and how often it is right, counted over simulated runs.

import Analysis
import Foundation
import Records
import Statistics
import TestSupport
import Testing

@Suite("How often diff errs")
struct DiffRateTests {
  private static let metrics: [Metric] = [.valLoss, .bestValLoss, .trainLoss, .stepSeconds]

  /// A run of so many seeds: noise that seeds share, noise of its own, and a shift of the
  /// validation loss.
  private func cells(
    _ seeds: Int, _ shared: [[Double]], shift: Double, _ random: inout Simulation
  ) -> [DiffCases.Cell] {
    (0..<seeds).map { seed in
      DiffCases.Cell(
        seed: seed + 1,
        metrics: Self.metrics.enumerated().map { index, metric in
          let noise = shared[seed][index] + 0.01 * random.normal()
          return (metric, 2 + noise + (metric == .valLoss ? shift : 0))
        })
    }
  }

  private func claims(
    tables: Int, seeds: Int, shift: Double, seed: UInt64
  ) throws -> (any: Int, effect: Int) {
    var random = Simulation(seed: seed)
    let cases = try DiffCases()
    var count = (any: 0, effect: 0)
    var options = RunDiff.Options()
    options.metrics = Self.metrics
    // Here runs have no state of their own, so that the test alone is tried.
    options.floor = { _, _ in 0 }
    for _ in 0..<tables {
      let shared = (0..<seeds).map { _ in Self.metrics.map { _ in 0.1 * random.normal() } }
      let diff = RunDiff(
        try cases.side(cells(seeds, shared, shift: 0, &random)),
        try cases.side(cells(seeds, shared, shift: shift, &random)), options)
      let found = diff.changes.filter { $0.verdict == .better || $0.verdict == .worse }
      if !found.isEmpty { count.any += 1 }
      if found.contains(where: { $0.metric == .valLoss && $0.verdict == .worse }) {
        count.effect += 1
      }
    }
    return count
  }

  @Test("equal runs: a difference is found in at most 5 % of the tables", arguments: [8, 10])
  func equal(seeds: Int) throws {
    let tables = 200
    let found = try claims(tables: tables, seeds: seeds, shift: 0, seed: UInt64(seeds))
    // Three standard deviations of a share of 5 % over so many tables.
    let limit = 0.05 * Double(tables) + 3 * (0.05 * 0.95 * Double(tables)).squareRoot()
    #expect(Double(found.any) <= limit, "\(found.any) of \(tables)")
  }

  @Test("the same run 20 times: no pair of runs differs")
  func twentyRepeats() throws {
    var random = Simulation(seed: 20)
    let cases = try DiffCases()
    let losses = (0..<8).map { _ in [2 + random.normal(), 0, 0, 0] }
    // Losses are the same bits; times scatter.
    let runs = try (0..<20).map { _ in
      try cases.side(
        losses.enumerated().map { seed, values in
          DiffCases.Cell(
            seed: seed + 1,
            metrics: [(.valLoss, values[0]), (.stepSeconds, 0.1 * (1 + 0.05 * random.normal()))])
        })
    }
    var found = 0
    var options = RunDiff.Options()
    options.floor = { _, _ in 0 }
    for first in 0..<20 {
      for second in (first + 1)..<20 {
        let diff = RunDiff(runs[first], runs[second], options)
        #expect(diff.changes.first { $0.metric == .valLoss }?.verdict == .same)
        if diff.changes.contains(where: { $0.verdict == .better || $0.verdict == .worse }) {
          found += 1
        }
      }
    }
    #expect(Double(found) <= 0.05 * 190, "\(found) of 190")
  }

  @Test("runs with a state of their own, each pair held against a calibration of five others")
  func stateOfTheMachine() throws {
    var random = Simulation(seed: 5)
    let cases = try DiffCases()
    let tables = 300
    var found = (calibrated: 0, not: 0, slower: 0)
    func times(_ factor: Double) -> [DiffCases.Cell] {
      let state = exp(0.05 * random.normal())
      return DiffCases.seeds(
        .stepSeconds,
        (0..<8).map { _ in 0.1 * factor * state * (1 + 0.005 * random.normal()) })
    }
    for _ in 0..<tables {
      let sd = try #require(Sample((0..<5).map { _ in 0.05 * random.normal() }).sd)
      let floor = NoiseFloor.floor(sd: sd, runs: 5)
      var options = RunDiff.Options()
      options.floor = { _, _ in floor }
      let base = try cases.side(times(1))
      let again = try cases.side(times(1))
      func claims(_ diff: RunDiff) -> Bool {
        diff.changes.contains { $0.verdict == .better || $0.verdict == .worse }
      }
      if claims(RunDiff(base, again, options)) { found.calibrated += 1 }
      if claims(RunDiff(base, again)) { found.not += 1 }
      // Five standard deviations of the difference of two runs.
      if RunDiff(base, try cases.side(times(1.42)), options).exitCode == 2 { found.slower += 1 }
    }
    // Three standard deviations of a share of 5 % over so many tables.
    let limit = 0.05 * Double(tables) + 3 * (0.05 * 0.95 * Double(tables)).squareRoot()
    #expect(Double(found.calibrated) <= limit, "\(found.calibrated) of \(tables)")
    #expect(found.not == 0)
    #expect(Double(found.slower) >= 0.9 * Double(tables), "\(found.slower) of \(tables)")
  }

  @Test("a planted effect of three standard deviations of the noise is found in nine of ten tables")
  func planted() throws {
    // The difference of two values scatters by 0.014.
    let found = try claims(tables: 50, seeds: 10, shift: 0.042, seed: 3)
    #expect(found.effect >= 45, "\(found.effect) of 50")
  }
}
