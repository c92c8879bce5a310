// The notes under the overview: what the notes of all points say, each thing once.

import Records

/// The notes of a run of many cells.
struct OverviewNotes {
  /// Notes that differ from point to point: after so many the reader is sent to summary.md.
  private static let limit = 6

  let summary: Summary

  /// All notes, in the order in which they are printed.
  var all: [String] { data + concurrency + missing + seeds + unequal }

  /// Where the variants are not compared on equal terms.
  var fairness: [String] { concurrency + unequal }

  private var concurrency: [String] {
    summary.blocks.flatMap { SummaryNotes($0).concurrency }.unique
  }

  private var rows: [CellRow] { summary.blocks.flatMap(\.rows) }

  private var data: [String] { summary.blocks.flatMap { SummaryNotes($0).data }.unique }

  // "8 cells unavailable: no GPU" rather than eight lines that say the same.
  private var missing: [String] {
    var groups: [(row: CellRow, count: Int)] = []
    for row in rows where row.status != .ok {
      if let index = groups.firstIndex(where: {
        $0.row.status == row.status && $0.row.reason == row.reason
      }) {
        groups[index].count += 1
      } else {
        groups.append((row, 1))
      }
    }
    return groups.map { row, count in
      let reason = row.reason.map { ": " + $0 } ?? ""
      return (count == 1 ? "\(label(row)): " : "\(count) cells ") + row.status.words + reason
    }
  }

  private func label(_ row: CellRow) -> String {
    let variant = summary.variants.count > 1 ? row.variant : nil
    let label = summary.axes.label(variant: variant, at: row.axes)
    return (label.isEmpty ? "" : label + ", ") + "seed \(row.seed)"
  }

  private var seeds: [String] {
    let n = summary.blocks.map(\.seeds).max() ?? 0
    if n != 1 { return SummaryNotes.seeds(n, compares: summary.comparesSeeds) }
    let sampled = summary.headline.filter { !$0.isExact }.map(\.name)
    if sampled.isEmpty { return [] }
    return [
      "1 seed: cannot tell differences in \(sampled.joined(separator: ", ")) from noise; "
        + "2 seeds give an interval"
    ]
  }

  // What is not like for like; at every point alike, or at some.
  private var unequal: [String] {
    let notes = summary.blocks.map { block in
      (block.axes, SummaryNotes(block).confounded + SummaryNotes(block).unfair)
    }
    let all = notes.flatMap(\.1).unique
    let texts = all.map { note in
      let places = notes.filter { $0.1.contains(note) }.map(\.0)
      if places.count == notes.count { return note }
      let first = summary.axes.label(variant: nil, at: places[0])
      return places.count == 1
        ? "\(first): \(note)" : "\(first) and \(places.count - 1) more: \(note)"
    }
    guard texts.count > Self.limit else { return texts }
    return texts.prefix(Self.limit) + ["\(texts.count - Self.limit) more such notes: summary.md"]
  }
}
