// The summary of a run on disk, with what its record says of the experiment.

package import Records

extension StoredRun {
  /// The summary of what there is.
  package var summary: Summary {
    Summary(of: rows, record, experiment: folder.experiment)
  }
}

extension Summary {
  /// The summary of rows, as the run's record asks for it.
  package init(of rows: [CellRow], _ record: RunRecord?, experiment: String) {
    let told = record?.summary ?? RunRecord.SummaryOptions()
    self.init(
      experiment: experiment, rows: rows, compare: told.compare, isTraining: told.isTraining,
      headline: told.headline.compactMap(Metric.named),
      scaling: told.scaling.compactMap(Metric.named))
  }
}
