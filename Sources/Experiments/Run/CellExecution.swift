// CellExecution: runs cells of a run that is ready, each in a process of its own, and sees to it
// that whatever becomes of a process is a row.

import Config
import Foundation
import Models
package import Records
import Tensors
import Workloads

/// Cells of one run in child processes of this program.
struct CellExecution {
  private let folder: RunFolder
  private let options: RunOptions
  private let environment: [String: String]
  /// That of the run, which the workers keep; nil where others may work on the run as well.
  private let lock: RunLock?
  private let relation: ParentWatcher.Relation
  private let interrupts: Interrupts

  /// - Parameters:
  ///   - lock: that of the run; nil for a scheduler's task, which has none.
  init(
    _ folder: RunFolder, _ options: RunOptions, environment: [String: String], lock: RunLock?,
    interrupts: Interrupts
  ) {
    relation = lock == nil ? .task : .runner
    self.folder = folder
    self.options = options
    self.environment = environment
    self.lock = lock
    self.interrupts = interrupts
  }

  /// Runs the cells in the order given, until a signal asks to stop.
  ///
  /// - Parameters:
  ///   - replaced: `RunFolder.resultHash` of the results that are replaced, by the cells' ids: a
  ///     worker removes it when it has the cell to itself.
  ///   - warn: takes what the user must be told.
  ///   - ended: takes the row of each cell that has ended; nil of one that was left as it was.
  /// - Returns: the exit codes of workers that left their cells as they were.
  func run(
    _ cells: [StoredCell], replacing replaced: [String: String] = [:], warn: (String) -> Void,
    ended: (CellRow?) throws -> Void
  ) throws -> Set<Int32> {
    let tasks = self.tasks(of: cells)
    let shared = tasks.count { !$0.runsAlone }
    let width = CellResources.width(options, cells: shared)
    if width < min(options.parallel, shared) {
      warn("\(width) cells run at once, not \(options.parallel): there are no more threads")
    }
    let finder = DeviceFinder(options, environment: environment)
    let pool = WorkerPool(width: width, timeCap: options.timeCap, interrupts: interrupts)
    var left: Set<Int32> = []
    // A cell that ended before its last round has no others.
    var done: Set<Int> = []
    try pool.run(tasks) { task, concurrent in
      if done.contains(task.position) { return nil }
      // What cannot run is counted at the end, not told cell by cell.
      let cell = cells[task.position]
      let isQuiet = options.isQuiet || !finder.mayOpen(cell.device)
      let flags = (task.isRound ? ["--round"] : []) + (isQuiet ? ["--quiet"] : [])
      let old = replaced[cell.id].map { ["--replacing", $0] } ?? []
      return try ChildProcess(
        CommandLine.executablePath,
        ["cell", folder.path, "--index", "\(cell.index)"] + flags + old,
        keeping: lock?.descriptor, as: relation,
        environment: [CellResources.variable: "\(concurrent)"])
    } finish: { task, ending in
      let cell = cells[task.position]
      switch ending.end {
      case .exited(ExitCode.couldNotWrite):
        throw RunError.workerCouldNotWrite(cell.label, run: folder.path)
      case .exited(let code) where [ExitCode.busy, ExitCode.notComparable].contains(code):
        left.insert(code)
        done.insert(task.position)
      case .exited(ExitCode.ok) where task.isRound && !hasResult(cell): return
      default:
        done.insert(task.position)
        let row = try row(of: cell, ending)
        if row == nil { left.insert(ExitCode.busy) }
        return try ended(row)
      }
      try ended(nil)
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

  private func hasResult(_ cell: StoredCell) -> Bool {
    folder.result(of: cell.planned.row(experiment: folder.experiment)) != nil
  }

  /// The row that a worker has left; of one that died, a row that says how.
  ///
  /// - Returns: nil where another process runs the cell by now: its row is that one's.
  private func row(of cell: StoredCell, _ ending: WorkerPool.Ending) throws -> CellRow? {
    let planned = cell.planned.row(experiment: folder.experiment)
    let resources = CellResources(options, among: ending.concurrent)
    if var row = folder.result(of: planned) {
      try folder.dropDeadClaim(cell.planned)
      // A worker's clock begins after this program's: asked to end at its cap, one of short steps
      // sees the request and not yet the cap.
      if ending.isTimeout, row.status == .killed {
        (row.status, row.reason) = verdict(ending, memoryCap: resources.memoryCap)
        return try folder.replaceKilled(row, of: cell.planned)
      }
      return row
    }
    var left: CellRow?
    try folder.whileIdle(cell.planned) {
      left = folder.result(of: planned)
      if left != nil { return }
      var row = planned
      (row.status, row.reason) = verdict(ending, memoryCap: resources.memoryCap)
      row.metrics.set(.peakResidentBytes, ending.peakResidentBytes)
      try folder.writeResult(row)
      left = row
    }
    return left
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
    case .exited(128 + SIGUSR1), .signalled(SIGUSR1):
      return (.killed, CellStatus.stopReason(SIGUSR1))
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
}

extension RunFolder {
  /// Writes another row of a cell that was killed, unless another process has come further with it.
  ///
  /// - Returns: the row that the cell has now; nil where another process runs it.
  package func replaceKilled(_ row: CellRow, of line: PlanLine) throws -> CellRow? {
    var left: CellRow?
    try whileIdle(line) {
      let found = result(of: line.row(experiment: experiment))
      guard found?.status == .killed else {
        left = found
        return
      }
      try writeResult(row)
      left = row
    }
    return left
  }
}

extension StoredCell {
  fileprivate var device: DeviceChoice {
    configuration["device"]?.text.flatMap(DeviceChoice.init(rawValue:)) ?? .auto
  }

  /// In how many rounds its time is measured.
  var rounds: Int { max(1, option("workload.rounds")?.whole ?? 1) }

  /// Whether its answer is a time, so that no other cell may run beside it.
  var measuresTime: Bool {
    let word = configuration["workload"]?["type"]?.text
    return WorkloadRegistry.all.first { $0.word == word }?.measuresTime ?? false
  }
}
