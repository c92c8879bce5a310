// Runner: the parent process's side of a run. Writes the plan, runs one worker process a cell, keeps the tables
// up to date after each, and sums up at the end.

import Config
import Foundation
import Tensors

/// Runs an experiment.
package struct Runner {
  private let experiment: PlannedExperiment
  private let options: RunOptions
  private let program: ProgramVersion
  private let environment: [String: String]
  private let bar: ProgressBar

  package init(
    _ experiment: PlannedExperiment, _ options: RunOptions, program: ProgramVersion,
    environment: [String: String]
  ) {
    self.experiment = experiment
    self.options = options
    self.program = program
    self.environment = environment
    bar = ProgressBar(Terminal.progress(isQuiet: options.isQuiet))
  }

  /// What a run came to.
  package struct Outcome {
    package let folder: RunFolder
    package let summary: Summary
    package let exitCode: Int32
    /// What cells left for people: the text that a model wrote, one a variant, or the shapes of each cell's model.
    package let texts: [CellText]
  }

  /// Runs every cell and writes the run's folder.
  ///
  /// - Throws: `DataError` before anything is written when a text cannot be had; `ResultsError` when the results
  ///   cannot be written.
  package func run() throws -> Outcome {
    var bar = bar
    let plan = try RunPlan(
      experiment, loader: DatasetLoader(options, environment: environment),
      program: program.version,
      progress: { Self.showDownload($0, $1) })
    for text in plan.texts {
      for warning in text.warnings { bar.note("warning: \(warning)") }
      if let note = text.note { bar.note("warning: \(note)") }
    }
    let folder = try RunFolder.create(in: options.results, experiment: experiment.name)
    let host = Device.cpu(threads: options.threads)
    var record = RunRecord(
      folder: folder, arguments: options.arguments, program: program,
      host: HostRecord.read(isa: host.summary), start: Date().timeIntervalSince1970)
    record.datasets = plan.texts.map {
      .init(
        name: $0.name, sha256: $0.sha256, bytes: $0.bytes.count,
        insteadOf: $0.isFallback ? $0.requested : nil)
    }
    record.summary = summaryRecord
    try folder.write(try AtomicFile.read(experiment.file), to: "experiment.yaml")
    try folder.write(experiment.resolvedYAML, to: "resolved.yaml")
    try folder.write(record.json, to: "run.json")
    try folder.write(lines: plan.lines, to: "plan.jsonl")
    var table = CellTable(plan.entries.map(\.row), metrics: Metric.all)
    try table.write(to: folder)

    let interrupts = Interrupts()
    let runnable = plan.runnable
    for (index, entry) in runnable.enumerated() where interrupts.signal == nil {
      table.update(try run(entry, index + 1, of: runnable.count, plan, folder, interrupts))
      try table.write(to: folder)
      try summary(table).write(to: folder)
    }

    let summary = summary(table)
    try summary.write(to: folder)
    let exitCode =
      interrupts.exitCode
      ?? (summary.coverage.ok == summary.coverage.planned ? ExitCode.ok : ExitCode.someCellsFailed)
    record.end = Date().timeIntervalSince1970
    record.exit = Int(exitCode)
    try folder.write(record.json, to: "run.json")
    return Outcome(
      folder: folder, summary: summary, exitCode: exitCode, texts: texts(table, folder))
  }

  private func texts(_ table: CellTable, _ folder: RunFolder) -> [CellText] {
    let rows = table.rows.filter { $0.status == .ok }
    let samples = experiment.variants.compactMap { variant -> CellText? in
      guard let row = rows.first(where: { $0.variant == variant }) else { return nil }
      return CellText("\(variant) writes:", "\(folder.cell(row.cell))/sample.txt")
    }
    let labels = Dictionary(
      uniqueKeysWithValues: zip(table.rows.map(\.cell), experiment.cells.map(\.label)))
    return samples
      + rows.compactMap { row in
        CellText("\(labels[row.cell] ?? row.cell):", "\(folder.cell(row.cell))/report.txt")
      }
  }

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

  /// Runs one cell in a process of its own.
  private func run(
    _ entry: RunPlan.Entry, _ index: Int, of count: Int, _ plan: RunPlan, _ folder: RunFolder,
    _ interrupts: Interrupts
  ) throws -> CellRow {
    let id = entry.row.cell
    let path = try folder.makeCell(id)
    try AtomicFile.write(entry.cell.resolvedYAML, to: "\(path)/resolved.yaml")
    // The texts are at hand by now; a worker that would download again could only find less.
    let isKept = plan.texts.allSatisfy { $0.path != nil || $0.source == .builtIn }
    let child = try ChildProcess(
      CommandLine.executablePath,
      ["cell", folder.path, id, "--label", entry.cell.label, "--place", "\(index)/\(count)"]
        + options.workerArguments(offline: isKept))
    interrupts.forward(to: child.id)
    // A signal that came while the worker was starting has not reached it.
    if let signal = interrupts.signal { kill(child.id, signal) }
    let (end, peak) = child.wait()
    interrupts.forward(to: 0)

    var row = entry.row
    if let found = try? CellRow(json: JSON(reading: AtomicFile.read("\(path)/result.json"))) {
      row = found.placed(like: entry.row)
    } else {
      (row.status, row.reason) = Self.verdict(on: end)
    }
    row.metrics.set(.peakResidentBytes, peak)
    try AtomicFile.write(row.json, to: "\(path)/result.json")
    try AtomicFile.write(
      ["status": .string(row.status.rawValue), "reason": .string(row.reason)] as JSON,
      to: "\(path)/status.json")
    return row
  }

  /// What the end of a worker that left no result means.
  static func verdict(on end: ProcessEnd) -> (CellStatus, String) {
    switch end {
    case .exited(MemoryShortage.exitCode): (.oom, "the device had no more memory")
    case .exited(let code): (.failed, "the worker exited with code \(code) and left no result")
    case .signalled(let number):
      (.killed, "the worker was ended by signal \(number) (\(String(cString: strsignal(number))))")
    }
  }

  private static func showDownload(_ received: Int, _ expected: Int) {
    guard isatty(2) == 1 else { return }
    Terminal.writeToStandardError(
      "\r\u{1B}[Kdownloading: \(received) of \(expected) bytes"
        + (received >= expected ? "\r\u{1B}[K" : ""))
  }
}

extension CellRow {
  /// This result under the id, axes and data note of its planned row.
  func placed(like planned: CellRow) -> CellRow {
    var row = CellRow(
      cell: planned.cell, experiment: planned.experiment, variant: planned.variant,
      seed: planned.seed, axes: planned.axes, status: status, reason: reason)
    for fact in facts { row.setFact(fact.key, fact.value) }
    // The parent's note is the true one: a worker is told not to look for the text again.
    for fact in planned.facts { row.setFact(fact.key, fact.value) }
    row.metrics = metrics
    return row
  }
}
