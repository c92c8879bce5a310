// One cell's result: what was asked for (axes), what ran (facts), what was measured (metrics).
// It is a row of cells.csv and cells.jsonl, and the cell's own result.json.

package import Config
internal import Foundation

/// The result of one cell: a variant at one point of the axes with one seed.
package struct CellRow: Equatable, Sendable, Record {
  /// One axis value of the matrix, or one fact about the run.
  package typealias Entry = JSON.Member

  /// A large run's rows are handed on a great many times: as one reference, until one is changed.
  private var shared = Shared(Values())

  private struct Values: Equatable, Sendable {
    var cell = ""
    var identity: String?
    var experiment = ""
    var variant = ""
    var seed = 0
    var axes: [Entry] = []
    var status = CellStatus.notRun
    var reason: String?
    var facts: [Entry] = []
    var metrics = MetricValues()
    var rounds: [TimingRound]?
  }

  private final class Shared: @unchecked Sendable {
    // Who changes it has it alone, so that no access needs a check of its own.
    @exclusivity(unchecked) var values: Values

    init(_ values: Values) { self.values = values }
  }

  private var values: Values {
    get { shared.values }
    _modify {
      if !isKnownUniquelyReferenced(&shared) { shared = Shared(shared.values) }
      yield &shared.values
    }
  }

  /// The cell's id: short, unique in the run, and beginning with a letter, so that no reader takes
  /// it for a number.
  package private(set) var cell: String {
    get { shared.values.cell }
    set { values.cell = newValue }
  }
  /// The hash of all that decides the result; nil in runs of older versions.
  package private(set) var identity: String? {
    get { shared.values.identity }
    set { values.identity = newValue }
  }
  package private(set) var experiment: String {
    get { shared.values.experiment }
    set { values.experiment = newValue }
  }
  /// The variant's name; `base` where the experiment has no variants.
  package private(set) var variant: String {
    get { shared.values.variant }
    set { values.variant = newValue }
  }
  package private(set) var seed: Int {
    get { shared.values.seed }
    set { values.seed = newValue }
  }
  /// The matrix axes by dotted path, in the order of the file.
  package private(set) var axes: [Entry] {
    get { shared.values.axes }
    set { values.axes = newValue }
  }
  package var status: CellStatus {
    get { shared.values.status }
    set { values.status = newValue }
  }
  /// Why the status is what it is, in one line; nil when all went well.
  package var reason: String? {
    get { shared.values.reason }
    set { values.reason = newValue.map(Wording.oneLine) }
  }
  /// What really ran, against what was asked for: device, kernel, dataset (columns `ran.<key>`).
  package private(set) var facts: [Entry] {
    get { shared.values.facts }
    _modify { yield &values.facts }
  }
  package var metrics: MetricValues {
    get { shared.values.metrics }
    _modify { yield &values.metrics }
  }
  /// The rounds that its times were measured in, in turn with the cells that it is compared with;
  /// nil of a time that was measured in one go.
  package var rounds: [TimingRound]? {
    get { shared.values.rounds }
    set { values.rounds = newValue }
  }

  package init() {}

  package init(
    cell: String, identity: String? = nil, experiment: String, variant: String, seed: Int,
    axes: [Entry] = [], status: CellStatus = .notRun, reason: String? = nil
  ) {
    precondition(cell.beginsWithLetter, "cell id '\(cell)' does not begin with a letter")
    self.cell = cell
    self.identity = identity
    self.experiment = experiment
    self.variant = variant
    self.seed = seed
    self.axes = axes
    self.status = status
    self.reason = reason
  }

  package static func == (left: CellRow, right: CellRow) -> Bool {
    left.shared === right.shared || left.shared.values == right.shared.values
  }

  /// Sets a fact about what ran: `setFact("kernel", "flash2")`.
  package mutating func setFact(_ key: String, _ value: JSON) {
    if let index = facts.firstIndex(where: { $0.key == key }) {
      facts[index] = Entry(key, value)
    } else {
      facts.append(Entry(key, value))
    }
  }

  /// The value of a metric, as `metrics` has it, without a copy of all of them.
  package func value(_ metric: Metric) -> Double? { shared.values.metrics[metric] }

  /// A fact about what ran; nil where it is not known.
  package func fact(_ key: String) -> JSON? {
    let facts = shared.values.facts
    // Without a copy of each.
    for place in facts.indices where facts[place].key == key { return facts[place].value }
    return nil
  }
}

extension String {
  /// Whether it begins with a letter, as every cell's id does.
  var beginsWithLetter: Bool {
    // Most begin with one of these.
    if let byte = utf8.first, (0x61...0x7A).contains(byte | 0x20) { return true }
    return first?.isLetter == true
  }
}

extension CellRow {
  /// The fact `tokens` of a text whose tokens are its characters.
  package static let characters = "characters"

  /// The same where images are read.
  package static let patches = "patches"

  /// Whether it reads images.
  package var readsImages: Bool { fact("tokens") == .string(Self.patches) }

  /// Whether the tokens of its text are characters; in runs of older versions no fact says so.
  package var readsCharacters: Bool {
    fact("tokens").map { $0 == .string(Self.characters) } ?? true
  }

  /// Whether its tokenizer has no token for a part of its text.
  package var losesCharacters: Bool { fact("untokenized_bytes")?.whole ?? 0 > 0 }

  /// This result in the place of a planned row: under its names and axes, with what was noted when
  /// it was planned.
  package func placed(like planned: CellRow) -> CellRow {
    var row = self
    row.cell = planned.cell
    row.experiment = planned.experiment
    row.variant = planned.variant
    row.seed = planned.seed
    row.axes = planned.axes
    for fact in planned.facts { row.setFact(fact.key, fact.value) }
    return row
  }

  /// Whether it is the result of the cell that was planned: the same configuration, seed, text and
  /// program.
  ///
  /// Rows of older versions know no identity; their id has to do.
  package func isResult(of planned: CellRow) -> Bool {
    identity == nil || planned.identity == nil ? cell == planned.cell : identity == planned.identity
  }
}

extension CellRow {
  /// Keeps the list of metrics in one place of memory with another row's, where it is the same.
  mutating func share(with other: CellRow) { values.metrics.share(with: other.metrics) }
}

extension Sequence<CellRow> {
  /// What made tokens of the texts of those that ended well, by the hash of its contents;
  /// `characters` where no tokenizer did.
  package var tokenizers: Set<String> {
    var found: Set<String> = []
    for row in self where row.status == .ok {
      found.insert(row.fact("tokenizer_sha256")?.text ?? "characters")
    }
    return found
  }

  /// The keys of all facts that any row has: most are found there without a look at each row.
  package var factKeys: Set<String> {
    var found: Set<String> = []
    var last: [CellRow.Entry] = []
    for row in self {
      let facts = row.facts
      // Most rows have the keys of the one before.
      let isKnown =
        facts.count == last.count && facts.indices.allSatisfy { facts[$0].key == last[$0].key }
      if !isKnown { found.formUnion(facts.lazy.map(\.key)) }
      last = facts
    }
    return found
  }

  /// The metrics that any row has a finite value of, in the order of `Metric.all`.
  package var measured: [Metric] { Metric.inOrder(measuredMetrics) }

  /// The same in no order.
  package var measuredMetrics: Set<Metric> {
    var found: Set<Metric> = []
    var last: [Metric] = []
    for row in self {
      let metrics = row.metrics.unordered
      // Most rows share the list.
      if metrics != last { found.formUnion(metrics) }
      last = metrics
    }
    return found
  }
}

extension CellRow {
  /// The members of a cell's `result.json`.
  package static let fields: [Field<Self>] = [
    Field("cell", \.cell, isRequired: true) { $0.cell = $1 },
    Field("identity", \.identity) { $0.identity = $1 },
    Field("experiment", \.experiment, isRequired: true) { $0.experiment = $1 },
    Field("variant", \.variant, isRequired: true) { $0.variant = $1 },
    Field("seed", \.seed, isRequired: true) { $0.seed = $1 },
    Field("status", \.status, isRequired: true) { $0.status = $1 },
    Field("reason", \.reason) { $0.reason = $1 },
    Field("axes", members: \.axes) { $0.axes = $1 },
    Field("ran", members: \.facts) { $0.facts = $1 },
    Field("metrics", \.metrics) { $0.metrics = $1 },
    Field("nonfinite", \.metrics.nonfinite), Field("rounds", \.rounds, omitsNull: true),
  ]
}

// How a planned cell ended.

/// The status of a cell; every planned cell has one, and its row says why.
package enum CellStatus: String, CaseIterable, Sendable, JSONRepresentable {
  case ok
  /// It ended with an error.
  case failed
  /// It asked for more memory than it may have.
  case oom
  /// It ran longer than it may.
  case timeout
  /// A signal ended it.
  case killed
  /// The loss or a gradient ceased to be a finite number.
  case diverged
  /// The experiment file excludes it.
  case excluded
  /// The device or a kernel is not there.
  case unavailable
  /// The run ended before its turn.
  case notRun = "not_run"

  /// Why a cell ended before its end.
  ///
  /// - Parameter signal: the request that it heard; nil where the program that had started it was
  ///   gone.
  package static func stopReason(_ signal: Int32?) -> String {
    switch signal {
    case SIGINT: "stopped by the user"
    case SIGTERM: "stopped by SIGTERM"
    case SIGUSR1: "stopped by SIGUSR1"
    default: "stopped, for the program that had started it was gone"
    }
  }

  package static func timeoutReason(_ cap: Double) -> String {
    "stopped after \(Metric.seconds.text(cap)), its time cap"
  }

  /// Whether the cell was to run: all but excluded ones count in the coverage.
  package var isPlanned: Bool { self != .excluded }

  /// Whether a cell that ended so is done: one that was killed, or did not run, runs again when the
  /// run goes on.
  package var isFinal: Bool { self != .notRun && self != .killed }
}
