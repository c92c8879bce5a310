// Preparation: writes the folder of a run whole, its record, its plan and each cell's own
// experiment file, and runs nothing. What runs afterwards, here or on another machine, takes all
// that it needs from that folder.

import Config
import Foundation
package import Records
import Tensors
package import Workloads

/// Makes a run's folder from an experiment, or brings that of a run that goes on up to date.
package struct Preparation {
  private let experiment: PlannedExperiment
  private let options: RunOptions
  private let program: ProgramVersion
  private let environment: [String: String]
  private let texts: [RunRecord.Dataset]
  private let load: HostLoad?

  /// - Parameters:
  ///   - texts: those that an earlier run had, which are looked for where they lay then.
  ///   - load: how busy the machine is, where times are about to be measured.
  package init(
    _ experiment: PlannedExperiment, _ options: RunOptions, program: ProgramVersion,
    environment: [String: String], texts: [RunRecord.Dataset] = [], load: HostLoad? = nil
  ) {
    self.texts = texts
    self.load = load
    self.experiment = experiment
    self.options = options
    self.program = program
    self.environment = environment
  }

  /// A run that is ready.
  package struct Prepared {
    package let folder: RunFolder
    /// Those of its cells that were planned to run, each once, in the order of execution.
    package let cells: [CellList.Entry]
    /// The right to write tables and record; given back when nobody holds it any more.
    package let lock: RunLock
  }

  /// Writes the folder.
  ///
  /// - Parameters:
  ///   - continuation: the run to go on with, and how; nil for a new one.
  ///   - interrupts: looked at while a text is downloaded; from when the folder is written on, a
  ///     signal is waited for.
  ///   - warn: takes what the user must be told.
  ///   - showDownload: bytes received and expected.
  /// - Throws: `DataError` before anything is written when a text cannot be had; `ResultsError`
  ///   when the folder cannot be written; `RunError` when the run cannot go on, or when a signal
  ///   came before there was one.
  package func prepare(
    continuing continuation: RunContinuation? = nil, _ interrupts: Interrupts,
    warn: (String) -> Void, showDownload: Download.Progress? = nil
  ) throws -> Prepared {
    var plan = try plan(continuation?.texts ?? texts, interrupts, showDownload)
    let finder = DeviceFinder(options, environment: environment)
    let unused = finder.warning(for: experiment.cells.map(\.device))
    for warning in experiment.warnings + [unused].compactMap(\.self) { warn(warning) }
    for note in plan.dataNotes { warn(note) }
    for note in plan.lossNotes { warn(note) }
    if continuation == nil { interrupts.mayFinish = true }
    let folder =
      try continuation?.folder
      ?? RunFolder.draft(in: options.results, experiment: experiment.name)
    let lock = try RunLock(folder)
    interrupts.mayFinish = true
    var record = record(of: plan, in: folder)
    if let continuation {
      folder.sweep()
      let stored = try StoredRun(folder)
      try continuation.check(stored, against: plan, record)
      if let old = stored.record { record = record.resuming(old) }
      // Each cell holds its device to them when it has opened it.
      if !continuation.acceptsChanges { record.devices = stored.devices }
      plan = try continuation.adopt(plan, stored)
    }
    plan.order(seed: options.orderSeed)
    record.cells = plan.entries.compactMap(\.order).max().map { $0 + 1 } ?? 0
    let name = experiment.name
    let planned = plan.entries.lazy.map { $0.outline.row(experiment: name) }
    let offsets: [Int]
    if let continuation {
      // What is done of a run that goes on stays in its tables.
      let rows = Array(planned.map { folder.result(of: $0) ?? $0 })
      offsets = try write(plan, rows, record, to: folder, isNew: false)
      try tidy(plan, rows, continuation)
    } else {
      offsets = try write(plan, planned, record, to: folder, isNew: true)
    }
    // A killed program leaves no run that is not whole.
    return Prepared(
      folder: continuation == nil ? try folder.publish() : folder, cells: plan.cells(at: offsets),
      lock: lock)
  }

  /// Removes what an earlier attempt left of the cells that run again, and what finished ones do
  /// not need any more.
  private func tidy(_ plan: RunPlan, _ rows: [CellRow], _ continuation: RunContinuation) throws {
    let folder = continuation.folder
    for (entry, row) in zip(plan.entries, rows) where ![.notRun, .excluded].contains(row.status) {
      if !continuation.isFinished(row.status) {
        // It would be taken for the result of the next attempt.
        try folder.whileIdle(entry.outline) {
          // A task may have ended the cell since its row was read.
          let planned = entry.outline.row(experiment: experiment.name)
          guard folder.result(of: planned)?.status == row.status else { return }
          try folder.removeResult(of: row.cell)
        }
      } else if folder.hasTrainingState(row.cell) {
        // A program that was killed may not have come to it.
        try folder.whileIdle(entry.outline) { try folder.dropUnneededState(of: row) }
      } else {
        try folder.dropDeadClaim(entry.outline)
      }
    }
  }

  private func plan(
    _ texts: [RunRecord.Dataset], _ interrupts: Interrupts, _ showDownload: Download.Progress?
  ) throws -> RunPlan {
    var loader = DatasetLoader(options, environment: environment)
    loader.planned = texts
    loader.download.isInterrupted = { interrupts.signal != nil }
    let plan = Result {
      try RunPlan(experiment, loader: loader, program: program.version, progress: showDownload)
    }
    if let code = interrupts.exitCode { throw RunError.interrupted(code) }
    return try plan.get()
  }

  // MARK: What is written

  private func record(of plan: RunPlan, in folder: RunFolder) -> RunRecord {
    let device = Device.cpu(threads: options.threads)
    var record = RunRecord(
      folder: folder, arguments: options.arguments, program: program,
      host: HostRecord.read(isa: device.summary, .read()), start: .now)
    record.load = load
    if experiment.cells.contains(where: { $0.device != .cpu }) {
      record.plugin = DeviceFinder(options, environment: environment).pluginFile
    }
    record.datasets = plan.datasets
    record.tokenizers = plan.tokenizers
    record.checkpoints = plan.checkpoints
    record.options = options
    // The folder of all results is above that of the experiment, which is above that of the run.
    let experimentFolder = AtomicFile.folder(of: AbsolutePath.of(folder.path))
    record.options.results = AtomicFile.folder(of: experimentFolder)
    record.summary.compare = Dictionary(
      experiment.compare.map { ($0.variant, $0.baseline) }, uniquingKeysWith: { $1 })
    // An axis may change the workload: then the columns are those of all.
    let workloads = experiment.workloads
    record.summary.isTraining = workloads.contains { $0.isTraining }
    var (shown, judged) = (workloads.flatMap { $0.headline }, workloads.flatMap { $0.primary })
    if plan.hasSeveralTokenizers || plan.hasTokenizer && shown.contains(.valLoss) {
      shown = shown.comparingTokenizers(keeping: true)
    }
    if plan.hasSeveralTokenizers { judged = judged.comparingTokenizers(keeping: false) }
    if plan.hasSeveralWeightTypes {
      (shown, judged) = (shown.comparingWeights, judged.comparingWeights)
    }
    record.summary.headline = shown.map(\.name).unique
    record.summary.primary =
      experiment.primary.isEmpty ? judged.map(\.name).unique : experiment.primary
    record.summary.expectations = experiment.expectations
    record.summary.scaling = workloads.flatMap { $0.scaling.map(\.name) }.unique
    return record
  }

  /// - Parameter isNew: whether the folder is a draft, with nothing in it.
  /// - Returns: where the line of each entry begins in `plan.jsonl`.
  private func write(
    _ plan: RunPlan, _ rows: some RandomAccessCollection<CellRow>, _ record: RunRecord,
    to folder: RunFolder, isNew: Bool
  ) throws -> [Int] {
    // A run that goes on from its own resolved file keeps the file that was written for it.
    if experiment.file != folder.file("resolved.yaml") {
      try folder.write(experiment.text, to: "experiment.yaml")
      try folder.write(experiment.resolvedYAML, to: "resolved.yaml")
    }
    // Not synced one by one: a worker holds them against the plan, and going on with the run makes
    // them again.
    var written: Set<String> = []
    for first in stride(from: 0, to: plan.entries.count, by: 4096) {
      let cells = plan.entries[first...].prefix(4096).filter {
        $0.cell.exclusion == nil && written.insert($0.id).inserted
      }
      try cells.writeResolvedFiles(to: folder, isNew: isNew)
    }
    try folder.write(record.json, to: "run.json")
    // Last: a folder with a plan is whole.
    var sizes: [Int] = []
    try AtomicFile.write(
      texts: plan.entries.mappedInParts(
        keeping: { PlannedCell.Content.PerModel<[UInt8]>() }
      ) { entry, models in entry.text(&models) + "\n" }.lazy.map { line -> String in
        sizes.append(line.utf8.count)
        return line
      }, to: folder.file("plan.jsonl"))
    try CellTable.write(rows, metrics: Metric.all, to: folder)
    var end = 0
    // The file may have been written more than once.
    return sizes.suffix(plan.entries.count).map { size in
      defer { end += size }
      return end
    }
  }
}

extension [RunPlan.Entry] {
  /// Writes the experiment file of each into its folder, by several threads; what is the same for
  /// the cells of a document is made once.
  fileprivate func writeResolvedFiles(
    to folder: RunFolder, isNew: Bool
  ) throws(ResultsError) {
    let starts = indices.filter {
      $0 == 0 || self[$0].cell.content !== self[$0 - 1].cell.content
    }
    let documents = zip(starts, starts.dropFirst() + [count]).map { self[$0..<$1] }
    let problems = documents.mappedByThreads(
      part: 32, keeping: { PlannedCell.Content.PerModel<[UInt8]>() }
    ) { cells, models -> ResultsError? in
      do throws(ResultsError) {
        try Self.write(cells, to: folder, isNew: isNew, &models)
        return nil
      } catch {
        return error
      }
    }
    if let problem = problems.lazy.compactMap(\.self).first { throw problem }
  }

  /// Writes those of one document.
  private static func write(
    _ cells: ArraySlice<Element>, to folder: RunFolder, isNew: Bool,
    _ models: inout PlannedCell.Content.PerModel<[UInt8]>
  ) throws(ResultsError) {
    guard let text = cells.first?.cell.content.resolvedYAML(&models) else { return }
    for entry in cells {
      let cell = try isNew ? folder.makeNewCell(entry.id) : folder.makeCell(entry.id)
      let path = "\(cell)/resolved.yaml"
      let bytes = text.bytes(seed: entry.cell.seed)
      if isNew {
        try AtomicFile.create(bytes, at: path)
      } else if !AtomicFile.exists(path) || (try? AtomicFile.readBytes(path)) != bytes {
        try AtomicFile.write(bytes, to: path, isSynced: false)
      }
    }
  }
}

extension Experiment where Workload == any Workloads.Workload {
  /// The kinds of workload that its cells have, each once.
  var workloads: [any Workloads.Workload.Type] {
    var workloads: [any Workloads.Workload.Type] = []
    for cell in cells {
      guard let type = cell.workload.map({ type(of: $0) }) else { continue }
      if !workloads.contains(where: { $0 == type }) { workloads.append(type) }
    }
    return workloads
  }
}
