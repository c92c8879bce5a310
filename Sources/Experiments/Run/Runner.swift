// Runner: the parent process's side of a run. Writes the plan, runs one worker process a cell, keeps the tables
// up to date after each, and sums up at the end.

package import Analysis
import Config
import Foundation
package import Records
import Tensors
import Workloads

/// Runs an experiment.
package struct Runner {
  private let experiment: PlannedExperiment
  private let options: RunOptions
  private let program: ProgramVersion
  private let environment: [String: String]
  /// Those of a program that runs several; nil where the run is all that the program does.
  private let shared: Interrupts?

  package init(
    _ experiment: PlannedExperiment, _ options: RunOptions, program: ProgramVersion,
    environment: [String: String], interrupts: Interrupts? = nil
  ) {
    shared = interrupts
    self.experiment = experiment
    self.options = options
    self.program = program
    self.environment = environment
  }

  /// What a run came to.
  package struct Outcome {
    package let folder: RunFolder
    package let summary: Summary
    package let exitCode: Int32
    /// What cells left for people: the text that a model wrote, one a variant, or the shapes of each cell's model.
    package let texts: [CellText]
  }

  /// Runs every cell and writes the run's folder; or goes on with a run, and runs the cells that are not done.
  ///
  /// - Parameter continuation: the run to go on with, and how; nil for a new one.
  /// - Throws: `DataError` before anything is written when a text cannot be had; `ResultsError` when the results
  ///   cannot be written; `RunError` when the run cannot go on.
  package func run(continuing continuation: RunContinuation? = nil) throws -> Outcome {
    let interrupts = shared ?? Interrupts()
    // Before anything is written nothing is worth waiting for; who shares its own has something to tidy up.
    if shared == nil { interrupts.mayFinish = false }
    var bar = ProgressBar(Terminal.progress(isQuiet: options.isQuiet))
    var plan = try plan(interrupts)
    for warning in experiment.warnings { bar.note("warning: \(warning)") }
    for text in plan.texts {
      for warning in text.warnings { bar.note("warning: \(warning)") }
      if let note = text.note { bar.note("warning: \(note)") }
    }
    if continuation == nil { interrupts.mayFinish = true }
    let folder =
      try continuation?.folder
      ?? RunFolder.create(in: options.results, experiment: experiment.name)
    let lock = try RunLock(folder)
    interrupts.mayFinish = true
    var record = record(of: plan, in: folder)
    if let continuation {
      folder.sweep()
      let stored = try StoredRun(folder)
      try continuation.check(stored, against: record)
      plan = try continuation.adopt(plan, stored)
      record.goOn(from: stored.record)
    }
    plan.order(seed: options.orderSeed)
    try write(plan, record, to: folder)

    var progress = RunProgress(
      folder, table: CellTable(plan.entries.map(\.row), metrics: Metric.all))
    let launcher = launcher(folder, plan, lock, record.host)
    if let continuation { try takeOver(continuation, &progress, launcher) }
    try progress.write(summary)
    try runCells(plan, &progress, launcher, interrupts)

    let summary = try progress.write(summary)
    let exitCode =
      interrupts.exitCode
      ?? (summary.coverage.ok == summary.coverage.planned ? ExitCode.ok : ExitCode.someCellsFailed)
    record.end = Date().timeIntervalSince1970
    record.exit = Int(exitCode)
    try folder.write(record.json, to: "run.json")
    return Outcome(
      folder: folder, summary: summary, exitCode: exitCode, texts: texts(progress.table, folder))
  }

  private func plan(_ interrupts: Interrupts) throws -> RunPlan {
    var loader = DatasetLoader(options, environment: environment)
    loader.download.isInterrupted = { interrupts.signal != nil }
    let plan = Result {
      try RunPlan(
        experiment, loader: loader, program: program.version,
        progress: { Self.showDownload($0, $1) })
    }
    if let code = interrupts.exitCode { throw RunError.interrupted(code) }
    return try plan.get()
  }

  /// Runs the cells that are not done, in the order of the plan.
  private func runCells(
    _ plan: RunPlan, _ progress: inout RunProgress, _ launcher: CellLauncher,
    _ interrupts: Interrupts
  ) throws {
    let execution = plan.execution
    let places = Dictionary(
      uniqueKeysWithValues: execution.enumerated().map { ($1, $0 + 1) })
    let tasks = execution.filter { !progress.finished.contains(plan.entries[$0].row.cell) }.map {
      WorkerPool.Task(
        position: $0,
        runsAlone: plan.entries[$0].cell.workload.map { type(of: $0).measuresTime } ?? false)
    }
    let pool = WorkerPool(
      width: options.parallel, timeCap: options.timeCap, interrupts: interrupts)
    var current = progress
    defer { progress = current }
    try pool.run(tasks) { task in
      try launcher.start(
        plan.entries[task.position], places[task.position] ?? 0, of: execution.count,
        runsAlone: task.runsAlone)
    } finish: { task, ending in
      current.table.update(
        try launcher.finish(
          plan.entries[task.position], ending, runsAlone: task.runsAlone))
      try current.refresh(summary)
    }
  }

  /// Puts the results of cells that are done into the table.
  private func takeOver(
    _ continuation: RunContinuation, _ progress: inout RunProgress, _ launcher: CellLauncher
  ) throws {
    for planned in progress.table.rows {
      let path = continuation.folder.cell(planned.cell)
      guard let text = try? AtomicFile.read("\(path)/result.json"),
        let found = (try? JSON(reading: text)).flatMap({ CellRow(json: $0) }),
        continuation.isFinished(found.status)
      else { continue }
      let row = found.placed(like: planned)
      // The parent may have been killed before it completed what the worker wrote.
      if row.json.document != text { try launcher.record(row) }
      // It may also have been killed before it removed the checkpoint.
      try launcher.discardState(of: row)
      progress.table.update(row)
      progress.finished.insert(row.cell)
    }
  }

  // MARK: What is written

  private func record(of plan: RunPlan, in folder: RunFolder) -> RunRecord {
    let host = Device.cpu(threads: options.threads)
    var record = RunRecord(
      folder: folder, arguments: options.arguments, program: program,
      host: HostRecord.read(isa: host.summary), start: Date().timeIntervalSince1970)
    record.datasets = RunRecord.datasets(of: plan.texts)
    record.options = options.json
    record.summary = summaryRecord
    return record
  }

  private func write(_ plan: RunPlan, _ record: RunRecord, to folder: RunFolder) throws {
    // A run that goes on from its own resolved file keeps the file that was written for it.
    if experiment.file != folder.file("resolved.yaml") {
      try folder.write(try AtomicFile.read(experiment.file), to: "experiment.yaml")
      try folder.write(experiment.resolvedYAML, to: "resolved.yaml")
    }
    try folder.write(record.json, to: "run.json")
    try folder.write(lines: plan.lines, to: "plan.jsonl")
  }

  private func launcher(
    _ folder: RunFolder, _ plan: RunPlan, _ lock: RunLock, _ host: HostRecord
  ) -> CellLauncher {
    let usual = host.usableMemoryBytes.map { $0 / max(1, options.parallel) }
    return CellLauncher(
      folder: folder, options: options, memoryCap: options.memoryCap ?? usual,
      // The texts are at hand by now; a worker that would download again could only find less.
      isOffline: plan.texts.allSatisfy { $0.path != nil || $0.source == .builtIn }, lock: lock)
  }

  private func texts(_ table: CellTable, _ folder: RunFolder) -> [CellText] {
    let rows = table.rows.filter { $0.status == .ok }
    let samples = experiment.variants.compactMap { variant -> CellText? in
      guard let row = rows.first(where: { $0.variant == variant }) else { return nil }
      return CellText("\(variant) writes:", "\(folder.cell(row.cell))/sample.txt")
    }
    let labels = Dictionary(
      zip(table.rows.map(\.cell), experiment.cells.map(\.label)), uniquingKeysWith: { a, _ in a })
    return samples
      + rows.compactMap { row in
        CellText("\(labels[row.cell] ?? row.cell):", "\(folder.cell(row.cell))/report.txt")
      }
  }

  // MARK: Summary

  private func summary(_ table: CellTable) -> Summary {
    Summary(
      experiment: experiment.name, rows: table.rows, compare: compare,
      isTraining: workloads.contains { $0 == Train.self },
      headline: workloads.flatMap { $0.headline }.unique,
      scaling: workloads.flatMap { $0.scaling }.unique)
  }

  /// What a reader of the run's folder needs to summarise it as this program does.
  private var summaryRecord: JSON {
    [
      "compare": .object(
        experiment.compare.map { JSONMember($0.variant, .string($0.baseline)) }),
      "training": .bool(workloads.contains { $0 == Train.self }),
      "headline": .array(workloads.flatMap { $0.headline }.unique.map { .string($0.name) }),
      "scaling": .array(workloads.flatMap { $0.scaling }.unique.map { .string($0.name) }),
    ]
  }

  private var compare: [String: String] {
    Dictionary(
      experiment.compare.map { ($0.variant, $0.baseline) }, uniquingKeysWith: { $1 })
  }

  /// An axis may change the workload: then the columns are those of all.
  private var workloads: [any Workload.Type] {
    var workloads: [any Workload.Type] = []
    for cell in experiment.cells {
      guard let type = cell.workload.map({ type(of: $0) }) else { continue }
      if !workloads.contains(where: { $0 == type }) { workloads.append(type) }
    }
    return workloads
  }

  private static func showDownload(_ received: Int, _ expected: Int) {
    guard isatty(2) == 1 else { return }
    Terminal.writeToStandardError(
      "\r\u{1B}[Kdownloading: \(received) of \(expected) bytes"
        + (received >= expected ? "\r\u{1B}[K" : ""))
  }
}
