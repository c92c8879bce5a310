// The axes of the matrix: which paths take which values, and which of them advance together. What
// is taken out of their product and added to it is read in Matrix+Cells.swift. Whether a path names
// an option is found out by reading the cells, in Expansion.swift.

import Config

/// One axis: a dotted path and the values it takes.
struct Axis {
  let path: DottedPath
  let keyMark: Mark
  var nodes: [Node]
  /// The shortest ending of the path that no other axis has.
  var name = ""
}

/// Axes that advance together; most are alone.
struct Dimension {
  var axes: [Axis]
  let isZip: Bool

  /// The number of steps, which all its axes have.
  var count: Int { axes.first?.nodes.count ?? 0 }
}

/// Reads `matrix`.
struct Matrix {
  static let axisLimit = 64
  static let reserved = ["exclude", "include", "where", "zip"]
  /// Axes' values in all: no more than cells, so that no file takes much memory before its cells
  /// are counted.
  private static let valueLimit = 100_000

  private(set) var dimensions: [Dimension] = []
  private(set) var axes: [Axis] = []
  var exclusions: [Exclusion] = []
  /// Values of `exclude` that are not among their axis's values as these are written, with what is
  /// then wrong.
  var unmatched: [(axis: Int, node: Node, fault: Fault)] = []
  var conditions: [Condition] = []
  var inclusions: [Inclusion] = []
  var faults: [Fault] = []
  /// Axes that are written but wrong, which nothing else is to blame for.
  private(set) var lost: [String] = []
  private var valueCount = 0

  init(_ node: Node?, header: SpecHeader, changes: ExperimentArguments.Changes) {
    let node = node.flatMap { $0.isNull ? nil : $0 }
    if let node, node.entries == nil {
      report(
        .wrongType("matrix", expected: "a mapping", found: Wording.found(node), hint: nil),
        at: node.mark)
    }
    for entry in node?.entries ?? [] {
      if entry.key == "zip" { readZips(entry.value) }
      if !Self.reserved.contains(entry.key) { append(axis(entry), isZip: false) }
    }
    // One value of the command line takes the place of an axis over the same path.
    for setting in changes.settings { _ = take(setting.path, leaving: [setting.value], setting) }
    for setting in changes.axes { vary(setting) }
    for group in changes.zips { zip(group) }
    dropRepeatedSteps()
    nameAxes()
    readCells(node, header: header, changes: changes)
  }

  // MARK: Axes

  /// The axis of one entry; nil after a fault.
  private mutating func axis(_ entry: Entry, mayRepeat: Bool = false) -> Axis? {
    let axis = sound(entry, mayRepeat: mayRepeat)
    if axis == nil { lost.append(entry.key) }
    return axis
  }

  private mutating func sound(_ entry: Entry, mayRepeat: Bool) -> Axis? {
    guard let path = DottedPath(entry.key) else {
      report(.badPath(entry.key), at: entry.keyMark)
      return nil
    }
    if dimensions.contains(where: { $0.axes.contains { $0.path == path } }) {
      report(.axisTwice(path.text), at: entry.keyMark)
      return nil
    }
    guard !entry.value.isNull, let nodes = values(entry.value) else {
      if entry.value.isNull { report(.emptyAxis(entry.key), at: entry.keyMark) }
      return nil
    }
    guard !nodes.isEmpty else {
      report(.emptyAxis(entry.key), at: entry.keyMark)
      return nil
    }
    if !mayRepeat { reportRepeated(nodes, of: path) }
    return Axis(path: path, keyMark: entry.keyMark, nodes: nodes)
  }

  private mutating func reportRepeated(_ nodes: [Node], of path: DottedPath) {
    var seen: Set<JSON> = []
    for node in nodes where !seen.insert(node.value.canonical).inserted {
      report(.duplicateValue(node.value.inlineYAML, list: path.text), at: node.mark)
    }
  }

  /// The values that a node gives, ranges replaced by what they stand for; nil after a fault.
  mutating func values(_ node: Node) -> [Node]? {
    var problems: [(SpecFault, Mark)] = []
    let nodes = NumberRange.nodes(of: node) { problems.append(($0, $1)) }
    for (kind, mark) in problems { report(kind, at: mark) }
    valueCount += nodes.count
    if problems.isEmpty, valueCount > Self.valueLimit {
      report(.tooManyCells(limit: Self.valueLimit), at: node.mark)
      return nil
    }
    return problems.isEmpty ? nodes : nil
  }

  private mutating func append(_ axis: Axis?, isZip: Bool) {
    guard let axis else { return }
    dimensions.append(Dimension(axes: [axis], isZip: isZip))
    if dimensions.count == Self.axisLimit + 1 {
      report(.tooManyAxes(limit: Self.axisLimit), at: axis.keyMark)
    }
    if dimensions.count > Self.axisLimit { dimensions.removeLast() }
  }

  // MARK: The command line

  private mutating func vary(_ setting: Setting) {
    guard let nodes = values(setting.value) else {
      lost.append(setting.path.text)
      return
    }
    guard !nodes.isEmpty else {
      report(.emptyAxis(setting.path.text), at: setting.keyMark)
      return
    }
    reportRepeated(nodes, of: setting.path)
    if take(setting.path, leaving: nodes, setting) { return }
    append(Axis(path: setting.path, keyMark: setting.keyMark, nodes: nodes), isZip: false)
  }

  /// Gives an axis other values, or none; false where there is no such axis.
  ///
  /// One that advanced with others then goes by itself.
  private mutating func take(
    _ path: DottedPath, leaving nodes: [Node]?, _ setting: Setting
  ) -> Bool {
    for place in dimensions.indices {
      guard let index = dimensions[place].axes.firstIndex(where: { $0.path == path }) else {
        continue
      }
      let axis = nodes.map { Axis(path: path, keyMark: setting.keyMark, nodes: $0) }
      if let axis, !dimensions[place].isZip {
        dimensions[place].axes = [axis]
        return true
      }
      dimensions[place].axes.remove(at: index)
      if dimensions[place].axes.isEmpty { dimensions.remove(at: place) }
      if let axis {
        let before = dimensions.firstIndex(where: \.isZip) ?? min(place, dimensions.count)
        dimensions.insert(Dimension(axes: [axis], isZip: false), at: before)
      }
      return true
    }
    return false
  }

  private mutating func zip(_ group: [Setting]) {
    for setting in group { _ = take(setting.path, leaving: nil, setting) }
    addZip(group.map { Entry(key: $0.path.text, keyMark: $0.keyMark, value: $0.value) })
  }

  // MARK: Zips

  private mutating func readZips(_ node: Node) {
    if node.isNull { return }
    for item in node.items ?? [node] {
      guard let entries = item.entries, !entries.isEmpty else {
        let found = item.entries == nil ? Wording.found(item) : "an empty mapping"
        report(
          .wrongType(
            "matrix.zip", expected: "a mapping of axes to lists of equal length", found: found,
            hint: nil), at: item.mark)
        continue
      }
      addZip(entries)
    }
  }

  private mutating func addZip(_ entries: [Entry]) {
    var axes: [Axis] = []
    for entry in entries {
      guard let axis = axis(entry, mayRepeat: entries.count > 1) else { continue }
      if axes.contains(where: { $0.path == axis.path }) {
        report(.axisTwice(axis.path.text), at: axis.keyMark)
      } else {
        axes.append(axis)
      }
    }
    guard let first = axes.first, axes.count == entries.count else { return }
    for axis in axes where axis.nodes.count != first.nodes.count {
      report(
        .unequalZip(
          axis.path.text, count: axis.nodes.count, other: first.path.text,
          otherCount: first.nodes.count), at: axis.keyMark)
      lost += axes.map(\.path.text)
      return
    }
    let group = Dimension(axes: axes, isZip: true)
    if axes.count > 1 { reportRepeatedSteps(of: group) }
    if dimensions.reduce(axes.count, { $0 + $1.axes.count }) > Self.axisLimit {
      report(.tooManyAxes(limit: Self.axisLimit), at: first.keyMark)
      return
    }
    // All groups stand together, as they do in a file.
    let place = dimensions.lastIndex(where: \.isZip).map { $0 + 1 } ?? dimensions.count
    dimensions.insert(group, at: place)
  }

  private mutating func reportRepeatedSteps(of group: Dimension) {
    for step in Self.repeatedSteps(of: group) {
      let values = group.axes.map { "\($0.path.text) \($0.nodes[step].value.inlineYAML)" }
      report(.repeatedZip(values), at: group.axes[0].nodes[step].mark)
    }
  }

  private static func repeatedSteps(of group: Dimension) -> [Int] {
    var seen: Set<[JSON]> = []
    return (0..<group.count).filter { step in
      !seen.insert(group.axes.map { $0.nodes[step].value.canonical }).inserted
    }
  }

  /// Without one of its axes, steps of a group may be the same.
  private mutating func dropRepeatedSteps() {
    for place in dimensions.indices where dimensions[place].isZip {
      for step in Self.repeatedSteps(of: dimensions[place]).reversed() {
        for index in dimensions[place].axes.indices {
          dimensions[place].axes[index].nodes.remove(at: step)
        }
      }
    }
  }

  private mutating func nameAxes() {
    axes = dimensions.flatMap(\.axes)
    let names = DottedPath.shortNames(of: axes.map(\.path))
    for (place, name) in names.enumerated() { axes[place].name = name }
  }

  mutating func report(_ kind: Fault.Kind, at mark: Mark) {
    faults.append(Fault(kind, at: mark))
  }

  mutating func report(_ fault: SpecFault, at mark: Mark) { report(.spec(fault), at: mark) }
}
