// StandIns: the texts and models that stood in for those that were asked for. Figures of a stand-in
// look like any others, so this is the first thing that is said of them, wherever they are shown.

import Config
import Records
import Statistics

/// What stood in for what in some cells.
struct StandIns {
  /// The facts of a row that say so.
  static let facts = ["model_note", "dataset_note", "tokenizer_note"]

  private let rows: [CellRow]

  init(_ rows: [CellRow]) { self.rows = rows.filter { $0.status.isPlanned } }

  /// A sentence each, which names the variants that it is of where it is not of all.
  var notes: [String] {
    let variants = rows.map(\.variant).unique
    return Self.facts.flatMap { fact in
      func note(_ row: CellRow) -> String? { row.fact(fact)?.text }
      return rows.compactMap(note).unique.map { text in
        let own = rows.filter { note($0) == text }.map(\.variant).unique
        return (own.count < variants.count ? own.joined(separator: ", ") + ": " : "") + text
      }
    }
  }

  /// The same as the first of a list of answers; nil where all was as asked for.
  var answer: ListItem? {
    let notes = notes
    let lead = "Not of what was asked for:"
    return notes.count > 1
      ? ListItem(lead: lead, "", below: notes)
      : notes.first.map { ListItem(lead: lead, $0, below: []) }
  }
}
