// Which values of an axis are the same, however they are written: told by what they are read as.
// `rope` and `{type: rope, base: 10000}` are, where 10000 is the default.

import Config
import Records

/// A variant's document with values of axes in it.
struct MatrixPoint {
  let variant: String
  /// The values as written, by the places of their axes; of other axes the document's own.
  let nodes: [Int: Node]
  /// Every option with its value.
  let resolved: JSON
}

/// A value on an axis over a document that is otherwise the same.
struct WrittenValue: Hashable {
  let variant: String
  let axis: Int
  let value: JSON
  let others: [Int: JSON]
}

extension Expansion {
  /// Whether a value written for an axis is the one that a point has there.
  mutating func isSame(_ node: Node, on axis: Int, as point: MatrixPoint) -> Bool {
    let written = node.value.canonical
    if written == point.nodes[axis]?.value.canonical { return true }
    let path = matrix.axes[axis].path
    guard let read = point.resolved.value(at: path.keys)?.canonical else { return false }
    if written == read { return true }
    switch read {
    case .string(let text): return node.scalar?.text == text
    case .object:
      // Another component is another value; the same one may have its options by default.
      let word = node.entries == nil ? node.scalar?.text : node["type"]?.scalar?.text
      if let word, let type = read["type"], type != .string(word) { return false }
      return self.read(node, on: axis, of: point) == read
    default:
      // What follows from other options is known only once it is read beside them.
      let follows = node.isNull || node.scalar.flatMap(Share.init) != nil
      return follows && self.read(node, on: axis, of: point) == read
    }
  }

  /// What a value is read as where it takes the place of a point's own; nil after a fault.
  private mutating func read(_ node: Node, on axis: Int, of point: MatrixPoint) -> JSON? {
    var nodes = point.nodes
    nodes[axis] = nil
    let key = WrittenValue(
      variant: point.variant, axis: axis, value: node.value,
      others: nodes.mapValues(\.value))
    if let known = sameness[key] { return known }
    nodes[axis] = node
    let variant = documents.first { $0.variant == point.variant }?.document
    let document = nodes.sorted { $0.key < $1.key }.reduce(variant) { document, next in
      let axis = matrix.axes[next.key]
      return document?.overlaid(
        by: axis.path.overlay(setting: next.value, keyMark: axis.keyMark))
    }
    let reading = document.map(reader.read)
    let value = reading.flatMap { reading in
      reading.faults.isEmpty
        ? reading.recording.value.value(at: matrix.axes[axis].path.keys)?.canonical : nil
    }
    sameness[key] = .some(value)
    return value
  }

  // MARK: The axes' own values

  /// Reports values of an axis that make the same configuration in every cell, and texts that no
  /// column keeps.
  mutating func reviewValues() {
    var stride = header.seeds.count
    for dimension in matrix.dimensions.reversed() {
      review(dimension, stride: stride)
      stride *= dimension.count
    }
  }

  /// - Parameter stride: how many cells lie between one step of the dimension and the next.
  private mutating func review(_ dimension: Dimension, stride: Int) {
    func read(_ step: Int, from place: Int) -> [JSON?] {
      let resolved = cells[place + step * stride].resolved
      return dimension.axes.map { resolved.value(at: $0.path.keys)?.canonical }
    }
    // The cells at the first step, whose fellows at other steps differ in nothing else.
    let first = cells.indices.filter { place in
      place / stride % dimension.count == 0 && place % header.seeds.count == 0
    }
    var alike: [[JSON?]: [Int]] = [:]
    for step in 0..<dimension.count {
      for (axis, value) in zip(dimension.axes, read(step, from: 0)) {
        if case .string(let text)? = value { checkText(text, at: axis.nodes[step].mark) }
      }
      let others = alike[read(step, from: 0), default: []]
      alike[read(step, from: 0), default: []].append(step)
      let same = others.first { other in
        first.allSatisfy { read(step, from: $0) == read(other, from: $0) }
      }
      if let same { report(step, sameAs: same, in: dimension) }
    }
  }

  private mutating func report(_ step: Int, sameAs other: Int, in dimension: Dimension) {
    let isAlone = dimension.axes.count == 1
    func text(_ step: Int) -> String {
      dimension.axes.map { axis in
        (isAlone ? "" : "\(axis.path.text) ") + axis.nodes[step].value.inlineYAML
      }.joined(separator: ", ")
    }
    let axis = dimension.axes[0]
    let fault = SpecFault.sameValue(
      text(step), as: text(other), list: isAlone ? axis.path.text : "zip")
    faults.limit.append(Fault(fault, at: axis.nodes[step].mark))
  }

  /// Reports a text that other programs read as something else.
  mutating func checkText(_ text: String, at mark: Mark) {
    guard let type = TypeInference.of(text) else { return }
    faults.limit.append(Fault(.inferred(text, what: "the text", type, write: nil), at: mark))
  }
}
