// The summary of a run on disk, with what its record says of the experiment.

package import Records

extension StoredRun {
  /// The summary of what there is.
  package var summary: Summary {
    let told = record["summary"] ?? .null
    func metrics(_ key: String) -> [Metric] {
      (told[key]?.elements ?? []).compactMap { $0.text.flatMap(Metric.named) }
    }
    let compare = (told["compare"]?.members ?? []).compactMap { member in
      member.value.text.map { (member.key, $0) }
    }
    return Summary(
      experiment: folder.experiment, rows: rows,
      compare: Dictionary(compare, uniquingKeysWith: { $1 }),
      isTraining: told["training"] == .bool(true), headline: metrics("headline"),
      scaling: metrics("scaling"))
  }
}
