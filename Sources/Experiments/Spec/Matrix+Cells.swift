// What is taken out of the product of the axes, by `exclude` and `where`, and what is added to it,
// by `include`.

import Config
import Records

/// One `exclude` entry: a cell is excluded when it has all of these values.
struct Exclusion {
  /// What a cell must have of one key: one of these values.
  struct Criterion {
    /// `variant`, `seed` or an axis path.
    let key: String
    let values: [JSON]
    /// The place of the axis, and its values as nodes.
    var axis: (place: Int, nodes: [Node])?
  }

  let criteria: [Criterion]
  let reason: String
}

/// One `include` entry: further cells, one for each combination of its values.
struct Inclusion {
  /// Nil for all.
  var variants: [String]?
  var seeds: [Int]?
  /// Values of some axes, by their places; the others keep the document's own.
  var values: [(axis: Int, keyMark: Mark, nodes: [Node])] = []
  /// The same as written, with ranges replaced.
  var written: [JSON.Member] = []
  var mark: Mark
}

extension Matrix {
  /// Suggestions are sought among so many names.
  private static let knownLimit = 200
  private static let conditionLimit = 100

  mutating func readCells(
    _ node: Node?, header: SpecHeader, changes: ExperimentArguments.Changes
  ) {
    func items(_ key: String) -> [Node] {
      guard let value = node?[key], !value.isNull else { return [] }
      return value.items ?? [value]
    }
    for item in items("exclude") + changes.excludes { exclude(item, header) }
    let wheres = items("where") + changes.wheres
    if wheres.count > Self.conditionLimit {
      report(
        .badExpression(.tooMany(limit: Self.conditionLimit)), at: wheres[Self.conditionLimit].mark)
    }
    for item in wheres.prefix(Self.conditionLimit) { restrict(item, header) }
    let settled = Set(changes.settings.map(\.path))
    for item in items("include") + changes.includes { include(item, header, settled) }
  }

  // MARK: exclude

  private mutating func exclude(_ item: Node, _ header: SpecHeader) {
    guard let entries = item.entries, !entries.isEmpty else {
      let found = item.entries == nil ? Wording.found(item) : "an empty mapping"
      report(
        .wrongType(
          "matrix.exclude", expected: "a list of mappings such as {variant: ...}", found: found,
          hint: nil), at: item.mark)
      return
    }
    let criteria = entries.compactMap { criterion($0, header) }
    guard criteria.count == entries.count else { return }
    let text =
      item.mark.source.isArgument
      ? item.mark.text : "\(item.value.inlineYAML) at \(item.mark.text)"
    exclusions.append(Exclusion(criteria: criteria, reason: "excluded by \(text)"))
  }

  private mutating func criterion(_ entry: Entry, _ header: SpecHeader) -> Exclusion.Criterion? {
    if entry.key == "variant" {
      return variants(entry.value, header).map {
        Exclusion.Criterion(key: "variant", values: $0.map { .string($0) })
      }
    }
    let place = axes.firstIndex { $0.path.text == entry.key }
    guard place != nil || entry.key == "seed" else {
      if lost.contains(entry.key) { return nil }
      report(.excludeNeedsAxis(entry.key, known: keys), at: entry.keyMark)
      return nil
    }
    guard let nodes = values(entry.value) else { return nil }
    let known = place.map { axes[$0].nodes.map(\.value) } ?? header.seeds.map { .integer($0) }
    let forms = Set(known.map(\.canonical))
    for node in nodes where !forms.contains(node.value.canonical) {
      let fault = Fault(
        .excludeMatchesNothing(
          entry.key, value: node.value.inlineYAML,
          known: known.prefix(Self.knownLimit).map(\.inlineYAML)), at: node.mark)
      // A value that the axis does not have in these words may still be read as one of its.
      if let place { unmatched.append((place, node, fault)) } else { faults.append(fault) }
    }
    return Exclusion.Criterion(
      key: entry.key, values: nodes.map(\.value), axis: place.map { ($0, nodes) })
  }

  private var keys: [String] { ["variant", "seed"] + axes.map(\.path.text) }

  /// The variants that a value names; a variant may be called 1 or true.
  private mutating func variants(_ node: Node, _ header: SpecHeader) -> [String]? {
    let known = header.variants.map(\.name)
    var names: [String] = []
    for item in node.items ?? [node] {
      guard let text = item.scalar?.text else {
        report(
          .wrongType(
            "variant", expected: "the name of a variant", found: Wording.found(item), hint: nil),
          at: item.mark)
        return nil
      }
      if !known.contains(text) {
        report(.unknownVariant(text, known: Array(known.prefix(Self.knownLimit))), at: item.mark)
      }
      names.append(text)
    }
    return names
  }

  // MARK: where

  private mutating func restrict(_ item: Node, _ header: SpecHeader) {
    guard item.scalar != nil, !item.isNull else {
      report(
        .wrongType(
          "matrix.where", expected: "an expression such as workload.sequence <= 512",
          found: Wording.found(item), hint: nil), at: item.mark)
      return
    }
    do throws(Faults) {
      let condition = try Condition(item, axes: axes)
      let unknown = condition.unknownVariants(
        among: header.variants.map(\.name), listing: Self.knownLimit)
      faults += unknown
      if unknown.isEmpty { conditions.append(condition) }
    } catch {
      faults += error.all
    }
  }

  // MARK: include

  private mutating func include(
    _ item: Node, _ header: SpecHeader, _ settled: Set<DottedPath>
  ) {
    guard let entries = item.entries else {
      report(
        .wrongType(
          "matrix.include", expected: "a list of mappings such as {workload.sequence: 64}",
          found: Wording.found(item), hint: nil), at: item.mark)
      return
    }
    var inclusion = Inclusion(mark: item.mark)
    var isFine = true
    for entry in entries where !add(entry, to: &inclusion, header, settled) { isFine = false }
    if isFine { inclusions.append(inclusion) }
  }

  /// Takes in one key; false after a fault.
  private mutating func add(
    _ entry: Entry, to inclusion: inout Inclusion, _ header: SpecHeader,
    _ settled: Set<DottedPath>
  ) -> Bool {
    let axis = axes.firstIndex { $0.path.text == entry.key }
    let values: [JSON]
    if entry.key == "variant" {
      guard let names = variants(entry.value, header)?.unique else { return false }
      inclusion.variants = names
      values = names.map { .string($0) }
    } else if entry.key == "seed" || axis != nil {
      guard let nodes = self.values(entry.value) else { return false }
      guard !nodes.isEmpty, !entry.value.isNull else {
        report(.emptyAxis(entry.key), at: entry.keyMark)
        return false
      }
      if let axis {
        // The command line's one value is in the document already, and wins.
        if settled.contains(axes[axis].path) { return true }
        inclusion.values.append((axis, entry.keyMark, nodes))
        values = nodes.map(\.value)
      } else {
        guard let seeds = seeds(nodes) else { return false }
        inclusion.seeds = seeds
        values = seeds.map { .integer($0) }
      }
    } else {
      if lost.contains(entry.key) { return false }
      report(.excludeNeedsAxis(entry.key, known: keys), at: entry.keyMark)
      return false
    }
    inclusion.written.append(JSON.Member(entry.key, .array(values)))
    return true
  }

  private mutating func seeds(_ nodes: [Node]) -> [Int]? {
    let allowed = 0...Int(Int32.max)
    var seeds: [Int] = []
    for node in nodes {
      guard case .integer(let seed) = node.value, allowed.contains(seed) else {
        report(
          .wrongType(
            "seed", expected: "a whole number \(allowed.bounds.text ?? "")",
            found: Wording.found(node),
            hint: nil), at: node.mark)
        return nil
      }
      seeds.append(seed)
    }
    return seeds.unique
  }
}

extension Matrix {
  /// The matrix with ranges replaced and the command line's changes in it, which reads to the same
  /// cells.
  var written: [JSON.Member] {
    func field(_ axis: Axis) -> JSON.Member {
      JSON.Member(axis.path.text, .array(axis.nodes.map(\.value)))
    }
    var fields: [JSON.Member] = []
    for dimension in dimensions where !dimension.isZip { fields += dimension.axes.map(field) }
    let zips = dimensions.filter(\.isZip).map { JSON.object($0.axes.map(field)) }
    if !zips.isEmpty {
      let first = dimensions.firstIndex(where: \.isZip) ?? 0
      fields.insert(JSON.Member("zip", .array(zips)), at: first)
    }
    func add(_ key: String, _ values: [JSON]) {
      if !values.isEmpty { fields.append(JSON.Member(key, .array(values))) }
    }
    add(
      "exclude",
      exclusions.map { exclusion in
        .object(exclusion.criteria.map { JSON.Member($0.key, .array($0.values)) })
      })
    add("where", conditions.map { .string($0.text) })
    add("include", inclusions.map { .object($0.written) })
    return fields
  }
}
