// Times measured in rounds: how cells take turns, and how often a verdict on their times is wrong
// on a simulated machine whose pace drifts, wanders and is disturbed.

import Analysis
import Config
import Experiments
import Foundation
import Records
import Statistics
import TestSupport
import Testing

@Suite("Rounds of measurement")
struct TurnTests {
  @Test("cells take turns forwards and backwards, and go on where they stopped")
  func order() {
    #expect(ExecutionOrder.turns(of: [4, 4], done: [0, 0]) == [0, 1, 1, 0, 1, 0, 0, 1])
    #expect(ExecutionOrder.turns(of: [2, 2, 2], done: [0, 0, 0]) == [0, 1, 2, 2, 1, 0])
    #expect(ExecutionOrder.turns(of: [4, 4], done: [2, 1]) == [1, 1, 0, 0, 1])
    #expect(ExecutionOrder.turns(of: [1, 3], done: [0, 0]) == [0, 1, 1, 1])
    #expect(
      ExecutionOrder.turns(of: [2], done: [2]) == [] && ExecutionOrder.turns(of: [], done: []) == []
    )
    // Each of two is first as often as the other.
    let turns = ExecutionOrder.turns(of: [6, 6], done: [0, 0])
    #expect(stride(from: 0, to: 12, by: 2).count { turns[$0] == 0 } == 3)
  }

  enum Machine: CaseIterable { case steady, drifting, wandering, disturbed }

  /// A machine whose pace changes from process to process; what it does to all is in `state`.
  private struct Clock {
    let machine: Machine
    var random: Simulation
    var state = 0.0
    var slope = 0.0

    init(_ machine: Machine, seed: UInt64) {
      self.machine = machine
      random = Simulation(seed: seed)
    }

    /// Another run begins.
    mutating func begin() {
      slope = machine == .drifting ? 0.1 * random.normal() : 0
      state = 0
    }

    /// The logarithm of the next process's time, beside what it takes by itself.
    mutating func next() -> Double {
      state += slope
      if machine == .wandering { state = 0.9 * state + 0.1 * random.normal() }
      let burst = machine == .disturbed && random.uniform() < 0.1 ? random.uniform() : 0
      return state + burst + 0.02 * random.normal()
    }
  }

  /// The rows of a run of so many variants at two lengths, the first faster by a share.
  private func rows(
    _ variants: Int, rounds: Int = 6, faster share: Double = 0, takeTurns: Bool = true,
    _ clock: inout Clock
  ) -> [CellRow] {
    var start = 0.0
    return [512, 1024].flatMap { length -> [CellRow] in
      clock.begin()
      var rows = (0..<variants).map { variant in
        CellRow(
          cell: "c-\(variant)-\(length)", experiment: "aa", variant: "v\(variant)", seed: 1,
          axes: [.init("workload.sequence", .integer(length))], status: .ok)
      }
      var measured = rows.map { _ in [TimingRound]() }
      let counts = rows.map { _ in rounds }
      let order =
        takeTurns
        ? ExecutionOrder.turns(of: counts, done: counts.map { _ in 0 })
        : (0..<variants).flatMap { variant in (0..<rounds).map { _ in variant } }
      for variant in order {
        start += 0.1
        let pace = exp(clock.next()) * (variant == 0 ? 1 - share : 1)
        var round = TimingRound()
        round.start = start
        round.metrics[.forwardSeconds] = 0.01 * pace * exp(0.01 * clock.random.normal())
        round.metrics[.backwardSeconds] = 0.02 * pace * exp(0.01 * clock.random.normal())
        measured[variant].append(round)
      }
      for variant in rows.indices {
        rows[variant].rounds = measured[variant]
        for metric in [Metric.forwardSeconds, .backwardSeconds] {
          rows[variant].metrics[metric] = measured[variant].mean(metric)
        }
      }
      return rows
    }
  }

  private func summary(_ rows: [CellRow]) -> Summary {
    let times: [Metric] = [.forwardSeconds, .backwardSeconds]
    return Summary(
      experiment: "aa", rows: rows, isTraining: false, headline: times, primary: times)
  }

  private func winners(_ rows: [CellRow]) -> [String] {
    summary(rows).differences.compactMap(\.comparison.winner)
  }

  @Test(
    "of equal cells that took turns one wins in at most 5 % of the tables, on any machine",
    arguments: Machine.allCases, [2, 3])
  func equal(machine: Machine, variants: Int) {
    let tables = 300
    var clock = Clock(machine, seed: 4)
    let found = (0..<tables).count { _ in !winners(rows(variants, &clock)).isEmpty }
    let limit = 0.05 * Double(tables) + 3 * (0.05 * 0.95 * Double(tables)).squareRoot()
    #expect(Double(found) <= limit, "\(found) of \(tables)")
  }

  /// What a cell must save before one seed tells it in nine tables of ten: on a steady machine a
  /// tenth; on a busy one, as much as flash attention saves over naive attention at 1024 tokens.
  @Test(
    "a cell that takes less time is found from one seed, on any machine, and never the wrong way",
    arguments: [
      (Machine.steady, 0.1), (.wandering, 0.4), (.drifting, 0.4), (.disturbed, 0.6),
    ])
  func faster(machine: Machine, share: Double) {
    var clock = Clock(machine, seed: 5)
    let tables = (0..<100).map { _ in winners(rows(2, rounds: 12, faster: share, &clock)) }
    let found = tables.count { $0.count == 4 }
    #expect(found >= 90, "\(found) of 100")
    #expect(tables.joined().allSatisfy { $0 == "v0" })
  }

  @Test("cells that were measured one after the other are not compared by their rounds")
  func noTurns() throws {
    var clock = Clock(.steady, seed: 6)
    let rows = rows(2, faster: 0.5, takeTurns: false, &clock)
    let verdicts = summary(rows).differences.map(\.comparison.verdict)
    #expect(!verdicts.isEmpty && verdicts.allSatisfy { $0 == .undecided(.fewSeeds(1)) })
    // A seed that did not take turns takes the others' word too.
    var mixed = self.rows(2, faster: 0.5, &clock)
    mixed[0].rounds = nil
    let half = summary(mixed).differences.map(\.comparison.values.hasRounds)
    #expect(half == [false, false, true, true])
  }

  @Test("figures and words agree: the ratio is that of the times shown, within its interval")
  func figures() throws {
    var clock = Clock(.wandering, seed: 7)
    let summary = summary(rows(2, faster: 0.5, &clock))
    let values = try #require(summary.differences.first?.comparison.values)
    let ratio = try #require(values.ratio)
    let (above, below) = (try #require(values.subject.mean), try #require(values.baseline.mean))
    #expect(abs(ratio - above / below) < 1e-12)
    #expect(abs(log(ratio) - (try #require(values.test.estimate))) < 1e-9)
    let interval = try #require(values.interval)
    let difference = try #require(values.difference)
    #expect(interval.low < difference && difference < interval.high)
    let text = summary.document.text
    #expect(text.contains("over 6 rounds in which the variants took turns"), "\(text)")
    #expect(!text.contains("1 seed: cannot tell differences in forward_seconds"), "\(text)")
    #expect(text.contains("forward_seconds against v0: worse: v1 "))
  }
}
