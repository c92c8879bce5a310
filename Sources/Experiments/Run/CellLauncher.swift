// CellLauncher: starts the worker of one cell and reads what it left behind.

import Foundation
import Records
import Tensors
import Workloads

/// Starts workers of one run.
struct CellLauncher {
  let folder: RunFolder
  let options: RunOptions
  /// Bytes that a worker may take.
  let memoryCap: Int?
  /// Whether workers need not look for texts elsewhere.
  let isOffline: Bool
  let lock: RunLock

  /// Starts the worker of a cell.
  ///
  /// - Parameters:
  ///   - index: its place in the order of execution, from 1.
  func start(
    _ entry: RunPlan.Entry, _ index: Int, of count: Int, runsAlone: Bool
  ) throws -> ChildProcess {
    let id = entry.row.cell
    let path = try folder.makeCell(id)
    try AtomicFile.write(entry.cell.resolvedYAML, to: "\(path)/resolved.yaml")
    // What an earlier attempt left would be taken for the result of this one.
    if AtomicFile.exists("\(path)/result.json") {
      try Failpoint.remove.pass("\(path)/result.json")
      unlink("\(path)/result.json")
    }
    let attempt = (status(id)["attempt"]?.whole ?? 0) + 1
    let all = options.threads > 0 ? options.threads : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let isShared = options.parallel > 1 && !runsAlone
    let threads = isShared ? max(1, all / options.parallel) : options.threads
    let child = try ChildProcess(
      CommandLine.executablePath,
      ["cell", folder.path, id, "--label", entry.cell.label, "--place", "\(index)/\(count)"]
        + options.workerArguments(offline: isOffline, threads: threads, memoryCap: memoryCap),
      keeping: lock.descriptor)
    try AtomicFile.write(
      [
        "status": "running", "reason": .null, "attempt": .integer(attempt),
        "process": .integer(Int(child.id)),
        "start": .string(RunRecord.time(Date().timeIntervalSince1970)),
      ] as JSON, to: "\(path)/status.json")
    return child
  }

  /// Reads the result of a worker that has ended, completes it and writes it down.
  ///
  /// - Throws: `RunError.workerCouldNotWrite` when the disk is full or the folder is gone: the others would fare alike.
  func finish(
    _ entry: RunPlan.Entry, _ ending: WorkerPool.Ending, runsAlone: Bool
  ) throws -> CellRow {
    let path = folder.cell(entry.row.cell)
    if ending.end == .exited(ExitCode.couldNotWrite) {
      throw RunError.workerCouldNotWrite(entry.cell.label)
    }
    var row = entry.row
    if let found = try? CellRow(json: JSON(reading: AtomicFile.read("\(path)/result.json"))) {
      row = found.placed(like: entry.row)
    } else {
      (row.status, row.reason) = verdict(ending)
    }
    if ending.isTimeout, row.status == .killed || row.status == .notRun {
      row.status = .timeout
      row.reason = CellStatus.timeoutReason(options.timeCap ?? ending.seconds)
    }
    row.metrics.set(.peakResidentBytes, ending.peakResidentBytes)
    if options.parallel > 1, !runsAlone {
      row.setFact("concurrent_cells", .integer(options.parallel))
    }
    try record(row)
    return row
  }

  /// Writes `result.json` and `status.json` of a cell that has ended.
  func record(_ row: CellRow) throws {
    let path = folder.cell(row.cell)
    let attempt = status(row.cell)["attempt"] ?? 1
    try AtomicFile.write(row.json, to: "\(path)/result.json")
    try AtomicFile.write(
      [
        "status": .string(row.status.rawValue), "reason": .string(row.reason), "attempt": attempt,
      ] as JSON, to: "\(path)/status.json")
    try discardState(of: row)
  }

  /// Removes the checkpoint of a cell that has ended for good.
  func discardState(of row: CellRow) throws {
    let path = "\(folder.cell(row.cell))/\(TrainingState.file)"
    guard row.status == .ok || row.status == .diverged, AtomicFile.exists(path) else { return }
    try Failpoint.remove.pass(path)
    unlink(path)
  }

  private func status(_ id: String) -> JSON {
    (try? JSON(reading: AtomicFile.read("\(folder.cell(id))/status.json"))) ?? .null
  }

  /// What the end of a worker that left no result means.
  private func verdict(_ ending: WorkerPool.Ending) -> (CellStatus, String) {
    switch ending.end {
    case .exited(MemoryShortage.exitCode):
      let cap = memoryCap.map { " within its cap of \(Metric.peakBytes.text(Double($0)))" } ?? ""
      return (.oom, "there was no more memory\(cap)")
    case .exited(128 + SIGINT), .exited(128 + SIGTERM):
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
}
