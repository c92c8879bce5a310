// RunPlan: the cells of an experiment with their ids and texts, ready to run and to be written down.

import Config
package import Records
package import Workloads

/// An experiment's cells as rows that nothing has run for yet.
package struct RunPlan {
  package struct Entry {
    package let cell: PlannedCell
    package internal(set) var row: CellRow
    /// Its place in the order of execution, from 0; nil for a cell that is not to run.
    package internal(set) var order: Int?
  }

  package internal(set) var entries: [Entry]
  /// The texts that are used, each once.
  package let texts: [LoadedText]

  /// Finds, downloads or makes each text that the cells declare, and names the cells.
  ///
  /// - Throws: `DataError` when a text cannot be had and there is no fallback; `Faults` where a cell's options do not go
  ///   together with its text.
  package init(
    _ experiment: PlannedExperiment, loader: DatasetLoader, program: String,
    progress: Download.Progress? = nil
  ) throws {
    var loaded:
      [(declaration: DatasetDeclaration, text: LoadedText, vocabulary: CharacterVocabulary)] =
        []
    var entries: [Entry] = []
    for cell in experiment.cells {
      var text: LoadedText?
      if let declaration = cell.workload?.dataset {
        var known = loaded.first { $0.declaration == declaration }
        if known == nil {
          let new = try loader.load(declaration, progress: progress)
          known = (declaration, new, CharacterVocabulary(utf8: new.bytes))
          known.map { loaded.append($0) }
        }
        text = known?.text
        if let known { try cell.workload?.check(known.vocabulary) }
      }
      var row = CellRow(
        cell: cell.id(dataHash: text?.sha256 ?? "", program: program),
        experiment: experiment.name, variant: cell.variant, seed: cell.seed,
        axes: cell.axes.map { .init($0.path, JSON($0.value)) },
        status: cell.exclusion == nil ? .notRun : .excluded, reason: cell.exclusion)
      if let note = text?.note { row.setFact("dataset_note", .string(note)) }
      entries.append(Entry(cell: cell, row: row))
    }
    self.entries = entries
    texts = loaded.map(\.text)
  }

  /// The entries that are to run.
  package var runnable: [Entry] { entries.filter { $0.cell.exclusion == nil } }

  /// Draws the order of execution, variants interleaved.
  mutating func order(seed: Int) {
    let cells = entries.indices.filter { entries[$0].cell.exclusion == nil }.map {
      (position: $0, seed: entries[$0].cell.seed, point: entries[$0].row.axes)
    }
    for (place, position) in ExecutionOrder.interleaved(cells, seed: UInt64(seed)).enumerated() {
      entries[position].order = place
    }
  }

  /// Positions of the cells that are to run, in the order of execution; of cells that are the same, one.
  var execution: [Int] {
    var seen: Set<String> = []
    return entries.indices.filter { entries[$0].order != nil }
      .sorted { (entries[$0].order ?? 0) < (entries[$1].order ?? 0) }
      .filter { seen.insert(entries[$0].row.cell).inserted }
  }

  /// The lines of `plan.jsonl`.
  var lines: [JSON] {
    entries.map { entry in
      [
        "index": .integer(entry.cell.index), "order": .integer(entry.order),
        "cell": .string(entry.row.cell),
        "label": .string(entry.cell.label), "variant": .string(entry.cell.variant),
        "seed": .integer(entry.cell.seed),
        "axes": .object(entry.row.axes.map { JSONMember($0.key, $0.value) }),
        "status": .string(entry.row.status.rawValue), "reason": .string(entry.row.reason),
        "ran": .object(entry.row.facts.map { JSONMember($0.key, $0.value) }),
        "config": JSON(entry.cell.resolved),
        "derived": .array(entry.cell.derived.map { .string($0.path) }),
      ]
    }
  }
}
