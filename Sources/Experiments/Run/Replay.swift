// Replay: runs finished cells again from what was kept of them and says whether the same bits come out.

internal import Config
internal import Foundation
package import Records

/// A cell that was run again beside what it was the first time.
package struct Replay: Sendable {
  package let label: String
  /// What differs; empty where every loss and every counted figure is the same.
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
    let path = "\(cell.folder)/resolved.yaml"
    let experiment: PlannedExperiment
    do throws(Faults) {
      experiment = try PlannedExperiment.load(file: path, reader: .standard)
    } catch {
      throw ResultsError.unreadable(path: path, problem: error.text)
    }
    var options = options
    options.results = scratch
    options.isQuiet = true
    // The threads that the cell really had: side by side with others it had fewer.
    options.threads = cell.row.fact("threads")?.whole ?? options.threads
    options.parallel = 1
    let outcome = try Runner(
      experiment, options, program: program, environment: environment, interrupts: interrupts
    ).run()
    if let code = interrupts.exitCode { throw RunError.interrupted(code) }
    let again = try StoredRun(outcome.folder)
    label = cell.label
    guard let twin = again.cells.first else {
      differences = ["it did not run"]
      losses = 0
      return
    }
    let before = run.lossCurve(of: cell)
    let after = again.lossCurve(of: twin)
    losses = before.steps.count
    differences =
      Self.compare(cell.row, twin.row) + Self.compare(before, after)
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

  static func compare(_ before: CellRow, _ after: CellRow) -> [String] {
    if before.status != after.status {
      return ["it ended \(before.status.rawValue) and ends \(after.status.rawValue)"]
    }
    return before.metrics.metrics.filter(\.isExact).compactMap { metric in
      guard before.metrics[metric] != after.metrics[metric] else { return nil }
      let values = [before, after].map { $0.metrics[metric].map(metric.text) ?? "missing" }
      return "\(metric.name) was \(values[0]) and is \(values[1])"
    }
  }

  /// Why other bits would be no wonder: what a run's bits may depend on and is not as it was.
  ///
  /// Threads are not among them: every sum is taken in an order that they do not change.
  package static func changes(
    since run: StoredRun, program: ProgramVersion, host: HostRecord
  ) -> [String] {
    let record = run.record
    var changes: [String] = []
    if let hash = record["program"]?["sha256"]?.text, hash != program.sha256 {
      changes.append("the program is another build")
    }
    if let cpu = record["host"]?["cpu"]?.text, cpu != host.cpu {
      changes.append("the processor was \(cpu)")
    }
    if let isa = record["host"]?["isa"]?.text.map(HostRecord.instructionSet),
      isa != HostRecord.instructionSet(host.isa)
    {
      changes.append("the kernels were for \(isa)")
    }
    return changes
  }
}

extension LossCurve.Step {
  fileprivate func hasSameLoss(as other: Self) -> Bool {
    step == other.step && loss.bitPattern == other.loss.bitPattern
  }
}
