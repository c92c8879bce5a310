// Replay: runs finished cells again from what was kept of them and says whether the same bits come
// out.

internal import Config
internal import Foundation
package import Records
internal import Tensors
internal import Workloads

/// A cell that was run again beside what it was the first time.
package struct Replay: Sendable {
  package let label: String
  /// What differs, losses first, then the workload's headline; empty where every figure is the same
  /// that no clock has part in.
  package let differences: [String]
  /// The number of training losses that were compared.
  package let losses: Int

  package var isSame: Bool { differences.isEmpty }

  /// Runs a cell of a run again.
  ///
  /// - Parameters:
  ///   - scratch: a folder for the second run's results.
  /// - Throws: `ResultsError` or `DataError` when it cannot be run; `RunError.interrupted`.
  package init(
    _ cell: StoredCell, of run: StoredRun, options: RunOptions, program: ProgramVersion,
    environment: [String: String], scratch: String, interrupts: Interrupts
  ) throws {
    let experiment = try Self.experiment(of: cell)
    var options = options
    options.results = scratch
    options.isQuiet = true
    // The threads that the cell really had: side by side with others it had fewer.
    options.threads = cell.row.fact("threads")?.whole ?? options.threads
    options.parallel = 1
    let outcome = try Runner(
      experiment, options, program: program, environment: environment,
      texts: run.record?.datasets ?? [], interrupts: interrupts
    ).run()
    if let code = interrupts.exitCode { throw RunError.interrupted(code) }
    let again = outcome.run
    label = cell.label
    guard let repeated = again.cells.first else {
      differences = ["it did not run"]
      losses = 0
      return
    }
    let before = run.lossCurve(of: cell)
    let after = again.lossCurve(of: repeated)
    losses = before.steps.count
    let found =
      Self.compare(before, after)
      + Self.compare(cell.row, repeated.row, first: run.record?.summary.headline ?? [])
    differences = (found.isEmpty ? [] : Self.devices(cell.row, repeated.row)) + found
  }

  /// Where the two ran on different devices, which explains all else.
  private static func devices(_ before: CellRow, _ after: CellRow) -> [String] {
    guard let before = DeviceUse(before)?.name, let after = DeviceUse(after)?.name,
      before != after
    else { return [] }
    return ["it ran on \(before) and runs on \(after)"]
  }

  static func compare(_ before: LossCurve, _ after: LossCurve) -> [String] {
    if before.hash == after.hash { return [] }
    for (first, second) in zip(before.steps, after.steps) where !first.hasSameLoss(as: second) {
      return ["the loss of step \(first.step) was \(first.loss) and is \(second.loss)"]
    }
    if before.steps.count != after.steps.count {
      return ["it had \(before.steps.count) steps and has \(after.steps.count)"]
    }
    for (first, second) in zip(before.evaluations, after.evaluations)
    where first.loss.bitPattern != second.loss.bitPattern {
      return [
        "the validation loss after step \(first.step) was \(first.loss) and is \(second.loss)"
      ]
    }
    return ["the evaluations are not the same ones"]
  }

  /// - Parameter headline: names of the metrics that come first.
  static func compare(
    _ before: CellRow, _ after: CellRow, first headline: [String]
  ) -> [String] {
    if before.status != after.status {
      return ["it ended \(before.status.rawValue) and ends \(after.status.rawValue)"]
    }
    // The same loss in other units says nothing more.
    let metrics = before.metrics.metrics.filter { metric in
      metric.isRepeatable && !Metric.unitsOfLoss.contains(metric)
    }
    let isFirst = { headline.contains($0.name) } as (Metric) -> Bool
    return (metrics.filter(isFirst) + metrics.filter { !isFirst($0) }).compactMap { metric in
      guard before.metrics[metric] != after.metrics[metric] else { return nil }
      let values = [before, after].map { $0.metrics[metric].map(metric.text) ?? "missing" }
      return "\(metric.name) was \(values[0]) and is \(values[1])"
    }
  }
}

extension Replay {
  /// What is not as it was when cells ran, as `resume` checks it, each cell's own text included.
  ///
  /// - Throws: `DataError` when a text is not there any more; `RunError.interrupted`.
  package static func changes(
    since run: StoredRun, for cells: [StoredCell], options: RunOptions, program: ProgramVersion,
    environment: [String: String], interrupts: Interrupts
  ) throws -> [String] {
    var loader = DatasetLoader(options, environment: environment)
    loader.download.isInterrupted = { interrupts.signal != nil }
    loader.planned = run.record?.datasets ?? []
    var used: [RunRecord.Dataset] = []
    var record = RunRecord(
      folder: run.folder, arguments: [], program: program,
      host: HostRecord.read(isa: Device.cpu(threads: options.threads).summary), start: .now)
    var known: [DatasetDeclaration] = []
    var knownImages: [ImageDeclaration] = []
    var changes: [String] = []
    for cell in cells {
      let planned = try experiment(of: cell).cells.first
      if let path = planned?.modelPath { _ = record.checkpoints.find(path) }
      if let declaration = planned?.workload?.images, !knownImages.contains(declaration) {
        knownImages.append(declaration)
        let found = Result { try loader.images.load(declaration) }
        if let code = interrupts.exitCode { throw RunError.interrupted(code) }
        let now = try found.get().record
        record.datasets.append(now)
        used +=
          loader.images.known(declaration).map { [$0] }
          ?? loader.planned.filter { $0.name == now.name }
      }
      guard let planned, let declaration = planned.workload?.dataset else { continue }
      let tokenizer = try loader.tokenizer(of: declaration, for: planned.storedModel).tokenizer
      changes += [
        String.tokenizerChanged(
          from: cell.tokenizer, to: (tokenizer?.path, tokenizer.map { "sha256-" + $0.sha256 }))
      ].compactMap(\.self)
      if known.contains(declaration) { continue }
      known.append(declaration)
      let text = Result { try loader.load(declaration) }
      if let code = interrupts.exitCode { throw RunError.interrupted(code) }
      let now = [try text.get().record]
      record.datasets += now
      used +=
        loader.known(declaration).map { [$0] }
        ?? loader.planned.filter { $0.name == now.first?.name }
    }
    record.plugin = DeviceFinder(options, environment: environment).pluginFile
    // A cell that ran on another machine than the run was prepared on says so.
    return cells.reduce(into: changes) { changes, cell in
      var old = run.record
      old?.datasets = used
      old?.checkpoints = [cell].compactMap(\.checkpoint)
      old?.devices = [cell.row].compactMap(DeviceUse.init)
      if let cpu = cell.row.fact("cpu")?.text { old?.host.cpu = cpu }
      if let isa = cell.row.fact("isa")?.text { old?.host.isa = isa }
      changes += record.changes(since: old)
    }.unique
  }

  private static func experiment(of cell: StoredCell) throws(ResultsError) -> PlannedExperiment {
    let path = "\(cell.folder)/resolved.yaml"
    do throws(Faults) {
      return try PlannedExperiment.load(file: path, reader: .standard)
    } catch {
      throw .unreadable(path: path, problem: error.text)
    }
  }
}

extension PlannedCell {
  /// The stored model in whose tokens it reads its text where no others are named.
  fileprivate var storedModel: ModelBase? {
    model?.base ?? workload?.checkpoint.flatMap { try? SavedModel($0).base }
  }
}

extension StoredCell {
  /// What made the tokens of its text, as its row says.
  fileprivate var tokenizer: UsedTokenizer {
    (row.fact("tokenizer")?.text, row.fact("tokenizer_sha256")?.text)
  }

  /// The checkpoint that it read, as its row says; nil where it read none.
  fileprivate var checkpoint: RunRecord.Checkpoint? {
    guard let path = row.fact("weights")?.text, let hash = row.fact("checkpoint_sha256")?.text
    else { return nil }
    return RunRecord.Checkpoint(path: path, sha256: hash.replacing("sha256-", with: ""))
  }
}

extension LossCurve.Step {
  fileprivate func hasSameLoss(as other: Self) -> Bool {
    step == other.step && loss.bitPattern == other.loss.bitPattern
  }
}
