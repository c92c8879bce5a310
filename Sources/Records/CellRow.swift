// One cell's result: what was asked for (axes), what ran (facts), what was measured (metrics).
// It is a row of cells.csv and cells.jsonl, and the cell's own result.json.

internal import Config

/// The result of one cell: a variant at one point of the axes with one seed.
package struct CellRow: Equatable, Sendable {
  /// One axis value of the matrix, or one fact about the run.
  package struct Entry: Equatable, Sendable {
    package let key: String
    package let value: JSON

    package init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// The cell's id; begins with a letter, so that no reader takes it for a number.
  package let cell: String
  package let experiment: String
  /// The variant's name; empty where the experiment has no variants.
  package let variant: String
  package let seed: Int
  /// The matrix axes by dotted path, in the order of the file.
  package let axes: [Entry]
  package var status: CellStatus
  /// Why the status is what it is, in one line; nil when all went well.
  package var reason: String? {
    didSet { reason = reason.map(Wording.oneLine) }
  }
  /// What really ran, against what was asked for: device, kernel, dataset (columns `ran.<key>`).
  package private(set) var facts: [Entry] = []
  package var metrics = MetricValues()

  package init(
    cell: String, experiment: String, variant: String, seed: Int, axes: [Entry] = [],
    status: CellStatus = .notRun, reason: String? = nil
  ) {
    precondition(cell.first?.isLetter == true, "cell id '\(cell)' does not begin with a letter")
    self.cell = cell
    self.experiment = experiment
    self.variant = variant
    self.seed = seed
    self.axes = axes
    self.status = status
    self.reason = reason.map(Wording.oneLine)
  }

  /// Sets a fact about what ran: `setFact("kernel", "flash2")`.
  package mutating func setFact(_ key: String, _ value: JSON) {
    if let index = facts.firstIndex(where: { $0.key == key }) {
      facts[index] = Entry(key, value)
    } else {
      facts.append(Entry(key, value))
    }
  }

  /// A fact about what ran; nil where it is not known.
  package func fact(_ key: String) -> JSON? {
    facts.first { $0.key == key }?.value
  }
}

extension CellRow {
  /// This result under the id, axes and data note of its planned row.
  package func placed(like planned: CellRow) -> CellRow {
    var row = copy(cell: planned.cell, like: planned)
    // The parent's note is the true one: a worker is told not to look for the text again.
    for fact in planned.facts { row.setFact(fact.key, fact.value) }
    return row
  }

  /// The same under another id.
  package func renamed(_ id: String) -> CellRow { copy(cell: id, like: self) }

  /// The same at another point of the axes.
  func at(_ axes: [Entry]) -> CellRow {
    if axes == self.axes { return self }
    var place = CellRow(
      cell: cell, experiment: experiment, variant: variant, seed: seed, axes: axes)
    place.metrics = metrics
    return copy(cell: cell, like: place)
  }

  private func copy(cell: String, like place: CellRow) -> CellRow {
    var row = CellRow(
      cell: cell, experiment: place.experiment, variant: place.variant, seed: place.seed,
      axes: place.axes, status: status, reason: reason)
    for fact in facts { row.setFact(fact.key, fact.value) }
    row.metrics = metrics
    return row
  }
}

extension CellRow {
  /// The row as a nested object: the cell's `result.json`.
  package var json: JSON {
    [
      "cell": .string(cell), "experiment": .string(experiment), "variant": .string(variant),
      "seed": .integer(seed), "status": .string(status.rawValue), "reason": .string(reason),
      "axes": .object(axes.map { JSONMember($0.key, $0.value) }),
      "ran": .object(facts.map { JSONMember($0.key, $0.value) }),
      "metrics": .object(metrics.metrics.map { JSONMember($0.name, $0.json(metrics[$0])) }),
      "nonfinite": .string(metrics.nonfinite),
    ]
  }

  /// Reads a row from its `result.json`; nil where a required member is missing.
  package init?(json: JSON) {
    guard let cell = json["cell"]?.text, cell.first?.isLetter == true,
      let experiment = json["experiment"]?.text, let variant = json["variant"]?.text,
      let seed = json["seed"]?.whole,
      let status = json["status"]?.text.flatMap(CellStatus.init(rawValue:))
    else { return nil }
    let axes = json["axes"]?.members.map { Entry($0.key, $0.value) } ?? []
    self.init(
      cell: cell, experiment: experiment, variant: variant, seed: seed, axes: axes,
      status: status, reason: json["reason"]?.text)
    for member in json["ran"]?.members ?? [] { setFact(member.key, member.value) }
    for member in json["metrics"]?.members ?? [] {
      metrics[Metric.named(member.key) ?? .unlisted(member.key)] = member.value.number
    }
    if let text = json["nonfinite"]?.text { metrics.mark(nonfinite: text) }
  }
}
