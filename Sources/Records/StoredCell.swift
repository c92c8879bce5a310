// A cell of a run on disk: what was planned of it and what became of it.

/// One planned cell and its result so far.
package struct StoredCell: Sendable {
  package let id: String
  /// Short and unique in the run: `classic/sequence=128/seed=2`.
  package let label: String
  /// Its number in the plan, from 0.
  package let index: Int
  /// Its place in the order of execution, from 0; nil where it is not to run.
  package let order: Int?
  /// Device, precision, model and workload with every default; null in runs of older versions.
  package let configuration: JSON
  /// Paths of options whose values followed from others; none in runs of older versions.
  package let derived: Set<String>
  /// The result, or the planned row where there is none yet.
  package let row: CellRow
  /// The cell's folder, which is there once it has started.
  package let folder: String

  /// - Parameters:
  ///   - line: the cell's line of `plan.jsonl`.
  /// - Returns: nil where the line is none of a plan.
  init?(_ line: JSON, in run: RunFolder) {
    guard let id = line["cell"]?.text, id.first?.isLetter == true,
      (try? RunFolder.checkName(id)) != nil, let label = line["label"]?.text,
      let variant = line["variant"]?.text, let seed = line["seed"]?.whole,
      let status = line["status"]?.text.flatMap(CellStatus.init)
    else { return nil }
    self.id = id
    self.label = label
    index = line["index"]?.whole ?? 0
    order = line["order"]?.whole
    configuration = line["config"] ?? .null
    derived = Set((line["derived"]?.elements ?? []).compactMap(\.text))
    folder = run.cell(id)
    var planned = CellRow(
      cell: id, experiment: run.experiment, variant: variant, seed: seed,
      axes: (line["axes"]?.members ?? []).map { .init($0.key, $0.value) }, status: status,
      reason: line["reason"]?.text)
    for fact in line["ran"]?.members ?? [] { planned.setFact(fact.key, fact.value) }
    let found = (try? JSON(reading: AtomicFile.read("\(folder)/result.json")))
      .flatMap { CellRow(json: $0) }
    row = found?.placed(like: planned) ?? planned
  }
}
