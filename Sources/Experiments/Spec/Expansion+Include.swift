// Further cells, which `include` names one by one beside the product. One that the product has already is not added
// again; one that `exclude` or `where` left out is run after all.

import Config
import Records

extension Expansion {
  /// What makes two cells the same.
  private struct Identity: Hashable {
    let variant: String
    let seed: Int
    let resolved: JSON
  }

  /// The number of further cells, duplicates counted; more than the limit where it is beyond counting.
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
    var texts = matrix.texts
    for inclusion in matrix.inclusions {
      for variant in variants(of: inclusion) {
        guard let document = documents.first(where: { $0.variant == variant })?.document else {
          continue
        }
        include(inclusion, inclusion.values[...], variant, document, [:], &places, &texts)
      }
    }
  }

  private mutating func include(
    _ inclusion: Inclusion, _ rest: ArraySlice<(axis: Int, keyMark: Mark, nodes: [Node])>,
    _ variant: String, _ document: Node, _ values: [Int: Node],
    _ places: inout [Identity: Int], _ texts: inout [ValueTexts]
  ) {
    guard let next = rest.first else {
      add(inclusion, variant, document, values, &places, &texts)
      return
    }
    for node in next.nodes {
      let overlay = matrix.axes[next.axis].path.overlay(setting: node, keyMark: next.keyMark)
      include(
        inclusion, rest.dropFirst(), variant, document.overlaid(by: overlay),
        values.merging([next.axis: node]) { $1 }, &places, &texts)
    }
  }

  private mutating func add(
    _ inclusion: Inclusion, _ variant: String, _ document: Node, _ values: [Int: Node],
    _ places: inout [Identity: Int], _ texts: inout [ValueTexts]
  ) {
    let reading = reader.read(document)
    let resolved = reading.recording.valueWithUnread
    let point = MatrixPoint(variant: variant, nodes: values, resolved: resolved)
    let axes = matrix.axes.indices.map { place -> AxisValue in
      let axis = matrix.axes[place]
      if let known = axis.nodes.indices.first(where: {
        isSame(axis.nodes[$0], on: place, as: point)
      }) {
        return axis.values[known].resolved(in: resolved)
      }
      let read = resolved.value(at: axis.path.keys)
      if case .string(let text)? = read, let node = values[place] { checkText(text, at: node.mark) }
      // The bare word over the document's own component is just that component.
      let value = values[place]?.value ?? read.map { $0["type"] ?? $0 } ?? .null
      return AxisValue(
        path: axis.path.text, name: axis.values.first?.name ?? axis.path.text, value: value,
        text: texts[place].text(for: value)
      ).resolved(in: resolved)
    }
    faults.collect(reading.faults, in: label(variant, axes, seed: nil), reading.recording, matrix)
    for seed in seeds(of: inclusion) {
      let identity = Identity(variant: variant, seed: seed, resolved: resolved.canonical)
      let known = places[identity].map { cells[$0] }
      if let known, known.exclusion == nil { continue }
      let cell = Cell(
        index: known?.index ?? cells.count, variant: variant, axes: known?.axes ?? axes, seed: seed,
        label: known?.label ?? label(variant, axes, seed: showsSeed ? seed : nil),
        device: reading.device, precision: reading.precision, model: reading.model,
        workload: reading.workload, exclusion: nil, document: document, resolved: resolved,
        derived: reading.recording.derived, experiment: header.name,
        declaresVariants: header.declaresVariants)
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
