// Further cells, which `include` names one by one beside the product. One that the product has
// already is not added again; one that `exclude` or `where` left out is run after all.

import Config
import Records

extension Expansion {
  /// What makes two cells the same.
  private struct Identity: Hashable {
    let variant: String
    let seed: Int
    let resolved: JSON
  }

  /// The number of further cells, duplicates counted; more than the limit where it is beyond
  /// counting.
  var includedCombinations: Int {
    var sum = 0
    for inclusion in matrix.inclusions {
      var product = variants(of: inclusion).count * seeds(of: inclusion).count
      for value in inclusion.values {
        product = min(product, Self.cellLimit + 1) * min(value.nodes.count, Self.cellLimit + 1)
      }
      sum += min(product, Self.cellLimit + 1)
    }
    return sum
  }

  private func variants(of inclusion: Inclusion) -> [String] {
    inclusion.variants ?? header.variants.map(\.name)
  }

  private func seeds(of inclusion: Inclusion) -> [Int] { inclusion.seeds ?? header.seeds }

  /// Adds the cells of `include`.
  mutating func include() {
    if matrix.inclusions.isEmpty { return }
    var places: [Identity: Int] = [:]
    for cell in cells {
      let identity = Identity(
        variant: cell.variant, seed: cell.seed, resolved: cell.resolved.canonical)
      if places[identity] == nil { places[identity] = cell.index }
    }
    for inclusion in matrix.inclusions {
      for variant in variants(of: inclusion) {
        guard let document = documents.first(where: { $0.variant == variant })?.document else {
          continue
        }
        include(inclusion, inclusion.values[...], variant, document, [:], &places)
      }
    }
  }

  private mutating func include(
    _ inclusion: Inclusion, _ rest: ArraySlice<(axis: Int, keyMark: Mark, nodes: [Node])>,
    _ variant: String, _ document: Node, _ values: [Int: Node],
    _ places: inout [Identity: Int]
  ) {
    guard let next = rest.first else {
      add(inclusion, variant, document, values, &places)
      return
    }
    for node in next.nodes {
      let overlay = matrix.axes[next.axis].path.overlay(setting: node, keyMark: next.keyMark)
      include(
        inclusion, rest.dropFirst(), variant, document.overlaid(by: overlay),
        values.merging([next.axis: node]) { $1 }, &places)
    }
  }

  private mutating func add(
    _ inclusion: Inclusion, _ variant: String, _ document: Node, _ values: [Int: Node],
    _ places: inout [Identity: Int]
  ) {
    let reading = reader.read(document)
    let resolved = reading.recording.valueWithUnread
    let point = MatrixPoint(variant: variant, nodes: values, resolved: resolved)
    let axes = matrix.axes.enumerated().map { place, axis -> AxisValue in
      if let known = axis.nodes.first(where: { isSame($0, on: place, as: point) }) {
        return AxisValue(axis, node: known, in: resolved)
      }
      let value = AxisValue(axis, node: values[place], in: resolved)
      if case .string(let text) = value.value, let node = values[place] {
        checkText(text, at: node.mark)
      }
      return value
    }
    faults.collect(reading.faults, in: label(variant, axes, seed: nil), reading.recording, matrix)
    func content(_ values: [JSON]) -> CellContent<Model, Workload> {
      let last = lastContent(of: variant)
      return CellContent(
        frame, variant: variant, values: values, reading,
        variation: JSONVariation(resolved, like: last?.variation),
        derived: reading.recording.derived, like: last)
    }
    let shared = content(axes.map(\.value))
    for seed in seeds(of: inclusion) {
      let identity = Identity(variant: variant, seed: seed, resolved: resolved.canonical)
      let known = places[identity].map { cells[$0] }
      if let known, known.exclusion == nil { continue }
      // One that stands in for an excluded cell keeps the words of its axes.
      let own = known.map { content($0.content.values) }
      let cell = Cell(
        index: known?.index ?? cells.count, seed: seed, exclusion: nil, content: own ?? shared)
      if known == nil {
        cells.append(cell)
      } else {
        cells[cell.index] = cell
      }
      places[identity] = cell.index
    }
  }

  /// All faults; one that only some cells have, at a place that they all share, names a cell.
  var allFaults: [Fault] {
    faults.all(
      header: header, matrix: matrix,
      options: recordings.flatMap { $0.recording.options.map(\.path) }.unique)
  }
}
