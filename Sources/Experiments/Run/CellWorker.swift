// CellWorker: runs one cell of a prepared run and writes its final row. It takes all that it needs
// from the run's folder, and writes into the cell's own folder only, so that several machines may
// run different cells of one run.

import Config
import Foundation
package import Records
import Tensors
import Workloads

/// Runs one cell in this process.
package struct CellWorker {
  private let folder: RunFolder
  private let program: () -> ProgramVersion
  private let environment: [String: String]
  private let isQuiet: Bool

  /// - Parameters:
  ///   - program: this program; asked for by a worker that was started by hand alone, for hashing
  ///     it takes time.
  ///   - isQuiet: whether to show no progress.
  package init(
    _ folder: RunFolder, program: @escaping () -> ProgramVersion, environment: [String: String],
    isQuiet: Bool = false
  ) {
    self.folder = folder
    self.program = program
    self.environment = environment
    self.isQuiet = isQuiet
  }

  /// Runs a cell, unless its final row is there already.
  ///
  /// - Parameters:
  ///   - index: its number in the plan, from 0.
  ///   - takesTurns: whether to measure no more than the next of the rounds that its workload
  ///     wants; else its time is measured in one go.
  ///   - replaced: `RunFolder.resultHash` of a final row in whose place the cell runs again.
  /// - Returns: the exit code.
  /// - Throws: `ResultsError` where the folder cannot be read or written; `RunError` where the cell
  ///   is excluded, where another process is running it, or where program, text or checkpoint are
  ///   not those of the plan. Then it stays as it is.
  package func run(
    index: Int, takesTurns: Bool = false, replacing replaced: String? = nil
  ) throws -> Int32 {
    let parent = ParentWatcher(environment: environment)
    // Whoever starts a worker by hand may be a scheduler.
    let interrupts = Interrupts(isTask: !parent.isLocal && !parent.isTask)
    // Until there is something to save, nothing is worth waiting for.
    interrupts.mayFinish = false
    let record = try RunRecord(file: folder.file("run.json"))
    let line = try folder.planLine(index)
    if line.status == .excluded { throw RunError.excluded(line.label, line.reason) }
    try folder.makeCell(line.cell)
    let claim = try CellClaim(line, of: folder)
    defer { claim.release() }
    claim.keep()
    // On a cluster nobody else comes by.
    AtomicFile.sweep(folder.cell(line.cell))
    return try claim.guarding {
      try run(
        line, of: record, under: claim, parent, interrupts, takesTurns: takesTurns,
        replacing: replaced)
    }
  }

  /// Runs a cell that this process has claimed.
  private func run(
    _ line: PlanLine, of record: RunRecord, under claim: CellClaim, _ parent: ParentWatcher,
    _ interrupts: Interrupts, takesTurns: Bool, replacing replaced: String?
  ) throws -> Int32 {
    let path = folder.cell(line.cell)
    let planned = line.row(experiment: folder.experiment)
    if let row = folder.result(of: planned), row.status.isFinal {
      guard let replaced, replaced == folder.resultHash(of: line.cell) else { return ExitCode.ok }
    }
    let changes = parent.isLocal ? [] : changes(since: record)
    if !changes.isEmpty { throw RunError.cellChanged(line.label, changes, run: folder.path) }
    try folder.removeResult(of: line.cell)

    let cell = try ResolvedCell(line, of: record, in: path)
    // Which of `model.from` and `model.fallback` there is was decided when the run was planned.
    if cell.modelPath != line.weights {
      let change = String.modelChanged(from: line.weights, to: cell.modelPath)
      throw RunError.cellChanged(line.label, [change], run: folder.path)
    }
    let concurrent = CellResources.concurrentCells(environment)
    let resources = CellResources(record.options, among: concurrent)
    let reporter = CellReporter(
      ProgressBar(Terminal.progress(isQuiet: isQuiet, isPlain: concurrent > 1)),
      headline: type(of: cell.workload).headline, log: try LineFile("\(path)/log.txt"))
    let roundCount = takesTurns ? cell.workload.rounds : 1
    let rounds = TimingRound.begun(in: path, of: roundCount)
    var earlierSeconds = rounds.reduce(0) { $0 + $1.seconds }
    reporter.begin(
      line.label, (line.order ?? 0) + 1, of: record.cells ?? 1, steps: cell.workload.steps,
      counting: type(of: cell.workload).counted, after: earlierSeconds)
    if let beginning = planned.fact("beginning")?.text { reporter.tell(beginning) }
    var row = planned
    let start = MonotonicClock.now()
    let deadline = record.options.timeCap.map { [earlierSeconds] in start + $0 - earlierSeconds }
    var measured: CellJob?
    let isOverdue = { deadline.map { MonotonicClock.now() >= $0 } ?? false }
    do {
      var finder = DeviceFinder(record.options, environment: environment)
      finder.threads = resources.threads
      let found = try finder.open(cell.device)
      let use = finder.use(of: found, for: cell.device)
      // Machines that share a run may have different GPUs, and their rows say so.
      if parent.isLocal { try use.check(against: record.devices) }
      for fact in use.facts { row.setFact(fact.key, fact.value) }
      row.setFact("threads", .integer(found.device.threads))
      row.setFact("precision", .string(cell.precision.rawValue))
      let end = { [begun = row] (status: CellStatus, reason: String) -> Never in
        var row = begun
        (row.status, row.reason) = (status, reason)
        row = row.placed(like: planned)
        if (try? claim.check()) != nil { try? folder.writeResult(row) }
        claim.release()
        exit(ExitCode.someCellsFailed)
      }
      found.device.whenFailed = { end(.failed, $0) }
      // The memory of a GPU is its own, the processor's that of the process: its cap is told.
      if found.device.name != "cpu" {
        let name = found.device.name
        found.device.whenOutOfMemory = { end(.oom, "the device '\(name)' is \($0.message)") }
      }
      if concurrent > 1 { row.setFact("concurrent_cells", .integer(concurrent)) }
      // The local runner's workers are on its machine.
      if !parent.isLocal { row.setMachine(otherThan: parent.isTask ? nil : record.host) }
      let left = try resources.memoryCap.map(MemoryCap.set)
      var loader = DatasetLoader(record.options, environment: environment)
      loader.planned = record.datasets
      loader.isPinned = true
      let job = CellJob(
        row: row, model: cell.model, device: found.device,
        precision: cell.precision.elementType, folder: path, data: loader,
        checkpoints: record.checkpoints,
        savesInitial: record.options.savesInitial,
        checkpointSeconds: record.options.checkpointSeconds, rounds: rounds, of: roundCount,
        // The memory of a GPU is its own.
        memoryCap: found.device.name == "cpu" ? left : found.device.memoryNow.free,
        progress: reporter,
        isInterrupted: { interrupts.signal != nil || parent.isGone || isOverdue() },
        holdStop: { interrupts.mayFinish = true })
      defer { (row, earlierSeconds) = (job.row, job.earlierSeconds) }
      try cell.workload.run(job)
      measured = job
      if job.rounds.count < roundCount, job.row.status == .notRun {
        return interrupts.exitCode ?? ExitCode.ok
      }
    } catch let error as PluginError {
      (row.status, row.reason) = (.unavailable, error.description)
    } catch is Interrupted {
      interrupts.mayFinish = true
      let cap = record.options.timeCap.flatMap { isOverdue() ? $0 : nil }
      row.status = cap == nil ? .killed : .timeout
      row.reason = cap.map(CellStatus.timeoutReason) ?? CellStatus.stopReason(interrupts.signal)
    } catch let error as MemoryCapTooSmall {
      (row.status, row.reason) = (.oom, error.description)
    } catch let error as MemoryCapExceeded {
      (row.status, row.reason) = (.oom, error.description)
    } catch DataError.changed(let name) {
      throw RunError.cellChanged(
        line.label, ["the text '\(name)' has changed"], run: folder.path)
    } catch DataError.imagesChanged(let name) {
      throw RunError.cellChanged(
        line.label, ["the images '\(name)' have changed"], run: folder.path)
    } catch let error as DeviceChanged {
      throw RunError.cellChanged(line.label, [error.description], run: folder.path)
    } catch let error as TokenizerChanged {
      throw RunError.cellChanged(line.label, [error.description], run: folder.path)
    } catch let error as CheckpointChanged {
      throw RunError.cellChanged(line.label, [error.description], run: folder.path)
    } catch let error as ResultsError where error.isOfWriting {
      // No verdict on the cell: the disk is full, or the folder is gone.
      throw error
    } catch {
      (row.status, row.reason) = (.failed, "\(error)")
    }
    row.metrics[.seconds] = earlierSeconds + MonotonicClock.now() - start
    row.metrics.set(.peakResidentBytes, MemoryCap.peakResidentBytes)
    row = row.placed(like: planned)
    try claim.check()
    reporter.end(row)
    try folder.writeResult(row)
    if record.options.profiles, row.status == .ok, let measured {
      profile(cell.workload, measured, label: line.label)
    }
    return interrupts.exitCode ?? (row.status == .ok ? ExitCode.ok : ExitCode.someCellsFailed)
  }

  /// Profiles a cell whose result is written, and does no harm to it.
  private func profile(_ workload: any Workload, _ cell: CellJob, label: String) {
    let say = { (reason: String) in cell.progress.warn("\(label) has no profile: \(reason)") }
    let giveUp = { (reason: String) -> Never in
      say(reason)
      exit(ExitCode.ok)
    }
    cell.device.whenFailed = { giveUp($0) }
    cell.device.whenOutOfMemory = { giveUp($0.message) }
    do {
      try ProfiledCell(workload, cell, label: label, steps: Self.profiledSteps).write(
        to: cell.folder)
    } catch {
      say(error is Interrupted ? "the run was to stop" : "\(error)")
    }
  }

  /// Steps of each kind that are recorded.
  private static let profiledSteps = 10

  /// What is not as the run was prepared, for a worker that was started by hand.
  private func changes(since record: RunRecord) -> [String] {
    let finder = DeviceFinder(record.options, environment: environment)
    return program().changes(since: record.program)
      + PluginFile.changes(from: record.plugin, to: finder.pluginFile)
  }
}

/// A cell would run on another device than the cells of its run that asked for the same.
private struct DeviceChanged: Error, CustomStringConvertible {
  let description: String
}

extension DeviceUse {
  /// - Throws: `DeviceChanged` where cells that asked for the same ran on another device.
  fileprivate func check(against earlier: [DeviceUse]) throws {
    let names = earlier.filter { $0.requested == requested }.map(\.name)
    if names.isEmpty || names.contains(name) { return }
    throw DeviceChanged(
      description: "another device: \(name) instead of \(names.unique.joined(separator: ", "))")
  }
}

extension CellRow {
  /// States the machine that runs the cell, where it is another than the run was prepared on.
  ///
  /// - Parameter host: that machine; nil of a cluster, which has many: then the node is stated too.
  fileprivate mutating func setMachine(otherThan host: HostRecord?) {
    if host == nil { HostRecord.nodeName.map { setFact("node", .string($0)) } }
    let own = HostRecord.read(isa: Device.cpu(threads: 1).summary)
    if let cpu = own.cpu, cpu != host?.cpu { setFact("cpu", .string(cpu)) }
    let isa = HostRecord.instructionSet(own.isa)
    if isa != host.map({ HostRecord.instructionSet($0.isa) }) { setFact("isa", .string(isa)) }
  }
}

/// A cell's own experiment file, read for running: once, and held against the plan.
private struct ResolvedCell {
  let device: DeviceChoice
  let precision: PrecisionChoice
  let model: CellModel
  let workload: any Workload

  /// Where the stored model that it reads was found; nil where it reads none.
  var modelPath: String? { model.base?.path ?? workload.checkpoint }

  /// - Throws: `ResultsError.unreadable` where the file is not the one that was planned.
  init(_ line: PlanLine, of record: RunRecord, in folder: String) throws {
    let path = "\(folder)/resolved.yaml"
    do {
      let reader = DocumentReader<CellModel, any Workload>.standard
      let root = try YAML.load(file: path).root
      let reading = reader.read(reader.document(in: root))
      if !reading.faults.isEmpty { throw Faults(reading.faults) }
      guard reading.recording.value.canonical == line.configuration.canonical else {
        throw ResultsError.unreadable(path: path, problem: "it is not what was planned")
      }
      device = reading.device
      precision = reading.precision
      model = reading.model
      workload = reading.workload
    } catch let faults as Faults {
      throw ResultsError.unreadable(path: path, problem: faults.text)
    }
  }
}
