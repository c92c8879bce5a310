// Runner: runs an experiment on this machine. It prepares the run's folder, executes each cell in a process of its own,
// and collects what they leave.

package import Analysis
import Config
import Foundation
package import Records
import Tensors
import Workloads
import Models

/// The local runner.
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
    package let texts: [CellText]
  }

  /// Runs every cell, or goes on with a run and runs the cells that are not done.
  ///
  /// - Parameter continuation: the run to go on with, and how; nil for a new one.
  /// - Throws: what `Preparation.prepare` throws; `ResultsError` when the results cannot be written.
  package func run(continuing continuation: RunContinuation? = nil) throws -> Outcome {
    let interrupts = shared ?? Interrupts()
    // Before anything is written nothing is worth waiting for; who shares its own has something to tidy up.
    if shared == nil { interrupts.mayFinish = false }
    var bar = ProgressBar(Terminal.progress(isQuiet: options.isQuiet))
    let prepared = try Preparation(
      experiment, options, program: program, environment: environment
    ).prepare(
      continuing: continuation, interrupts, warn: { bar.note("warning: \($0)") },
      showDownload: { Self.showDownload($0, $1) })
    try execute(prepared, interrupts)
    let collection = try Collection(prepared.folder)
    let exitCode = interrupts.exitCode ?? collection.exitCode
    try collection.end(exitCode: exitCode)
    return Outcome(
      folder: prepared.folder, summary: collection.summary, exitCode: exitCode,
      texts: collection.texts)
  }

  /// Runs the cells that are not done, in the order of the plan, and keeps the tables up to date.
  private func execute(_ prepared: Preparation.Prepared, _ interrupts: Interrupts) throws {
    let run = try StoredRun(prepared.folder)
    var begun: Set<String> = []
    let cells = run.cells.filter { $0.order != nil && !$0.row.status.isFinal }
      .sorted { ($0.order ?? 0) < ($1.order ?? 0) }
      .filter { begun.insert($0.id).inserted }
    let tasks = cells.indices.map {
      WorkerPool.Task(position: $0, runsAlone: cells[$0].measuresTime)
    }
    var progress = RunProgress(run)
    try progress.write()
    let pool = WorkerPool(
      width: options.parallel, timeCap: options.timeCap, interrupts: interrupts)
    try pool.run(tasks) { task in
      let quiet = options.isQuiet ? ["--quiet"] : []
      return try ChildProcess(
        CommandLine.executablePath,
        ["cell", prepared.folder.path, "--index", "\(cells[task.position].index)"] + quiet,
        keeping: prepared.lock.descriptor)
    } finish: { task, ending in
      progress.update(try row(of: cells[task.position], ending, in: prepared.folder))
      try progress.refresh()
    }
  }

  // MARK: Workers that ended

  /// The row that a worker has left; of one that died, a row that says how.
  ///
  /// - Throws: `RunError.workerCouldNotWrite` when the disk is full or the folder is gone: the others would fare alike.
  private func row(
    of cell: StoredCell, _ ending: WorkerPool.Ending, in folder: RunFolder
  ) throws -> CellRow {
    if ending.end == .exited(ExitCode.couldNotWrite) {
      throw RunError.workerCouldNotWrite(cell.label)
    }
    let planned = cell.planned.row(experiment: folder.experiment)
    if let row = folder.result(of: planned) { return row }
    var row = planned
    let resources = CellResources(options, isShared: options.parallel > 1 && !cell.measuresTime)
    (row.status, row.reason) = verdict(ending, memoryCap: resources.memoryCap)
    row.metrics.set(.peakResidentBytes, ending.peakResidentBytes)
    try folder.writeResult(row)
    return row
  }

  /// What the end of a worker that left no row means.
  private func verdict(
    _ ending: WorkerPool.Ending, memoryCap: Int?
  ) -> (CellStatus, String) {
    switch ending.end {
    case _ where ending.isTimeout:
      return (.timeout, CellStatus.timeoutReason(options.timeCap ?? ending.seconds))
    case .exited(MemoryShortage.exitCode):
      let cap = memoryCap.map { " within its cap of \(Metric.peakBytes.text(Double($0)))" } ?? ""
      return (.oom, "there was no more memory\(cap)")
    case .exited(128 + SIGINT), .exited(128 + SIGTERM), .signalled(SIGINT), .signalled(SIGTERM):
      return (.killed, CellStatus.stopReason)
    case .exited(let code):
      return (.failed, "the worker exited with code \(code) and left no result")
    case .signalled(let number):
      let text = "the worker was ended by signal \(number) (\(String(cString: strsignal(number))))"
      // A program that is refused memory outside its tensors aborts or traps.
      if let memoryCap, [SIGABRT, SIGILL, SIGTRAP, SIGSEGV].contains(number),
        ending.peakResidentBytes > memoryCap / 10 * 8
      {
        return (.oom, text + " at \(Metric.peakBytes.text(Double(ending.peakResidentBytes)))")
      }
      return (.killed, text)
    }
  }

  private static func showDownload(_ received: Int, _ expected: Int) {
    guard isatty(2) == 1 else { return }
    Terminal.writeToStandardError(
      "\r\u{1B}[Kdownloading: \(received) of \(expected) bytes"
        + (received >= expected ? "\r\u{1B}[K" : ""))
  }
}

extension StoredCell {
  /// Whether its answer is a time, so that no other cell may run beside it.
  fileprivate var measuresTime: Bool {
    let word = configuration["workload"]?["type"]?.text
    return WorkloadRegistry.all.first { $0.word == word }?.measuresTime ?? false
  }
}
