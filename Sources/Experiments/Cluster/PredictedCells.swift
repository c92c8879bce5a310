// PredictedCells: of what is predicted of a run's cells as much as the needs of its tasks follow
// from.

package import Config
package import Records

/// All cells of a run with what is predicted of them, in the plan's order.
///
/// Of a prediction a few bytes are kept: a run is prepared while they are in memory, and there may
/// be a hundred thousand.
package struct PredictedCells {
  struct Figures {
    /// Bytes; nil where they are not predicted.
    let peak: Double?
    /// Below which the cell cannot end; nil where that is not known.
    let seconds: Double?
  }

  let cells: [PlannedCell]
  /// Those of each cell.
  let figures: [Figures]
  /// Whether all texts and images were here, so that a run that is prepared has the same.
  let knowsData: Bool

  package init(_ plan: PlanTable) {
    cells = plan.experiment.cells
    figures = plan.lines.map { Figures(peak: $0.prediction?.peakBytes, seconds: $0.seconds) }
    knowsData = plan.knowsData
  }

  /// What is predicted where each cell is a task's: with the threads that were asked for, else as
  /// many as the task has processors, of which no more than these compute at once.
  package init(
    _ experiment: PlannedExperiment, of options: RunOptions, _ request: TaskRequest,
    environment: [String: String]
  ) throws(Faults) {
    let cpus = TaskNeeds.cpus(options, request)
    var options = options
    if options.threads == 0 { options.threads = cpus }
    self.init(
      try PlanTable(experiment, options, processors: cpus, environment: environment))
  }
}
