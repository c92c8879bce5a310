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
    let tasks = self.tasks(of: cells)
    // The collection writes the tables as well, and is all that is left to do where nothing runs.
    if tasks.isEmpty { return [] }
    var progress = RunProgress(run)
    try progress.write()
    let shared = tasks.count { !$0.runsAlone }
    let width = CellResources.width(options, cells: shared)
    if width < min(options.parallel, shared) {
      warn("\(width) cells run at once, not \(options.parallel): there are no more threads")
    }
    let finder = DeviceFinder(options, environment: environment)
    let pool = WorkerPool(width: width, timeCap: options.timeCap, interrupts: interrupts)
    var left: Set<Int32> = []
    // A cell that ended before its last round has no others.
    var ended: Set<Int> = []
    try pool.run(tasks) { task, concurrent in
      if ended.contains(task.position) { return nil }
      // What cannot run is counted at the end, not told cell by cell.
      let isQuiet = options.isQuiet || !finder.mayOpen(cells[task.position].device)
      let flags = (task.isRound ? ["--round"] : []) + (isQuiet ? ["--quiet"] : [])
      return try ChildProcess(
        CommandLine.executablePath,
        ["cell", prepared.folder.path, "--index", "\(cells[task.position].index)"] + flags,
        keeping: prepared.lock.descriptor,
        environment: [CellResources.variable: "\(concurrent)"])
    } finish: { task, ending in
      let cell = cells[task.position]
      switch ending.end {
      case .exited(ExitCode.couldNotWrite):
        throw RunError.workerCouldNotWrite(cell.label, run: prepared.folder.path)
      case .exited(let code) where [ExitCode.busy, ExitCode.notComparable].contains(code):
        left.insert(code)
        ended.insert(task.position)
      case .exited(ExitCode.ok) where task.isRound && !hasResult(cell, in: prepared.folder): return
      default:
        ended.insert(task.position)
        if let row = try row(of: cell, ending, in: prepared.folder) {
          progress.update(row)
        } else {
          left.insert(ExitCode.busy)
        }
      }
      try progress.refresh()
    }
    return left
  }

  /// The processes to start for cells, in order: one each, and one a round for a time that is
  /// measured in rounds.
  private func tasks(of cells: [StoredCell]) -> [WorkerPool.Task] {
    var tasks: [WorkerPool.Task] = []
    var rest = cells.indices[...]
    while let first = rest.first {
      // The cells that are compared follow each other.
      let block = rest.prefix {
        cells[$0].rounds > 1
          && ExecutionOrder.block(cells[$0].planned) == ExecutionOrder.block(cells[first].planned)
      }
      if block.isEmpty {
        tasks.append(WorkerPool.Task(position: first, runsAlone: cells[first].measuresTime))
      }
      let done = block.map { TimingRound.begun(in: cells[$0].folder, of: cells[$0].rounds).count }
      tasks += ExecutionOrder.turns(of: block.map { cells[$0].rounds }, done: done).map { place in
        WorkerPool.Task(
          position: first + place, runsAlone: cells[first + place].measuresTime, isRound: true)
      }
      rest = rest.dropFirst(max(1, block.count))
    }
    return tasks
  }

  // MARK: Workers that ended

  private func hasResult(_ cell: StoredCell, in folder: RunFolder) -> Bool {
    folder.result(of: cell.planned.row(experiment: folder.experiment)) != nil
  }

  /// The row that a worker has left; of one that died, a row that says how.
  ///
  /// - Returns: nil where another process runs the cell by now: its row is that one's.
  private func row(
    of cell: StoredCell, _ ending: WorkerPool.Ending, in folder: RunFolder
  ) throws -> CellRow? {
    let planned = cell.planned.row(experiment: folder.experiment)
    let resources = CellResources(options, among: ending.concurrent)
    if var row = folder.result(of: planned) {
      // A worker's clock begins after this program's: asked to end at its cap, one of short steps
      // sees the request and not yet the cap.
      if ending.isTimeout, row.status == .killed {
        (row.status, row.reason) = verdict(ending, memoryCap: resources.memoryCap)
        try folder.writeResult(row)
      }
      return row
    }
    let lock: RunLock
    do { lock = try RunLock(cell: cell.planned, of: folder) } catch RunError.cellLocked {
      return nil
    }
    defer { withExtendedLifetime(lock) {} }
    if let row = folder.result(of: planned) { return row }
    var row = planned
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
    case .exited(128 + SIGINT), .signalled(SIGINT): return (.killed, CellStatus.stopReason(SIGINT))
    case .exited(128 + SIGTERM), .signalled(SIGTERM):
      return (.killed, CellStatus.stopReason(SIGTERM))
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
  fileprivate var device: DeviceChoice {
    configuration["device"]?.text.flatMap(DeviceChoice.init(rawValue:)) ?? .auto
  }

  /// In how many rounds its time is measured.
  fileprivate var rounds: Int { max(1, option("workload.rounds")?.whole ?? 1) }

  /// Whether its answer is a time, so that no other cell may run beside it.
  fileprivate var measuresTime: Bool {
    let word = configuration["workload"]?["type"]?.text
    return WorkloadRegistry.all.first { $0.word == word }?.measuresTime ?? false
  }
}
