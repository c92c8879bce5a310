// DiffPage: a diff for people, on a terminal and in Markdown.

import Config
internal import Foundation
import Records
package import Statistics

extension RunDiff {
  /// The diff as a document.
  package var page: Page {
    var blocks: [DocumentBlock] = [
      .paragraph("base \(base.name): \(base.coverage.text)"),
      .paragraph("new \(new.name): \(new.coverage.text)"),
    ]
    blocks += standIns
    if let obstacle {
      blocks.append(.paragraph("not comparable: \(obstacle)"))
      let lacks = notCompared.map { ListItem($0) }
      if !lacks.isEmpty { blocks.append(.list(lacks)) }
      return Page(blocks + gapBlocks)
    }
    if let confounded = factors.confounded {
      blocks.append(.paragraph("confounded: \(confounded)"))
    }
    if let weights = factors.weights {
      blocks.append(.paragraph("weights differ: \(weights.base), \(weights.new)"))
    }
    blocks += [.heading(keysTitle, level: 2)]
    if !factors.keys.isEmpty { blocks.append(.table(keysTable)) }
    blocks += [.heading("Results", level: 2), .table(table)]
    let notes = self.notes
    if !notes.isEmpty { blocks.append(.list(notes.map { ListItem($0) })) }
    return Page(blocks + gapBlocks)
  }

  // What a side is not of is said before its figures.
  private var standIns: [DocumentBlock] {
    let sides = [("base", base), ("new", new)].map { name, side in
      (name: name, notes: StandIns(side.cells.map(\.row)).notes)
    }
    if sides[0].notes == sides[1].notes {
      return sides[0].notes.map { .paragraph("neither is of what was asked for: \($0)") }
    }
    return sides.flatMap { side in
      side.notes.map { .paragraph("\(side.name) is not of what was asked for: \($0)") }
    }
  }

  private var keysTitle: String {
    let count = factors.keys.count
    return count == 0
      ? "No configuration key differs (\(factors.sameKeys) are the same)"
      : "\(count) configuration \(count == 1 ? "key differs" : "keys differ"), "
        + "\(factors.sameKeys) are the same"
  }

  private var keysTable: Table {
    let isPartly = factors.keys.contains { $0.points < factors.points }
    return Table(
      header: ["key", "base", "new"] + (isPartly ? ["points"] : []),
      rows: factors.keys.map { change in
        [change.key, Self.text(change.base), Self.text(change.new)]
          + (isPartly ? ["\(change.points) of \(factors.points)"] : [])
      }, left: [0, 1, 2])
  }

  private static func text(_ value: JSON) -> String {
    value == .null ? "-" : value.text ?? value.line
  }

  private var table: Table {
    let hasPoints = changes.contains { !$0.point.isEmpty }
    let needs = changes.map { $0.seedsText(tests: tests) }
    let hasNeeds = needs.contains { $0 != nil }
    let rows = zip(changes, needs).map { change, need in
      (hasPoints ? [change.point] : []) + [
        change.metric.name, Self.text(change.metric, change.base),
        Self.text(change.metric, change.new), Self.changeText(change),
        change.values.holmP == nil ? "" : change.values.p.map(SummaryNotes.p) ?? "",
        change.values.holmP.map(SummaryNotes.p) ?? "",
      ] + (hasNeeds ? [need ?? ""] : []) + [change.metric.text(change.verdict)]
    }
    let moved = Set(changes.filter { $0.verdict != .same }.map(\.metric))
    let means = self.means.filter { moved.contains($0.metric) }.map { mean in
      (hasPoints ? ["all \(mean.points) points"] : []) + [
        mean.metric.name, "", "",
        mean.metric.comparesByRatio
          ? Comparison.ratioText(mean.ratio) + " x"
          : String(format: "%+.1f %%", (mean.ratio - 1) * 100), "", "",
      ] + (hasNeeds ? [""] : []) + ["geometric mean"]
    }
    let header =
      (hasPoints ? ["where"] : []) + ["metric", "base", "new", "change [95 %]", "p", "Holm"]
      + (hasNeeds ? ["needs"] : []) + ["new is"]
    return Table(
      header: header, rows: rows + means,
      left: hasPoints ? [0, 1, header.count - 1] : [0, header.count - 1],
      joined: Set(header.indices.suffix(from: hasPoints ? 5 : 4)))
  }

  private static func text(_ metric: Metric, _ sample: Sample) -> String {
    guard let mean = sample.mean else { return "-" }
    guard let sd = sample.sd, !(metric.isExact && sample.isConstant) else {
      return metric.text(mean)
    }
    return "\(metric.text(mean, sd: sd)) (\(sample.n))"
  }

  private static func changeText(_ change: MetricChange) -> String {
    if change.difference == 0 { return "0" }
    guard let share = change.change, !change.metric.comparesByRatio else {
      return change.metric.text(change.values)
    }
    let text = String(format: "%+.1f %%", share * 100)
    guard let interval = change.changeInterval else { return text }
    return text + String(format: " [%+.1f, %+.1f]", interval.low * 100, interval.high * 100)
  }

  private var notes: [String] {
    var notes = ["\(compared) of \(planned) cells compared"] + notCompared
    let names = changes.compactMap(\.values.testName).unique
    if tests > 0, !names.isEmpty {
      notes.append(
        "p, two-sided, by \(names.joined(separator: " and ")); Holm: corrected over the "
          + "\(tests) \(tests == 1 ? "test" : "tests") of "
          + (isOneRun ? "the run's summary" : "this table") + "; a verdict needs Holm < 0.05")
    }
    let timed = changes.filter(\.values.hasRounds).map(\.metric.name).unique
    if !timed.isEmpty {
      notes.append(
        "\(timed.joined(separator: ", ")): tested over the rounds that the times were "
          + "measured in, by their logarithms"
      )
    }
    notes += changes.compactMap { $0.values.disagreement($0.metric) }.unique
    let few = changes.compactMap { change -> Int? in
      if case .undecided(.fewSeeds(let n)) = change.verdict { n } else { nil }
    }
    if let n = few.min() {
      notes.append(
        (n == 1 ? "1 seed shows no spread" : "\(n) seeds show little of the spread")
          + "; \(Comparison.fewSeeds) seeds or more, the same on both sides, can show a large change"
      )
    }
    if changes.contains(where: { $0.seedsText(tests: tests) != nil }) {
      notes.append(
        "needs: about so many seeds would show a change as large as the one seen, four times in five"
      )
    }
    if let noise { notes.append(noise) }
    if !regressions.isEmpty {
      notes.append(
        "worse by more than \(Metric.percent(threshold)): \(regressions.joined(separator: "; "))"
      )
    }
    return notes
  }

  private var gapBlocks: [DocumentBlock] {
    if gaps.isEmpty { return [] }
    return [
      .heading("Not compared", level: 2), .list(gapTexts.map { ListItem($0) }),
    ]
  }

  // Seeds of one point that fared alike share a line.
  private var gapTexts: [String] {
    var groups: [(gap: DiffGap, seeds: [Int])] = []
    for gap in gaps {
      if let place = groups.firstIndex(where: { $0.gap.isLike(gap) }) {
        groups[place].seeds.append(gap.seed)
      } else {
        groups.append((gap, [gap.seed]))
      }
    }
    return groups.map { $0.gap.text(seeds: $0.seeds) }
  }
}
