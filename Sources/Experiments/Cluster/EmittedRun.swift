// EmittedRun: a run that is handed to a scheduler, with what is predicted of its cells.

import Config
import Foundation
package import Records

/// A run on disk and its plan's predictions.
package struct EmittedRun {
  package let run: StoredRun
  package let options: RunOptions
  package let plan: PlanTable

  /// A run that is there.
  ///
  /// - Throws: `Faults` where its resolved file cannot be read; `ResultsError` where the plan is not
  ///   that of the file.
  package init(_ folder: RunFolder) throws {
    let experiment = try PlannedExperiment.load(
      file: folder.file("resolved.yaml"), reader: .standard)
    try self.init(folder, experiment)
  }

  /// Prepares a new run.
  package init(
    preparing experiment: PlannedExperiment, _ options: RunOptions, program: ProgramVersion,
    warn: (String) -> Void
  ) throws {
    let environment = ProcessInfo.processInfo.environment
    let interrupts = Interrupts()
    interrupts.mayFinish = false
    try DeviceFinder(options, environment: environment)
      .check(for: experiment.cells.map(\.device))
    let prepared = try Preparation(
      experiment, options, program: program, environment: environment
    ).prepare(interrupts, warn: warn)
    defer { withExtendedLifetime(prepared.lock) {} }
    try self.init(prepared.folder, experiment)
  }

  private init(_ folder: RunFolder, _ experiment: PlannedExperiment) throws {
    // Jobs begin in other folders: its whole path.
    let run = try StoredRun(RunFolder.open(folder.path))
    var options = run.record?.options ?? RunOptions()
    let isSame =
      run.cells.count == experiment.cells.count
      && zip(run.cells, experiment.cells).allSatisfy {
        $0.label == $1.label && $0.planned.seed == $1.seed
      }
    guard isSame else {
      throw ResultsError.unreadable(
        path: run.folder.file("plan.jsonl"), problem: "its cells are not those of resolved.yaml")
    }
    self.run = run
    self.options = options
    // A task's threads are those that its time is predicted for.
    options.threads = TaskNeeds.cpus(options)
    plan = try PlanTable(
      experiment, options, environment: ProcessInfo.processInfo.environment)
  }
}
