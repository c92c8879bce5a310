// Runner: runs an experiment on this machine. It prepares the run's folder, executes each cell in a
// process of its own, and collects what they leave.

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
  private let texts: [RunRecord.Dataset]
  /// Those of a program that runs several; nil where the run is all that the program does.
  private let shared: Interrupts?

  /// - Parameter texts: those that an earlier run had, which are looked for where they lay then.
  package init(
    _ experiment: PlannedExperiment, _ options: RunOptions, program: ProgramVersion,
    environment: [String: String], texts: [RunRecord.Dataset] = [], interrupts: Interrupts? = nil
  ) {
    self.texts = texts
    shared = interrupts
    self.experiment = experiment
    self.options = options
    self.program = program
    self.environment = environment
  }

  /// What a run came to.
  package struct Outcome {
    package let run: StoredRun
    package let summary: Summary
    package let exitCode: Int32
    /// Whether other processes run cells of it, so that it is not complete yet.
    package let isBusy: Bool
  }

  /// Runs every cell, or goes on with a run and runs the cells that are not done.
  ///
  /// - Parameters:
  ///   - continuation: the run to go on with, and how; nil for a new one.
  ///   - begun: is told the run's folder when it is there, before anything runs.
  /// - Throws: what `Preparation.prepare` throws; `PluginError` when a plugin is named that is not
  ///   there; `ResultsError` when the results cannot be written.
  package func run(
    continuing continuation: RunContinuation? = nil, begun: (RunFolder) -> Void = { _ in }
  ) throws -> Outcome {
    let interrupts = shared ?? Interrupts()
    // Before anything is written nothing is worth waiting for; who shares its own has something to
    // tidy up.
    if shared == nil { interrupts.mayFinish = false }
    var bar = ProgressBar(Terminal.progress(isQuiet: options.isQuiet))
    let finder = DeviceFinder(options, environment: environment)
    try finder.check(for: experiment.cells.map(\.device))
    func anyCell(_ condition: (any Workload) -> Bool) -> Bool {
      experiment.cells.contains { cell in
        finder.mayOpen(cell.device) && cell.workload.map(condition) ?? false
      }
    }
    let judgesTime = anyCell { type(of: $0).primary.contains(where: \.isTiming) }
    let load = judgesTime ? HostLoad.measure() : nil
    let cores = ProcessInfo.processInfo.processorCount
    // A training goes on all the same: its losses do not suffer, and its summary says it.
    if let warning = load?.warning(cores: cores), anyCell({ type(of: $0).measuresTime }) {
      bar.warn("warning: \(warning)")
    }
    let prepared = try Preparation(
      experiment, options, program: program, environment: environment, texts: texts,
      load: load
    ).prepare(
      continuing: continuation, interrupts, warn: { bar.warn("warning: \($0)") },
      showDownload: { Self.showDownload($0, $1) })
    begun(prepared.folder)
    let left = try execute(prepared, interrupts) { bar.warn("warning: \($0)") }
    let collection = try Collection(prepared.folder)
    let isBusy = left.contains(ExitCode.busy) && !collection.isComplete
    let exitCode =
      interrupts.exitCode ?? left.first { $0 == ExitCode.notComparable }
      ?? (isBusy ? ExitCode.busy : collection.exitCode)
    try collection.end(exitCode: exitCode)
    return Outcome(
      run: collection.run, summary: collection.summary, exitCode: exitCode, isBusy: isBusy)
  }

  /// Runs the cells that are not done, in the order of the plan, and keeps the tables up to date.
  ///
  /// - Returns: the exit codes of workers that left their cells as they were.
  private func execute(
    _ prepared: Preparation.Prepared, _ interrupts: Interrupts, warn: (String) -> Void
  ) throws -> Set<Int32> {
    let run = try StoredRun(prepared.folder)
    var begun: Set<String> = []
    let cells = run.cells.filter { $0.order != nil && !$0.row.status.isFinal }
      .sorted { ($0.order ?? 0) < ($1.order ?? 0) }
      .filter { begun.insert($0.id).inserted }
    // The collection writes the tables as well, and is all that is left to do where nothing runs.
    if cells.isEmpty { return [] }
    var progress = RunProgress(run)
    try progress.write()
    return try CellExecution(
      prepared.folder, options, environment: environment, lock: prepared.lock,
      interrupts: interrupts
    ).run(cells, warn: warn) { row in
      if let row { progress.update(row) }
      try progress.refresh()
    }
  }

  private static func showDownload(_ received: Int, _ expected: Int) {
    guard isatty(2) == 1 else { return }
    Terminal.writeToStandardError(
      "\r\u{1B}[Kdownloading: \(received) of \(expected) bytes"
        + (received >= expected ? "\r\u{1B}[K" : ""))
  }
}
