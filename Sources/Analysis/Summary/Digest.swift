// Digest: what stands on the terminal at the end of a run. The answer comes first, then one table
// of the headline metrics with each variant's ratio to its baseline, then what could not be told
// and where the rest is, all in one screen.

import Config
internal import Foundation
import Records
package import Statistics

/// A run in so many lines of so many columns.
package struct Digest {
  static let lines = 40
  /// So many of them at most are notes, fewer where the answers need the room.
  private static let endingLines = [18, 13, 9]

  let summary: Summary
  private let name: String
  let width: Int
  private let sample: CellText?
  private let shapes: Table?
  private let head: [DocumentBlock]
  /// All answers, by how many names they have.
  private let answers: [Int: [ListItem]]
  private let notes: [ListItem]
  /// How predictions did.
  private let predicted: [ListItem]
  /// Every name is worth more than a table of the same figures.
  private static let namings = [Int.max, 8, 4, 2, 1]

  /// - Parameters:
  ///   - name: the run's, as commands take it.
  ///   - width: columns of the terminal.
  ///   - sample: what the best cell wrote.
  ///   - shapes: those of inspected models.
  package init(
    _ summary: Summary, name: String, width: Int, sample: CellText? = nil, shapes: Table? = nil
  ) {
    self.summary = summary
    self.name = name
    self.width = width
    self.sample = sample
    self.shapes = shapes
    head = Self.head(summary, width: width)
    let hasResults = summary.commonReason == nil
    answers = Dictionary(
      uniqueKeysWithValues: zip(Self.namings, summary.answers(naming: Self.namings)))
    notes =
      hasResults
      ? (OverviewNotes(summary: summary).digest + [summary.seedsNote].compactMap(\.self))
        .map { ListItem($0) } : []
    predicted = hasResults ? summary.predictionNote.map { [ListItem($0)] } ?? [] : []
  }

  package var text: String {
    let ending =
      Self.endingLines.lazy.map(ending).first { wholeAnswers(before: $0) != nil }
      ?? self.ending(lines: Self.endingLines[0])
    var blocks = head + answers(before: ending)
    // What a model is made of is asked before its headline.
    for table in (shapes.map { [Shown(caption: [], table: $0)] } ?? []) + tables {
      // A blank line, header and rule are not rows; of fewer than five lines there is no table.
      let free = Self.lines - lines(blocks + table.caption + ending) - 3
      if free < min(5, table.rows) { break }
      // Wider than the screen, it goes on below and takes more.
      let longer = blocks + table.blocks(rows: free)
      if lines(longer + ending) > Self.lines { break }
      blocks = longer
    }
    var text = Page(blocks + ending).text(width: width)
    if let written = written(lines: Self.lines - text.lineCount - 1) { text += "\n" + written }
    return text
  }

  private func lines(_ blocks: [DocumentBlock]) -> Int { Page(blocks).text(width: width).lineCount }

  /// As much of a list as keeps within a limit, its first items first; what is left out is counted.
  private func fitted(
    _ items: [ListItem], _ noun: String, within: ([ListItem]) -> Bool
  ) -> [ListItem] {
    if within(items) { return items }
    func left(_ count: Int) -> ListItem {
      ListItem("\(count) more \(noun)\(count == 1 ? "" : "s")")
    }
    var kept: [ListItem] = []
    for (place, item) in items.enumerated() {
      let more = items.count - place - 1
      let rest = more > 0 ? [left(more)] : []
      // More lines than a screen has do not fit.
      let shorter = item.below.indices.prefix(Self.lines).reversed().dropLast().lazy.map { count in
        ListItem(
          lead: item.lead, item.text,
          below: item.below.prefix(count)
            + [
              "\(item.below.count - count) more \(item.below.count - count == 1 ? "line" : "lines")"
            ])
      }
      guard let next = ([item] + shorter).first(where: { within(kept + [$0] + rest) })
      else { return kept + [left(more + 1)] }
      kept.append(next)
    }
    return kept
  }

  private static func head(_ summary: Summary, width: Int) -> [DocumentBlock] {
    let title = [summary.experiment, summary.question].compactMap(\.self).joined(separator: ": ")
    return [title, coverage(summary)].enumerated().map { place, text in
      // Few lines are enough for a question, and for a reason.
      let short = DisplayWidth.cut(text, to: 4 * width)
      return place == 0 ? .heading(short, level: 1) : .paragraph(short)
    }
  }

  private static func coverage(_ summary: Summary) -> String {
    let rows = summary.rows
    let seeds = Set(rows.map(\.seed)).count
    let took = rows.compactMap { $0.value(.seconds) }.reduce(0, +)
    if let reason = summary.commonReason {
      return "0 of \(summary.coverage.planned) cells ok: \(reason)"
    }
    let parts = [
      summary.coverage.text, seeds > 1 ? "\(seeds) seeds" : nil,
      took >= 1 ? "\(Metric.seconds.text(took)) in all" : nil,
    ]
    return parts.compactMap(\.self).joined(separator: "; ")
  }

  /// The answers, with as many names as there is room for.
  private func answers(before ending: [DocumentBlock]) -> [DocumentBlock] {
    if summary.commonReason != nil { return [] }
    var title: [DocumentBlock] = []
    func fits(_ items: [ListItem]) -> Bool {
      Self.mayFit(items) && lines(head + title + [.list(items)] + ending) <= Self.lines
    }
    if let asked = summary.trainingQuestions {
      title = [.paragraph(asked.title)]
      let items =
        summary.standInItems + summary.expectationItems
        + asked.questions.map { question in
          ListItem(
            lead: question.question, question.words, below: [question.units].compactMap(\.self))
        }
      return title + [.list(fitted(items, "answer", within: fits))]
    }
    let items =
      wholeAnswers(before: ending) ?? fitted(answers[1] ?? [], "answer", within: fits)
    return items.isEmpty ? [] : [.list(items)]
  }

  /// All answers, with as many names as there is room for; nil where there is none for all of them.
  private func wholeAnswers(before ending: [DocumentBlock]) -> [ListItem]? {
    Self.namings.lazy.map { answers[$0] ?? [] }.first { items in
      Self.mayFit(items) && lines(head + [.list(items)] + ending) <= Self.lines
    }
  }

  /// Whether items are not far too long, which is seen without laying them out.
  private static func mayFit(_ items: [ListItem]) -> Bool {
    items.reduce(0) { $0 + $1.below.count } <= lines
  }

  /// What follows the tables.
  private func ending(lines most: Int) -> [DocumentBlock] {
    if summary.commonReason != nil { return [] }
    let rest = DocumentBlock.paragraph(
      "all metrics: runexp summary \(name) --full; charts: runexp report \(name)")
    let items = fitted(notes + predicted, "note") { items in
      lines([.list(items), rest]) <= most
    }
    return (items.isEmpty ? [] : [.list(items)]) + [rest]
  }

  /// The first lines of the text that the best cell left, under its name; nil where it left none or
  /// no place is left.
  private func written(lines: Int) -> String? {
    guard lines >= 4, let text = sample else { return nil }
    let body = text.text.split(separator: "\n", omittingEmptySubsequences: false)
      .drop(while: \.isEmpty)
    let shown = body.prefix(lines - 2).map {
      $0.isEmpty ? "" : "    " + DisplayWidth.cut(String($0), to: width - 4)
    }
    let end = shown.lastIndex { !$0.isEmpty } ?? -1
    return ([DisplayWidth.cut(text.title, to: width), ""] + shown.prefix(end + 1)).map { $0 + "\n" }
      .joined()
  }
}

extension String {
  fileprivate var lineCount: Int { count { $0 == "\n" } }
}
