// The notes under a table: what is missing, what the number of seeds can and cannot show, and
// where the variants were not compared on equal terms.

import Config
internal import Foundation
import Records
import Statistics

/// The notes of one block, in the order in which they are printed.
struct SummaryNotes {
  private let block: SummaryBlock
  /// The tests of the whole summary.
  private let tests: Int

  init(_ block: SummaryBlock, tests: Int) {
    self.block = block
    self.tests = tests
  }

  var all: [String] {
    models + concurrency + machines + missing + absences + seeds + correction + confounded + unfair
  }

  // Cells that ran side by side shared the machine.
  var concurrency: [String] {
    let most = block.rows.compactMap { $0.fact("concurrent_cells")?.whole }.max() ?? 1
    return most > 1
      ? ["up to \(most) cells ran at once and shared the machine: times say little"] : []
  }

  // Cells of one run may run on several machines; the facts name those that the run was not
  // prepared on.
  var machines: [String] { Self.processors(of: block.rows).map { [$0] } ?? devices }

  /// That cells ran on unlike processors; nil where they did not.
  static func processors(of rows: [CellRow]) -> String? {
    let machines = rows.filter { $0.status == .ok }.map { row in
      [row.fact("cpu")?.text, row.fact("isa")?.text].compactMap(\.self).joined(separator: ", ")
    }.unique
    guard machines.count > 1 else { return nil }
    let names = machines.filter { !$0.isEmpty }.joined(separator: "; ")
    return note("processors (\(names)), so that comparisons are confounded with them")
  }

  // Of one variant: what tells variants apart has a note of its own.
  var devices: [String] {
    if block.mostCells < 2 { return [] }
    let variants = Dictionary(grouping: block.rows.filter { $0.status == .ok }, by: \.variant)
    let names = variants.values.map { $0.compactMap { DeviceUse($0)?.name }.unique }
    guard let mixed = names.first(where: { $0.count > 1 }) else { return [] }
    return [Self.note("devices (\(mixed.joined(separator: ", ")))")]
  }

  private static func note(_ what: String) -> String {
    "cells ran on different \(what): times do not compare, and losses may differ in their last "
      + "digits"
  }

  /// The facts that `models` tells of.
  static let modelFacts = ["beginning", "departures"]

  // What a training took over of a stored model, and where a model is not as it is stored.
  var models: [String] {
    block.rows.flatMap { row in
      [
        row.fact("beginning")?.text,
        row.fact("departures")?.text.map { "departs from the stored model: \($0)" },
      ].compactMap(\.self).map { block.variants.count > 1 ? "\(row.variant) \($0)" : $0 }
    }.unique
  }

  // Cells that did not end well, each with its reason: never averaged over, never left out.
  private var missing: [String] {
    block.rows.filter { $0.status != .ok }.map { row in
      let reason = row.reason.map { ": " + $0 } ?? ""
      let name = row.variant.isEmpty ? "" : row.variant + ", "
      return "\(name)seed \(row.seed): \(row.status.words)\(reason)"
    }
  }

  // Why cells that ended well have no value of a metric: of some variants, or of all that ran.
  var absences: [String] {
    let done = block.rows.filter { $0.status == .ok }
    let variants = done.map(\.variant).unique.count
    return Metric.absenceFacts.flatMap { key -> [String] in
      let told = done.compactMap { row in row.fact(key)?.text.map { (row.variant, $0) } }
      return told.map(\.1).unique.map { reason in
        let some = told.filter { $0.1 == reason }.map(\.0).unique
        return some.count == variants ? reason : "\(some.joined(separator: ", ")): \(reason)"
      }
    }
  }

  private var seeds: [String] {
    if block.seeds == 1, !comparesVariants { return ["1 seed: no spread can be given"] }
    // What rounds tell of needs no further seeds.
    let rounds = rounds
    let seeds = Self.seeds(block.seeds, compares: comparesVariants)
    return (block.seeds == 1 && !rounds.isEmpty ? [] : seeds) + rounds
  }

  // Times that are judged by the rounds that they were measured in.
  var rounds: [String] {
    if block.rows.allSatisfy({ $0.rounds == nil }) { return [] }
    let judged = block.lines.filter { line in line.comparisons.contains { $0.values.hasRounds } }
    let counts = Set(judged.flatMap { $0.comparisons.map(\.values.test.n) }).sorted()
    guard let most = counts.last else { return [] }
    return [
      "\(judged.map(\.metric.name).joined(separator: ", ")): compared over \(most) rounds in "
        + "which the variants took turns, each in a process of its own; the interval is of this "
        + "machine during this run"
    ]
  }

  private var comparesVariants: Bool {
    block.variants.contains { block.baselines.baseline(of: $0) != nil }
  }

  /// What so many seeds can show and what not.
  static func seeds(_ n: Int, compares: Bool) -> [String] {
    switch n {
    case 0: return []
    case 1:
      return [
        "1 seed: no interval can be given; \(Comparison.fewSeeds) seeds can show a large difference"
      ]
    default:
      if !compares { return ["mean ± sd (number of seeds)"] }
      return [
        "mean ± sd (number of seeds); differences are paired by seed, with a 95 % t interval"
      ]
    }
  }

  // Which lines get a verdict, and what it takes.
  private var correction: [String] {
    let judged = block.judged.filter { line in
      line.comparisons.contains { $0.values.holmP != nil }
    }
    if judged.isEmpty { return [] }
    let names = judged.map(\.metric.name).joined(separator: ", ")
    return [
      "tested: \(names); a verdict needs p < 0.05 after Holm's correction over the \(tests) "
        + (tests == 1 ? "test" : "tests")
        + " of the run; other figures that vary are described only"
    ] + disagreements
  }

  private var disagreements: [String] {
    block.lines.flatMap { line in
      line.comparisons.compactMap { $0.values.disagreement(line.metric) }
    }
  }

  private static let told =
    Set([
      "loss_hash", "hardest_class", "concurrent_cells", "departures", "beginning", "node", "cpu",
      "isa",
    ])
    .union(StandIns.facts).union(Metric.absenceFacts)

  /// Whether a fact is not what the comparison is of: the hash of a curve differs whenever anything
  /// does, and a class that is told worst is a result; what has a note of its own is told there.
  private static func isTold(_ key: String) -> Bool {
    told.contains(key) || key.hasSuffix("_requested") || key.hasSuffix("_reason")
  }

  /// Whether all cells have the same facts, but for what is told otherwise, as those of most points
  /// have.
  private var ranAlike: Bool {
    guard let first = block.rows.first?.facts else { return true }
    return block.rows.dropFirst().allSatisfy { row in
      let facts = row.facts
      return facts.count == first.count
        && facts.indices.allSatisfy { place in
          let (one, other) = (facts[place], first[place])
          return one.key == other.key && (one.value == other.value || Self.isTold(one.key))
        }
    }
  }

  // A fact that differs between variants but not within one: the comparison is of that too.
  var confounded: [String] {
    guard block.variants.count > 1, !ranAlike else { return [] }
    var keys: [String] = []
    for fact in block.rows.flatMap(\.facts) where !keys.contains(fact.key) { keys.append(fact.key) }
    // What ran as it was asked for is the comparison, and its reason goes with it.
    keys.removeAll { key in
      Self.isTold(key)
        || block.rows.allSatisfy { $0.fact(key) == $0.fact(key + "_requested") }
    }
    return keys.compactMap { key in
      let values = block.variants.compactMap { variant -> (String, String)? in
        let row = block.rows.first { $0.variant == variant && $0.fact(key) != nil }
        guard let value = row?.fact(key), value != .null else { return nil }
        return (variant, value.text ?? value.line)
      }
      guard Set(values.map(\.1)).count > 1 else { return nil }
      let list = values.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
      return "what ran differs in \(key): \(list)"
    }
  }

  /// What should be alike where variants are compared, and what it is called.
  static let measures: [(Metric, String)] = [
    (.parameters, "parameters"), (.modelFLOPsPerToken, "FLOPs per token"),
    (.tokens, "training tokens"), (.attentionPairs, "pairs of query and key"),
  ]

  // More than 1 % apart in size or work: the reader must know before reading the losses.
  var unfair: [String] {
    Self.measures.flatMap { metric, noun in
      (block.line(metric)?.comparisons ?? []).compactMap { comparison in
        guard let ratio = Self.unequal(comparison.values),
          let above = comparison.values.subject.mean,
          let below = comparison.values.baseline.mean
        else { return nil }
        let causes = metric == .parameters ? causes(comparison.subject) : ""
        return "not like for like: \(comparison.subject) has \(Self.more(ratio)) "
          + "\(noun) \(ratio < 2 ? "than" : "as") \(comparison.baseline) "
          + "(\(metric.text(above)) against \(metric.text(below)))\(causes)"
      }
    }
  }

  // Where the difference lies: SwiGLU has a third matrix, MQA and GQA smaller projections of keys
  // and values.
  private func causes(_ variant: String) -> String {
    let parts: [(Metric, String)] = [
      (.attentionParameters, "attention's projections"), (.feedForwardParameters, "feed-forwards"),
    ]
    let texts = parts.compactMap { metric, noun -> String? in
      guard let comparison = block.line(metric)?.comparison(variant),
        let ratio = Self.unequal(comparison.values)
      else { return nil }
      return "\(Self.more(ratio)) in the \(noun)"
    }
    return texts.isEmpty ? "" : ": " + texts.joined(separator: ", ")
  }

  /// The ratio where it is off by more than 1 %.
  static func unequal(_ comparison: Comparison) -> Double? {
    comparison.ratio.flatMap { abs($0 - 1) > 0.01 ? $0 : nil }
  }

  /// `20.5 % more` (than), `4.3 times as many` (as).
  private static func more(_ ratio: Double) -> String {
    ratio >= 2
      ? String(format: "%.1f times as many", ratio)
      : String(format: "%.1f %% ", abs(ratio - 1) * 100) + (ratio < 1 ? "fewer" : "more")
  }

  /// A probability with two significant figures: 0.25, 0.031, 0.0005.
  static func p(_ value: Double) -> String {
    value < 0.0001 ? "0.0001" : String(format: "%.2g", value)
  }
}
