// EmittedRun: a run that is handed to a scheduler, with what its tasks need.

import Config
import Foundation
package import Records

/// A run on disk, those of its cells that are to run, and what a task of them needs.
///
/// Of its cells no more is kept than a hand-off needs: there may be a hundred thousand.
package struct EmittedRun {
  package let folder: RunFolder
  /// The threads that were asked for; 0 means as many as a task has.
  package let threads: Int
  /// Those that are to run, each once, in the plan's order of execution.
  package let cells: [CellList.Entry]
  /// Nil where there are none.
  package let needs: TaskNeeds?
  /// How many of its cells have come to each status, of those that were planned to run.
  private let counts: [CellStatus: Int]

  /// A run that is there.
  ///
  /// - Parameters:
  ///   - statuses: of the cells that are to run.
  ///   - program: this program, which tasks start, or one like it.
  /// - Throws: `RunError` where another build prepared the run; `Faults` where its resolved file
  ///   cannot be read; `ResultsError` where the plan is not that of the file; `TaskNeeds.Unknown`
  ///   where the request lacks what cannot be predicted.
  package init(
    _ folder: RunFolder, _ statuses: PendingCells, program: ProgramVersion, _ request: TaskRequest
  ) throws {
    let record = try? RunRecord(file: folder.file("run.json"))
    // Each task would find that out after it has waited in the queue.
    if let record, !program.changes(since: record.program).isEmpty {
      throw RunError.preparedByAnotherBuild
    }
    let experiment = try PlannedExperiment.load(
      file: folder.file("resolved.yaml"), reader: .standard)
    let (cells, counts) = try Self.cells(of: folder, experiment, statuses)
    try self.init(folder, experiment, cells: cells, counts, request)
  }

  /// Prepares a new run, of which no cell is done.
  ///
  /// - Throws: `TaskNeeds.Unknown` before there is a run where the request lacks what cannot be
  ///   predicted.
  package init(
    preparing experiment: PlannedExperiment, _ options: RunOptions, program: ProgramVersion,
    _ request: TaskRequest, warn: (String) -> Void
  ) throws {
    let environment = ProcessInfo.processInfo.environment
    let interrupts = Interrupts()
    interrupts.mayFinish = false
    try DeviceFinder(options, environment: environment)
      .check(for: experiment.cells.map(\.device))
    // Where a person says both, nothing must be predicted.
    var known: PredictedCells?
    if request.memory == nil || (request.time == nil && request.stops) {
      let cells = experiment.cells.filter { $0.exclusion == nil }
        .map { CellList.Entry(index: $0.index, offset: 0, label: $0.label) }
      let predicted = try PredictedCells(
        experiment, of: options, request, environment: environment)
      _ = try TaskNeeds(cells, predicted, options, request)
      // What is downloaded only now may change it.
      if predicted.knowsData { known = predicted }
    }
    let prepared = try Preparation(
      experiment, options, program: program, environment: environment
    ).prepare(interrupts, warn: warn)
    defer { withExtendedLifetime(prepared.lock) {} }
    try self.init(
      prepared.folder, experiment, cells: prepared.cells, [.notRun: prepared.cells.count],
      request, known)
  }

  /// - Parameter known: what is predicted of the cells, where that is done already.
  private init(
    _ folder: RunFolder, _ experiment: PlannedExperiment, cells: [CellList.Entry],
    _ counts: [CellStatus: Int], _ request: TaskRequest, _ known: PredictedCells? = nil
  ) throws {
    // Jobs begin in other folders: its whole path.
    let folder = try RunFolder.open(folder.path)
    self.folder = folder
    self.cells = cells
    self.counts = counts
    let options = (try? RunRecord(file: folder.file("run.json")))?.options ?? RunOptions()
    threads = options.threads
    guard !cells.isEmpty else {
      needs = nil
      return
    }
    let predicted =
      try known
      ?? PredictedCells(
        experiment, of: options, request, environment: ProcessInfo.processInfo.environment)
    needs = try TaskNeeds(cells, predicted, options, request)
  }

  /// What its cells have come to, where none is to run, and what would run those that are not ok.
  package var nothingToRun: String {
    let planned = counts.values.reduce(0, +)
    let ok = counts[.ok] ?? 0
    let others = CellStatus.allCases.filter { $0 != .ok && counts[$0] != nil }
    var text = "nothing to run: \(ok) of \(Wording.count(planned, "cell")) of \(folder.path) "
    text += ok == 1 ? "is ok" : "are ok"
    for status in others {
      text += ", \(counts[status] ?? 0) \(status.rawValue.replacing("_", with: " "))"
    }
    if others.isEmpty { return text }
    let finals = others.filter(\.isFinal)
    let words = (finals.count < others.count ? ["pending"] : []) + finals.map(\.rawValue)
    return text + "; --cells \(words.joined(separator: ",")) runs "
      + (planned - ok == 1 ? "it" : "them") + (finals.isEmpty ? "" : " again")
  }

  /// Those that are to run, and how many of all have come to each status.
  private static func cells(
    of folder: RunFolder, _ experiment: PlannedExperiment, _ statuses: PendingCells
  ) throws(ResultsError) -> ([CellList.Entry], [CellStatus: Int]) {
    var planned = experiment.cells.makeIterator()
    var isSame = true
    var found: [(order: Int, entry: CellList.Entry)] = []
    var counts: [CellStatus: Int] = [:]
    try folder.forEachPlanLine { line, offset in
      guard let cell = planned.next(), cell.label == line.label, cell.seed == line.seed else {
        isSame = false
        return
      }
      guard let order = line.order else { return }
      let stored = StoredCell(line, in: folder)
      counts[stored.row.status, default: 0] += 1
      guard statuses.contains(stored) else { return }
      // Its row stays until a task begins it: what is never submitted takes nothing away.
      let replaced = stored.row.status.isFinal ? folder.resultHash(of: line.cell) : nil
      // Where it is one of the experiment, the label is in memory already.
      let entry = CellList.Entry(
        index: line.index, offset: offset, label: cell.label, replaced: replaced)
      found.append((order, entry))
    }
    guard isSame, planned.next() == nil else {
      throw .unreadable(
        path: folder.file("plan.jsonl"), problem: "its cells are not those of resolved.yaml")
    }
    // Cells that are the same have one place in the order, and run once.
    var orders: Set<Int> = []
    let cells = found.sorted { ($0.order, $0.entry.index) < ($1.order, $1.entry.index) }
      .filter { orders.insert($0.order).inserted }.map(\.entry)
    return (cells, counts)
  }
}
