// CellWorker: the child process's side of a run. Reads one cell's resolved file, runs it, writes its result.

import Config
import Foundation
package import Records
import Tensors
import Workloads

/// Runs one cell in this process.
package struct CellWorker {
  private let folder: RunFolder
  private let options: RunOptions
  private let environment: [String: String]
  /// Whether a runner started this worker and holds the other end of its lifeline.
  private let isConnected: Bool
  /// Whether to show lines instead of a bar: other workers write to the same terminal.
  private let isPlain: Bool

  package init(
    _ folder: RunFolder, _ options: RunOptions, environment: [String: String],
    isConnected: Bool = false, isPlain: Bool = false
  ) {
    self.isConnected = isConnected
    self.isPlain = isPlain
    self.folder = folder
    self.options = options
    self.environment = environment
  }

  /// Runs the cell and writes `result.json` and `status.json` into its folder.
  ///
  /// - Parameters:
  ///   - id: the cell's id, the name of its folder.
  ///   - index: its place among the cells, from 1.
  /// - Returns: the exit code.
  package func run(_ id: String, label: String, index: Int, of count: Int) throws -> Int32 {
    let interrupts = Interrupts()
    // Until there is something to save, nothing is worth waiting for.
    interrupts.mayFinish = false
    let lifeline = Lifeline(isConnected: isConnected)
    try RunFolder.checkName(id)
    let path = folder.cell(id)
    let experiment = try PlannedExperiment.load(
      file: "\(path)/resolved.yaml", reader: .standard)
    guard let cell = experiment.cells.first, let workload = cell.workload, let model = cell.model
    else { throw ResultsError.unreadable(path: "\(path)/resolved.yaml", problem: "it has no cell") }

    let reporter = CellReporter(
      ProgressBar(Terminal.progress(isQuiet: options.isQuiet, isPlain: isPlain)),
      headline: type(of: workload).headline, log: LineFile("\(path)/log.txt"))
    reporter.begin(label, index, of: count, steps: workload.steps)
    var row = CellRow(
      cell: id, experiment: experiment.name, variant: cell.variant, seed: cell.seed)
    let start = MonotonicClock.now()
    var earlierSeconds = 0.0
    do {
      let found = try DeviceFinder(options, environment: environment).open(cell.device)
      row.setFact("device", .string(found.device.name))
      row.setFact("device_reason", .string(found.reason))
      row.setFact("device_summary", .string(found.device.summary))
      row.setFact("threads", .integer(found.device.threads))
      row.setFact("precision", .string(cell.precision.rawValue))
      let left = try options.memoryCap.map(MemoryCap.set)
      let job = CellJob(
        row: row, model: model, device: found.device,
        precision: cell.precision == .bf16 ? .bf16 : .f32, folder: path, data: loader,
        savesInitial: options.savesInitial, checkpointSeconds: options.checkpointSeconds,
        // The memory of a GPU is its own.
        memoryCap: found.device.name == "cpu" ? left : nil, progress: reporter,
        isInterrupted: { interrupts.signal != nil || lifeline.isLost },
        holdStop: { interrupts.mayFinish = true })
      defer { (row, earlierSeconds) = (job.row, job.earlierSeconds) }
      try workload.run(job)
    } catch let error as PluginError {
      row.status = .unavailable
      row.reason = error.description
    } catch is Interrupted {
      interrupts.mayFinish = true
      let cap = options.timeCap.flatMap { MonotonicClock.now() - start >= $0 ? $0 : nil }
      row.status = cap == nil ? .killed : .timeout
      row.reason = cap.map(CellStatus.timeoutReason) ?? CellStatus.stopReason
    } catch let error as MemoryCapTooSmall {
      row.status = .oom
      row.reason = error.description
    } catch let error as MemoryCapExceeded {
      row.status = .oom
      row.reason = error.description
    } catch let error as ResultsError where error.isOfSystem {
      // No verdict on the cell: the disk is full, or the folder is gone.
      throw error
    } catch {
      row.status = .failed
      row.reason = "\(error)"
    }
    row.metrics[.seconds] = earlierSeconds + MonotonicClock.now() - start
    row.metrics.set(.peakResidentBytes, MemoryCap.peakResidentBytes)
    reporter.end(row)
    try AtomicFile.write(row.json, to: "\(path)/result.json")
    return interrupts.exitCode ?? (row.status == .ok ? ExitCode.ok : ExitCode.someCellsFailed)
  }

  private var loader: DatasetLoader {
    DatasetLoader(options, environment: environment)
  }
}

extension DatasetLoader {
  /// A loader for what the command line and the environment say.
  init(_ options: RunOptions, environment: [String: String]) {
    self.init(
      locations: DataLocations(
        dataDirectory: options.dataDirectory, offline: options.offline, environment: environment,
        baseDirectory: FileManager.default.currentDirectoryPath),
      download: Download(environment: environment))
  }
}
