// The axes of the matrix and what is excluded from their product.
// Whether a path names an option is found out by reading the cells, in Expansion.swift.

import Config

/// One axis: a dotted path and the values it takes.
struct Axis {
  let path: DottedPath
  let keyMark: Mark
  let nodes: [Node]
  var values: [AxisValue] = []
}

/// One `exclude` entry: a cell is excluded when it has all of these values.
struct Exclusion {
  /// Key and allowed values; the key is `variant`, `seed` or an axis path.
  let conditions: [(key: String, values: [Value])]
  let reason: String
}

/// Reads `matrix`.
struct Matrix {
  /// Suggestions are sought among so many names.
  private static let knownLimit = 200

  private(set) var axes: [Axis] = []
  private(set) var exclusions: [Exclusion] = []
  private(set) var faults: [Fault] = []

  init(_ node: Node?, header: SpecHeader, settings: [Setting], varied: [Setting]) {
    guard let node, !node.isNull else {
      vary(varied)
      nameValues()
      return
    }
    guard let entries = node.entries else {
      report(
        .wrongType("matrix", expected: "a mapping", found: Wording.found(node), hint: nil),
        at: node.mark)
      return
    }
    for entry in entries where entry.key != "exclude" { addAxis(entry) }
    // One value of the command line takes the place of an axis over the same path.
    for setting in settings {
      replace(setting.path, keyMark: setting.keyMark, by: [setting.value], onlyIfPresent: true)
    }
    vary(varied)
    nameValues()
    if let exclude = node["exclude"], !exclude.isNull { readExclude(exclude, header: header) }
  }

  // MARK: Axes

  private mutating func addAxis(_ entry: Entry) {
    guard let path = DottedPath(entry.key) else {
      report(.badPath(entry.key), at: entry.keyMark)
      return
    }
    let nodes = entry.value.items ?? [entry.value]
    guard !nodes.isEmpty, !entry.value.isNull else {
      report(.emptyAxis(entry.key), at: entry.keyMark)
      return
    }
    var seen: Set<Value> = []
    for node in nodes where !seen.insert(node.value).inserted {
      report(.duplicateValue(node.value.inlineYAML, list: path.text), at: node.mark)
    }
    axes.append(Axis(path: path, keyMark: entry.keyMark, nodes: nodes))
  }

  private mutating func vary(_ varied: [Setting]) {
    for setting in varied {
      let nodes = setting.value.items ?? []
      guard !nodes.isEmpty else {
        report(.emptyAxis(setting.path.text), at: setting.keyMark)
        continue
      }
      var seen: Set<Value> = []
      for node in nodes where !seen.insert(node.value).inserted {
        report(.duplicateValue(node.value.inlineYAML, list: setting.path.text), at: node.mark)
      }
      replace(setting.path, keyMark: setting.keyMark, by: nodes, onlyIfPresent: false)
    }
  }

  private mutating func replace(
    _ path: DottedPath, keyMark: Mark, by nodes: [Node], onlyIfPresent: Bool
  ) {
    let axis = Axis(path: path, keyMark: keyMark, nodes: nodes)
    if let place = axes.firstIndex(where: { $0.path == path }) {
      axes[place] = axis
    } else if !onlyIfPresent {
      axes.append(axis)
    }
  }

  private mutating func nameValues() {
    let names = Labels.shortNames(of: axes.map(\.path))
    for (place, name) in names.enumerated() {
      let values = axes[place].nodes.map(\.value)
      axes[place].values = zip(values, Labels.texts(of: values)).map { value, text in
        AxisValue(path: axes[place].path.text, name: name, value: value, text: text)
      }
    }
  }

  // MARK: Exclusions

  private mutating func readExclude(_ node: Node, header: SpecHeader) {
    let items = node.items ?? [node]
    for item in items {
      guard let entries = item.entries, !entries.isEmpty else {
        let found = item.entries == nil ? Wording.found(item) : "an empty mapping"
        report(
          .wrongType(
            "matrix.exclude", expected: "a list of mappings such as {variant: ...}", found: found,
            hint: nil), at: item.mark)
        continue
      }
      let conditions = entries.compactMap { condition($0, header: header) }
      guard conditions.count == entries.count else { continue }
      let text = item.value.inlineYAML
      exclusions.append(
        Exclusion(conditions: conditions, reason: "excluded by \(text) at \(item.mark.text)"))
    }
  }

  private mutating func condition(
    _ entry: Entry, header: SpecHeader
  ) -> (key: String, values: [Value])? {
    let nodes = entry.value.items ?? [entry.value]
    let axis = axes.first { $0.path.text == entry.key }
    let known: [Value]
    switch entry.key {
    case "variant": known = header.variants.map { .text($0.name) }
    case "seed": known = header.seeds.map { .int($0) }
    default:
      guard let axis else {
        let keys = ["variant", "seed"] + axes.map(\.path.text)
        report(.excludeNeedsAxis(entry.key, known: keys), at: entry.keyMark)
        return nil
      }
      known = axis.values.map(\.value)
    }
    var values: [Value] = []
    for node in nodes {
      // A variant may be called 1 or true.
      let isName = entry.key == "variant" && node.scalar != nil
      let value = isName ? .text(node.scalar?.text ?? "") : node.value
      values.append(value)
      if known.contains(where: { Self.isSame($0, value) }) { continue }
      if isName {
        let text = node.scalar?.text ?? ""
        report(
          .unknownVariant(text, known: header.variants.prefix(Self.knownLimit).map(\.name)),
          at: node.mark)
      } else {
        report(
          .excludeMatchesNothing(
            entry.key, value: value.inlineYAML,
            known: known.prefix(Self.knownLimit).map(\.inlineYAML)), at: node.mark)
      }
    }
    return (entry.key, values)
  }

  /// Whether two values are the same; 1 and 1.0 are.
  static func isSame(_ left: Value, _ right: Value) -> Bool {
    switch (left, right) {
    case (.int(let whole), .double(let number)), (.double(let number), .int(let whole)):
      Double(whole) == number
    default: left == right
    }
  }

  private mutating func report(_ kind: Fault.Kind, at mark: Mark) {
    faults.append(Fault(kind, at: mark))
  }
}
