// DiffMatch: which cells of two runs belong together. Ids do not say so: they change with every
// setting and program.

import Config
package import Records
import Statistics

/// Cells of both sides at one variant and point of the axes, or of one side alone.
struct DiffMatch: Sendable {
  /// Such as `modern, sequence 128`; empty where there is only one.
  let label: String
  let base: [StoredCell]
  let new: [StoredCell]

  var isOnBothSides: Bool { !base.isEmpty && !new.isEmpty }

  /// What the cells of the base, and of the new side, have of a metric; of what follows from the
  /// architecture those that did not end well too.
  func values(of metric: Metric) -> [[(seed: Int, value: Double)]] {
    [base, new].map { cells in
      cells.compactMap { cell -> (seed: Int, value: Double)? in
        guard cell.row.status == .ok || metric.certainty == .analytic else { return nil }
        return cell.row.metrics[metric].map { (cell.row.seed, $0) }
      }
    }
  }

  /// Whether the two sides read different texts, or images, so that losses do not compare.
  var hasOtherData: Bool {
    let hashes = hashes("dataset_sha256")
    return hashes[0] != hashes[1] && !hashes.contains([])
  }

  /// Whether it is images that are read.
  var readsImages: Bool { (base + new).contains { $0.row.readsImages } }

  /// What made tokens of the texts of either side.
  var tokenizers: Set<String> { (base + new).map(\.row).tokenizers }

  /// Whether tokenizers of other contents made tokens of the texts of the two sides.
  var hasOtherTokenizer: Bool {
    let hashes = hashes("tokenizer_sha256")
    return hashes[0] != hashes[1] && !hashes.contains([])
  }

  private func hashes(_ fact: String) -> [Set<String>] {
    [base, new].map { cells in Set(cells.compactMap { $0.row.fact(fact)?.text }) }
  }

  /// The fact that holds the hash of what an option names, which says what it is wherever it lies:
  /// a text, images, or a stored model; nil where it names none.
  static func hashFact(of option: String) -> String? {
    if option == "workload.dataset.tokens" { return nil }
    if "\(option).".hasPrefix("workload.dataset.tokenizer.") { return "tokenizer_sha256" }
    if "\(option).".hasPrefix("workload.dataset.") { return "dataset_sha256" }
    let models = ["model.from", "model.fallback", "workload.checkpoint"]
    return models.contains(option) ? "checkpoint_sha256" : nil
  }

  /// Whether both sides have what an option names in common, wherever it lay.
  func hasSame(_ option: String) -> Bool {
    guard let fact = Self.hashFact(of: option) else { return false }
    let hashes = hashes(fact)
    return hashes[0] == hashes[1] && !hashes.contains([])
  }

  /// Whether the two sides began from other stored models.
  var hasOtherModel: Bool {
    let hashes = hashes("checkpoint_sha256")
    return hashes[0] != hashes[1] && !hashes.contains([])
  }

  /// The stored models that the two sides began from: where each lay, and the first digits of the
  /// hash that tells it from others.
  var models: (base: String, new: String) {
    func text(_ cells: [StoredCell]) -> String {
      cells.compactMap { cell in
        cell.row.fact("checkpoint_sha256")?.text.map { hash in
          let digits = hash.drop { $0 != "-" }.dropFirst().prefix(8)
          return "\(cell.row.fact("weights")?.text.map { "'\($0)' " } ?? "")(sha256 \(digits))"
        }
      }.unique.joined(separator: "/")
    }
    return (text(base), text(new))
  }

  /// The seeds that ended well on both sides, or on either where they are not paired.
  var comparedSeeds: Set<Int> {
    let ok = [base, new].map { cells in
      Set(cells.filter { $0.row.status == .ok }.map(\.row.seed))
    }
    let shared = ok[0].intersection(ok[1])
    if ok[0].isEmpty || ok[1].isEmpty { return [] }
    return Comparison.isPaired(shared: shared.count, ok[0].count, ok[1].count)
      ? shared : ok[0].union(ok[1])
  }

  /// Matches cells by variant and by the axes that both runs have; by less where nothing matches
  /// and each side has a single variant, or a single point.
  static func all(_ base: DiffSide, _ new: DiffSide) -> [DiffMatch] {
    let axes = commonAxes(base, new)
    let full = matches(base, new, axes: axes, usesVariant: true)
    if full.contains(where: \.isOnBothSides) { return full }
    func isSingle(_ part: (StoredCell) -> String) -> Bool {
      [base, new].allSatisfy { Set($0.cells.map(part)).count == 1 }
    }
    let isOneVariant = isSingle(\.row.variant)
    let isOnePoint = isSingle { cell in
      cell.row.axes.map { "\($0.key)=\($0.value.canonical.line)" }.joined()
    }
    if isOneVariant {
      let some = matches(base, new, axes: axes, usesVariant: false)
      if isOnePoint || some.contains(where: \.isOnBothSides) {
        return isOnePoint ? matches(base, new, axes: [], usesVariant: false) : some
      }
    }
    return isOnePoint ? matches(base, new, axes: [], usesVariant: true) : full
  }

  private static func matches(
    _ base: DiffSide, _ new: DiffSide, axes: [String], usesVariant: Bool
  ) -> [DiffMatch] {
    typealias ValueOnAxis = (StoredCell, String) -> JSON?
    func key(_ cell: StoredCell, _ value: ValueOnAxis) -> String {
      let values = axes.map { "\($0)=\(value(cell, $0)?.canonical.line ?? "")" }
      return ((usesVariant ? [cell.row.variant] : []) + values).joined(separator: "\n")
    }
    func onAxis(_ cell: StoredCell, _ axis: String) -> JSON? {
      cell.row.axes.first { $0.key == axis }?.value
    }
    // What one run varies the other may have set: the same options, or the same component with
    // others.
    let written: ValueOnAxis = { onAxis($0, $1) ?? $0.option($1) }
    let read: ValueOnAxis = { $0.option($1) ?? onAxis($0, $1) }
    let word: ValueOnAxis = { cell, axis in
      onAxis(cell, axis) ?? cell.option(axis).map { $0["type"] ?? $0 }
    }
    // A text or a model by what it is, not where it lay.
    let content: ValueOnAxis = { cell, axis in
      hashFact(of: axis).flatMap { cell.row.fact($0) } ?? written(cell, axis)
    }
    let bases = base.groups { key($0, written) }
    let news = new.groups { key($0, written) }
    var partners: [Int: Int] = [:]
    var free = Array(news.indices)
    for value in [written, read, word, content] {
      var known: [String: Int] = [:]
      for place in free.reversed() { known[key(news[place].cells[0], value)] = place }
      for place in bases.indices where partners[place] == nil && !known.isEmpty {
        partners[place] = known.removeValue(forKey: key(bases[place].cells[0], value))
      }
      let taken = Set(partners.values)
      free.removeAll(where: taken.contains)
    }
    let names = AxisNames(base.cells.map(\.row) + new.cells.map(\.row))
    let variants = Set((base.cells + new.cells).map(\.row.variant))
    func label(_ cell: StoredCell) -> String {
      names.label(
        variant: usesVariant && variants.count > 1 ? cell.row.variant : nil,
        at: cell.row.axes.filter { axes.contains($0.key) })
    }
    return bases.enumerated().map { place, group in
      DiffMatch(
        label: label(group.cells[0]), base: group.cells,
        new: partners[place].map { news[$0].cells } ?? [])
    }
      + free.map { place in
        DiffMatch(label: label(news[place].cells[0]), base: [], new: news[place].cells)
      }
  }

  /// Axes of both sides; those of one side too, unless it has a single value there.
  private static func commonAxes(_ base: DiffSide, _ new: DiffSide) -> [String] {
    let sides = [base, new].map { AxisNames($0.cells.map(\.row)) }
    return (sides[0].keys + sides[1].keys).unique.filter { axis in
      sides.allSatisfy { $0.keys.contains(axis) } || sides.contains { $0.values(axis).count > 1 }
    }
  }
}

// DiffSide: one of the two things that a diff compares: a run, or one variant of a run.

/// A run, or one of its variants, as one side of a diff.
package struct DiffSide: Sendable {
  /// Such as `modern/r-20261125-064908-ucir`, with `:variant` where only that is meant.
  package let name: String
  package let run: StoredRun
  package let cells: [StoredCell]
  /// The variant that was chosen; nil for all.
  package let variant: String?

  /// - Parameter variant: the only variant to compare; nil for all.
  package init(_ run: StoredRun, variant: String? = nil) {
    self.run = run
    self.variant = variant
    name = "\(run.folder.experiment)/\(run.folder.id)" + (variant.map { ":\($0)" } ?? "")
    cells = run.cells.filter { variant == nil || $0.row.variant == variant }
  }

  /// Finds a run by name, with an optional `:variant` behind it.
  ///
  /// A path may hold colons, and so may a variant: what is a run as a whole is one, else the
  /// shortest variant that the run before it has is meant.
  ///
  /// - Throws: `ResultsError` when there is no such run or variant.
  package init(named text: String, in locator: RunLocator) throws(ResultsError) {
    var problem: ResultsError
    do {
      self.init(try StoredRun(locator.find(text)))
      return
    } catch {
      switch error {
      case .noRun, .nothing: problem = error
      default: throw error
      }
    }
    let colons = text.indices.reversed().filter { text[$0] == ":" }
    for (place, colon) in colons.enumerated() {
      let variant = String(text[text.index(after: colon)...])
      let folder: RunFolder
      do {
        folder = try locator.find(String(text[..<colon]))
      } catch {
        // What stands behind the last colon of a path's folder is no variant.
        if place == 0, !variant.contains("/") { problem = error }
        continue
      }
      let run = try StoredRun(folder)
      let known = run.rows.map(\.variant).unique
      if known.contains(variant) {
        self.init(run, variant: variant)
        return
      }
      problem = .noRun(
        name: text, results: locator.results,
        hint: "the run has no variant '\(variant)'; there are \(known.joined(separator: ", "))")
    }
    throw problem
  }

  /// The cells of each variant and point, in the order of the plan.
  func groups(by key: (StoredCell) -> String) -> [(key: String, cells: [StoredCell])] {
    var groups: [(key: String, cells: [StoredCell])] = []
    var places: [String: Int] = [:]
    for cell in cells {
      let key = key(cell)
      if let place = places[key] {
        groups[place].cells.append(cell)
      } else {
        places[key] = groups.count
        groups.append((key, [cell]))
      }
    }
    return groups
  }

  var coverage: Coverage { Coverage(cells.map(\.row)) }

  /// The words of the workloads, each once.
  var workloads: [String] {
    cells.compactMap { $0.option("workload.type")?.text }.unique
  }
}
