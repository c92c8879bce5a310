// How often a whole table is wrong and how often it is right, counted over simulated runs: every
// verdict that a reader could take for a winner counts, wherever it stands, in the summary, in the
// report and in a diff of two runs.

import Analysis
import Foundation
import Records
import Statistics
import TestSupport
import Testing

@Suite("How often tables err")
struct TableRateTests {
  /// Tables of each kind; RUNEXP_TABLES asks for more.
  private static let tables =
    ProcessInfo.processInfo.environment["RUNEXP_TABLES"].flatMap { Int($0) } ?? 100
  /// Fewer where each takes long to make; all of them where many were asked for.
  private static func tables(every share: Int) -> Int {
    tables >= 1000 ? tables : max(1, tables / share)
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

  /// The most of so many tables that may claim something: a program that errs as often as it may
  /// errs oftener than this in one test of a thousand, by the binomial distribution.
  private static func limit(_ noise: TrainingSimulation.Noise, of tables: Int) -> Int {
    let share = noise == .normal ? 0.05 : 0.07
    var (count, beyond) = (0, 1.0)
    var exactly = pow(1 - share, Double(tables))
    while count < tables {
      beyond -= exactly
      if beyond < 0.001 { break }
      exactly *= share / (1 - share) * Double(tables - count) / Double(count + 1)
      count += 1
    }
    return count
  }

  /// Counts the tables that claim something, for each kind of noise.
  private func expectFew(
    _ kind: String, variants: Int, seeds: Int, tables: Int = tables,
    _ claims: (inout TrainingSimulation) -> Bool
  ) {
    for noise in TrainingSimulation.Noise.allCases {
      var simulation = TrainingSimulation(
        noise, variants: variants, seeds: seeds, seed: UInt64(100 * variants + seeds))
      var found = 0
      for _ in 0..<tables {
        simulation.drawSeeds()
        if claims(&simulation) { found += 1 }
      }
      if Self.tables >= 1000 {
        print("\(kind): \(variants) variants, \(seeds) seeds, \(noise): \(found) of \(tables)")
      }
      #expect(
        found <= Self.limit(noise, of: tables), "\(kind), \(noise): \(found) of \(tables)")
    }
  }

  @Test(
    "summary: of equal variants one wins in at most 5 % of the tables, 7 % with other noise",
    arguments: [2, 3, 4], [2, 3, 6, 10])
  func equal(variants: Int, seeds: Int) {
    expectFew("summary", variants: variants, seeds: seeds) { simulation in
      !Self.claims(Summary(experiment: "aa", rows: simulation.rows(), isTraining: true)).isEmpty
    }
  }

  @Test(
    "diff: the same of two equal runs, on a calibrated host", arguments: [2, 3, 4], [2, 3, 6, 10])
  func equalRuns(variants: Int, seeds: Int) throws {
    let place = try TemporaryFolder()
    let folders = try (0..<2).map { _ in try RunFolder.create(in: place.path, experiment: "aa") }
    expectFew("diff", variants: variants, seeds: seeds, tables: Self.tables(every: 5)) {
      simulation in
      let calibration = NoiseFloor(
        runs: (0..<5).map { _ in
          simulation.drawSeeds()
          return simulation.rows(state: 0.05)
        })
      var options = RunDiff.Options()
      options.floor = { metric, _ in calibration.floors[metric.name] }
      let sides = folders.map { DiffSide(simulation.run(in: $0, state: 0.05)) }
      let diff = RunDiff(sides[0], sides[1], options)
      #expect(diff.obstacle == nil && diff.tests >= (seeds > 2 ? variants : 0))
      return diff.exitCode != 0 || diff.changes.contains { [.better, .worse].contains($0.verdict) }
    }
  }

  @Test(
    "report: it names a winner where the summary does, and nowhere else",
    arguments: [2, 3, 4], [2, 3, 6, 10])
  func equalPages(variants: Int, seeds: Int) throws {
    let place = try TemporaryFolder()
    let folder = try RunFolder.create(in: place.path, experiment: "aa")
    expectFew("report", variants: variants, seeds: seeds, tables: Self.tables(every: 25)) {
      simulation in
      let run = simulation.run(in: folder)
      let html = Report(run).html
      let names = html.contains(">better<") || html.contains(">worse<")
      #expect(names == !Self.claims(run.summary).isEmpty)
      return names
    }
  }

  @Test("report: a planted effect is named", arguments: [2, 4])
  func plantedPage(variants: Int) throws {
    var simulation = TrainingSimulation(.normal, variants: variants, seeds: 6, seed: 3)
    let place = try TemporaryFolder()
    let folder = try RunFolder.create(in: place.path, experiment: "aa")
    let html = Report(simulation.run(in: folder, shift: -30)).html
    #expect(html.contains(">better<") || html.contains(">worse<"))
  }

  @Test(
    "a planted effect is found in nine of ten tables: 3 sd with 10 seeds, 20 sd with 3",
    arguments: [(10, 3.0), (3, 20.0)], [2, 4])
  func planted(_ effect: (seeds: Int, sd: Double), variants: Int) {
    var simulation = TrainingSimulation(.normal, variants: variants, seeds: effect.seeds, seed: 7)
    let found = (0..<Self.tables).count { _ in
      simulation.drawSeeds()
      let line = Summary(
        experiment: "aa", rows: simulation.rows(shift: -effect.sd), compare: ["v0": "v1"],
        isTraining: true
      ).blocks.first?.line(.valLoss)
      return line?.comparison("v0")?.winner == "v0"
    }
    #expect(Double(found) >= 0.9 * Double(Self.tables), "\(found) of \(Self.tables)")
  }
}
